"""Several goals and constraints through the command: what it shows, leaves and answers, and how it goes on."""

import json

import polars as pl
import pytest
from jsonschema import Draft202012Validator

import nettrain
from nettrain.cli.json_output import json_output_of
from nettrain.experiment.reference.schema import model_schema
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SEARCH = """experiment: goals
data: {source: 'builtin:iris'}
training: {epochs: 12, batch_size: 16}
sweep:
  trials: 16
  metric: [val_loss, parameters]
  constraints:
    parameters: {at_most: 200}
    val_accuracy: {at_least: 0.6}
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    model.hidden: {values: [[2], [4], [8], [16], [32]]}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder in which a sweep has run, and what it answered."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "f.yaml").write_text(SEARCH)
    done = inside(folder, "sweep", "f.yaml", "--jobs", 1, "--json")
    assert 0 == done.code, done.err
    return folder, done, json.loads(done.out)


def front_of(table):
    """The trials that no other beats, by comparing all that count."""
    counting = [
        one for one in table.iter_rows(named=True) if one["status"] == "finished" and not one["breaks"]
    ]

    def beaten(one):
        pairs = [(other["val_loss"], other["parameters"]) for other in counting]
        own = one["val_loss"], one["parameters"]
        return any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in pairs)

    return [one["trial"] for one in sorted(counting, key=lambda one: one["val_loss"]) if not beaten(one)]


def test_the_table_has_the_front_and_what_is_broken(swept):
    folder, _, answer = swept
    table = pl.read_csv(folder / "sweeps/goals/trials.csv")
    assert ["trial", "status", "front", "breaks"] == table.columns[:4]
    expected = front_of(table)
    assert len(expected) > 1
    assert set(expected) == set(table.filter(pl.col("front") == 1)["trial"])
    assert expected == [one["trial"] for one in answer["front"]]
    assert expected[0] == answer["best"]["trial"]
    refused = table.filter(pl.col("status") == "infeasible")
    assert len(refused) > 0
    assert refused["breaks"].str.contains(r"^parameters \d+ > 200$").all()
    assert refused["val_loss"].is_null().all()
    assert refused["front"].is_null().all()
    poor = table.filter((pl.col("status") == "finished") & (pl.col("val_accuracy") < 0.6))
    assert poor["breaks"].str.starts_with("val_accuracy 0.").all()


def test_the_answer_is_what_its_schema_says(swept):
    _, _, answer = swept
    validator = Draft202012Validator(model_schema(json_output_of("sweep")))
    assert [] == [error.message for error in validator.iter_errors(answer)]
    assert [
        {"metric": "val_loss", "goal": "minimize"},
        {"metric": "parameters", "goal": "minimize"},
    ] == answer["goals"]
    assert ["parameters", "val_accuracy"] == [one["figure"] for one in answer["constraints"]]
    assert answer["trials"]["infeasible"] == answer["constraints"][0]["broken"]


def test_the_screen_has_the_front_in_its_table(swept):
    _, done, answer = swept
    assert "random, 16 trials, by val loss and parameters" in done.err
    assert "parameters at most 200, val accuracy at least 0.6; " in " ".join(done.err.split())
    text = " ".join(done.err.split())
    assert f"front {len(answer['front'])} trials that no other beats in val loss and parameters" in text
    table = done.err[done.err.index("val loss   parameters") :].split("what mattered")[0]
    shown = [int(line.split()[0]) for line in table.splitlines()[2:] if line.strip()]
    assert [one["trial"] for one in answer["front"]] == shown


def test_each_trial_on_the_front_is_a_file_that_repeats_its_figures(swept):
    folder, _, answer = swept
    files = folder / "sweeps/goals/front"
    assert {f"{one['trial']}.yaml" for one in answer["front"]} == {file.name for file in files.iterdir()}
    last = answer["front"][-1]
    file = files / f"{last['trial']}.yaml"
    run = json.loads(inside(folder, "train", file, "--json", "--quiet", "--no-figures").out)
    assert last["metrics"]["val_loss"] == run["metrics"]["val"]["loss"]
    assert last["metrics"]["parameters"] == run["parameters"]


def test_more_trials_make_the_front_anew_and_its_files_with_it(swept, tmp_path):
    (tmp_path / "f.yaml").write_text(SEARCH)
    folder = tmp_path / "sweeps/goals"
    for trials in (6, 16):
        assert 0 == inside(tmp_path, "sweep", "f.yaml", "--jobs", 1, "--quiet", "--trials", trials).code
        (folder / "front/0.yaml").touch()  # of an earlier front
    whole = swept[0] / "sweeps/goals"
    assert (whole / "trials.csv").read_bytes() == (folder / "trials.csv").read_bytes()
    assert {file.name for file in (whole / "front").iterdir()} | {"0.yaml"} == {
        file.name for file in (folder / "front").iterdir()
    }
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert 0 == inside(tmp_path, "sweep", "f.yaml", "--jobs", 1, "--quiet", "--trials", 17).code
    assert not (folder / "front/0.yaml").exists()


def test_a_changed_constraint_is_another_search(swept):
    folder = swept[0]
    done = inside(folder, "sweep", "f.yaml", "sweep.constraints.parameters.at_most=100", "--jobs", 1)
    assert 2 == done.code
    key = "sweep.constraints.parameters.at_most"
    assert f"was begun with {key} 200, now {key} 100" in done.err


def test_the_report_shows_the_front(swept, tmp_path):
    folder, _, answer = swept
    done = inside(folder, "report", "sweeps/goals", "--json")
    assert 0 == done.code, done.err
    facts = json.loads(done.out)
    assert [one["trial"] for one in answer["front"]] == facts["front"]
    assert "The front" in facts["sections"]
    page = (folder / facts["file"]).read_text()
    for told in (
        "val loss (smaller is better) and parameters",
        "Trials on the front",
        "parameters at most 200",
    ):
        assert told in page


def test_where_no_trial_keeps_to_the_constraints_the_last_line_says_so(tmp_path):
    (tmp_path / "f.yaml").write_text(SEARCH.replace("at_most: 200", "at_most: 2"))
    done = inside(tmp_path, "sweep", "f.yaml", "--jobs", 1, "--trials", 4)
    assert (1, "no trial of sweeps/goals keeps to its constraints\n") == (done.code, done.err)
    assert "4 infeasible of 4" in done.out
    assert not (tmp_path / "sweeps/goals/best.yaml").exists()


def test_what_would_cut_the_front_is_refused_with_its_line(tmp_path):
    (tmp_path / "f.yaml").write_text(SEARCH)
    done = inside(tmp_path, "sweep", "f.yaml", "sweep.early_terminate={min_iter: 2}")
    assert (2, 1) == (done.code, len(done.err.splitlines()))
    assert "sweep.early_terminate: does not go with several metrics" in done.err
    done = inside(tmp_path, "tune", "f.yaml", "--minutes", "0.1")
    assert (2, "f.yaml:6: sweep.metric: a tuning compares by one metric, nettrain sweep by several\n") == (
        done.code,
        done.err,
    )


def test_from_python_the_front_is_a_frame_with_its_experiments():
    search = {
        "experiment": "goals",
        "data": {"source": "builtin:iris"},
        "training": {"epochs": 5},
        "sweep": {
            "trials": 8,
            "metric": ["val_loss", "parameters", {"name": "train_loss", "goal": "minimize"}],
            "parameters": {"model.hidden": {"values": [[2], [4], [8]]}, "seed": {"min": 0, "max": 99}},
        },
    }
    result = nettrain.sweep(search, jobs=1)
    numbers = result.front["trial"].to_list()
    assert numbers == [one["trial"] for one in result.summary["front"]]
    assert result.front["val_loss"].is_sorted()
    assert set(numbers) == set(result.trials.filter(pl.col("front") == 1)["trial"])
    assert set(numbers) == set(result.front_experiments)
    smallest = result.front.sort("parameters").row(0, named=True)
    hidden = result.front_experiments[smallest["trial"]]["model"]["hidden"]
    assert [2] == hidden
    single = nettrain.sweep(
        {**search, "sweep": {**search["sweep"], "metric": "val_loss", "trials": 2}}, jobs=1
    )
    assert 0 == len(single.front)
    assert {} == single.front_experiments
