"""What mattered, as a person meets it: in the table of a sweep, its picture, its page, and from Python."""

import json

import pytest

import nettrain
from nettrain.sweep.anova import analysis
from tests.cli.command import inside

SEARCH = """experiment: small
data: {source: 'builtin:iris'}
model: {hidden: [6]}
training: {epochs: 3, batch_size: 16}
sweep:
  trials: 24
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    regularization.l2: {distribution: log_uniform_values, min: 1.0e-6, max: 1.0e-5}
"""
# all that differs are seeds, which are no parameter whose values mean anything
FLAT = SEARCH.replace("max: 1.0e-1", "max: 1.001e-4") + "    seed: {min: 0, max: 100000}\n"


@pytest.fixture
def search(tmp_path, monkeypatch):
    (tmp_path / "small.yaml").write_text(SEARCH)
    monkeypatch.setattr(analysis, "RESAMPLES", 4)
    return tmp_path


def test_without_scikit_learn_rank_correlations_and_the_name_of_what_is_missing(search, monkeypatch):
    monkeypatch.setattr(analysis, "is_installed", lambda: False)
    shown = inside(search, "sweep", "small.yaml", "--jobs", 1)
    assert (shown.code, shown.err) == (0, "")
    words = " ".join(shown.out.split())
    assert "what mattered how much what is better" in words
    assert "partial effects need scikit-learn: pip install 'nettrain[sklearn]'" in words
    assert not (search / "sweeps" / "small" / "importance.png").exists()
    (answer,) = json.loads(inside(search, "sweep", "small.yaml", "--json").out)["importance"]
    assert ("scikit-learn is not installed", [], False) == (
        answer["missing"],
        answer["effects"],
        answer["told"],
    )


def test_with_scikit_learn_shares_a_picture_and_a_page(search):
    pytest.importorskip("sklearn")
    shown = inside(search, "sweep", "small.yaml", "--jobs", 1)
    words = " ".join(shown.out.split())
    assert "what mattered share of variance 95 % rank corr. what is better" in words
    assert "A random forest on 24 trials explains" in words
    assert "May be chance: regularization.l2." in words
    folder = search / "sweeps" / "small"
    drawn = (folder / "importance.png").read_bytes()
    assert drawn.startswith(b"\x89PNG")
    again = json.loads(inside(search, "sweep", "small.yaml", "--json", "--quiet").out)
    (answer,) = again["importance"]
    assert "optimizer.learning_rate" == answer["effects"][0]["parameter"]
    assert answer["first_told"]
    page = json.loads(inside(search, "report", "sweeps/small", "--json").out)
    assert [answer] == page["importance"], "from the folder alone"
    text = (folder / "report.html").read_text()
    assert "What mattered most was optimizer.learning_rate." in text
    assert "Partial effects" in text
    found = nettrain.sweep(search / "small.yaml", folder=folder, jobs=1)
    assert answer == json.loads(found.importance[0].model_dump_json())
    assert drawn == (folder / "importance.png").read_bytes()


def test_too_few_trials_to_say(search):
    pytest.importorskip("sklearn")
    (search / "small.yaml").write_text(FLAT)
    words = " ".join(inside(search, "sweep", "small.yaml", "--jobs", 1).out.split())
    assert "24 trials are too few to say what mattered, or nothing did: a random forest explains" in words
    assert "what mattered how much what is better" in words
    assert not (search / "sweeps" / "small" / "importance.png").exists()
