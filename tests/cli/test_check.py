"""`nettrain check`: the table, the verdict and the exit code."""

import json

import pytest

from tests.cli.command import CONFIGS, inside

SICK = """
experiment: sick
data: {source: builtin:iris, scaling: none}
model: {hidden: [8], init: {name: normal, sigma: 30}}
"""


def test_a_sound_experiment_passes(tmp_path):
    done = inside(tmp_path, "check", CONFIGS / "iris.yaml", "--only", "initial_loss")
    assert (0, "") == (done.code, done.err)
    assert "before training" in done.out
    assert "everything looks sound" in done.out
    assert not list(tmp_path.iterdir())


def test_what_is_wrong_has_advice_and_exit_code_1(tmp_path):
    (tmp_path / "sick.yaml").write_text(SICK)
    done = inside(tmp_path, "check", "sick.yaml", "--only", "initial_loss", "--json")
    report = json.loads(done.out)
    assert (1, False, "wrong") == (done.code, report["passed"], report["verdict"])
    (finding,) = report["findings"]
    assert finding["advice"].endswith(".")
    assert finding["advice"] in " ".join(done.err.split())


@pytest.mark.parametrize("option", ["--only", "--skip"])
def test_an_unknown_check_is_one_line(tmp_path, option):
    done = inside(tmp_path, "check", CONFIGS / "iris.yaml", option, "inital_loss")
    assert 2 == done.code
    assert f'{option[2:]}: no check "inital_loss", did you mean "initial_loss"?\n' == done.err
