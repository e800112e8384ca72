"""`nettrain gradcheck` as people run it."""

import json

import pytest

from nettrain.checks.options import CheckOptions
from nettrain.cli.gradcheck import check_options, check_target
from nettrain.errors import SpecError
from tests.cli.command import CONFIGS, inside

IRIS = CONFIGS / "iris.yaml"


def lines(text):
    """Lines without blanks at their ends."""
    return [line.rstrip() for line in text.splitlines()]


def test_a_file_with_overrides(tmp_path):
    done = inside(tmp_path, "gradcheck", IRIS, "model.dropout=0.2")
    assert (0, "") == (done.code, done.err)
    told = lines(done.out)
    assert ["network  4-16-3, 131 parameters, initial weights", "batch    16 of 102 training rows"] == told[
        1:3
    ]
    assert told[-2].startswith("checked  131 of 131 numbers, 0 skipped at kinks, in ")
    assert "verdict  the gradient is right" == told[-1]


def test_json_is_one_object_and_the_table_goes_elsewhere(tmp_path):
    done = inside(tmp_path, "gradcheck", IRIS, "--json", "--samples", 2, "--seed", 3)
    found = json.loads(done.out)
    assert done.err.endswith("verdict  the gradient is right\n")
    assert (0, True, [], 4) == (done.code, found["passed"], found["diagnosis"], len(found["tensors"]))
    assert {"layer": "hidden 1", "tensor": "weight", "shape": [4, 16], "size": 64, "checked": 2} == {
        key: found["tensors"][0][key] for key in ("layer", "tensor", "shape", "size", "checked")
    }


def test_a_trained_run(tmp_path):
    trained = inside(tmp_path, "train", IRIS, "training.epochs=2", "--quiet", "--no-figures")
    assert 0 == trained.code
    done = inside(tmp_path, "gradcheck", "runs/iris", "--samples", 3)
    assert (0, "") == (done.code, done.err)
    assert "131 parameters, trained weights" in done.out
    other = inside(tmp_path, "gradcheck", "runs/iris", "model.hidden=[3]")
    said = "runs/iris: the trained weights do not fit the network that the overrides ask for\n"
    assert (2, "", said) == (other.code, other.out, other.err)


def test_a_wrong_gradient_is_exit_code_1(tmp_path):
    (tmp_path / "homework.py").write_text("x0 = [1.0, 2.0]\ndef loss(x): return (x * x).sum(), x\n")
    done = inside(tmp_path, "gradcheck", "--function", "homework:loss")
    assert (1, "") == (done.code, done.err)
    assert [
        "verdict  the gradient is wrong in 2 of 2 numbers",
        "why      the gradient is 0.5 times what it should be: a factor 2 is missing, as from a square",
    ] == lines(done.out)[-2:]


def test_a_file_that_is_not_there(tmp_path):
    done = inside(tmp_path, "gradcheck", "nothing.yaml")
    assert (2, "", "nothing.yaml: no such file\n") == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((True, 3, None, None), "--samples: does not go with --all, which takes every number"),
        ((False, None, 0.0, None), "--step: 0 is not above 0"),
        ((False, None, None, -1.0), "--tolerance: -1 is not above 0"),
        ((False, None, float("nan"), None), "--step: nan is not above 0"),
    ],
)
def test_options_that_mean_nothing(asked, said):
    with pytest.raises(SpecError) as error:
        check_options(*asked, seed=0)
    assert said == str(error.value)


def test_a_function_is_checked_alone():
    with pytest.raises(SpecError) as error:
        check_target("iris.yaml", "homework:loss", [], CheckOptions())
    assert "--function: iris.yaml: checks a function alone, without FILE or RUN" == str(error.value)


def test_overrides_without_a_file(tmp_path):
    done = inside(tmp_path, "gradcheck", "model.hidden=[3]")
    said = "model.hidden=[3]: name the FILE or RUN first, then what to change in it\n"
    assert (2, "", said) == (done.code, done.out, done.err)
