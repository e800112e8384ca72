"""`nettrain gradcheck` as people run it."""

import json
import re

import pytest

from tests.cli.command import CONFIGS, nettrain


def timeless(text: str) -> str:
    """Without the time that it took."""
    return re.sub(r"in \d+\.\d s", "in 0.0 s", text)


def test_a_file(tmp_path):
    done = nettrain(tmp_path, "gradcheck", CONFIGS / "iris.yaml")
    assert (0, "") == (done.code, done.err)
    assert "131 of 131 numbers, 0 skipped at kinks" in done.out
    assert "verdict  the gradient is right\n" in done.out


def test_overrides_and_samples(tmp_path):
    asked = (CONFIGS / "iris.yaml", "model.dropout=0.2", "--samples", 5, "--seed", 3)
    done = nettrain(tmp_path, "gradcheck", *asked)
    assert 0 == done.code
    assert "checked  18 of 131 numbers" in done.out


def test_json_is_one_object_and_the_table_goes_elsewhere(tmp_path):
    done = nettrain(tmp_path, "gradcheck", CONFIGS / "iris.yaml", "--json", "--samples", 2)
    found = json.loads(done.out)
    assert "verdict  the gradient is right" in done.err
    assert (0, True, [], 4) == (done.code, found["passed"], found["diagnosis"], len(found["tensors"]))
    assert {"layer": "hidden 1", "tensor": "weight", "shape": [4, 16], "size": 64, "checked": 2} == {
        key: found["tensors"][0][key] for key in ("layer", "tensor", "shape", "size", "checked")
    }


def test_a_trained_run(tmp_path):
    assert 0 == nettrain(tmp_path, "train", CONFIGS / "iris.yaml", "training.epochs=2", "--quiet").code
    done = nettrain(tmp_path, "gradcheck", "runs/iris", "--samples", 3)
    assert (0, "") == (done.code, done.err)
    assert "131 parameters, trained weights" in done.out
    first = nettrain(tmp_path, "gradcheck", CONFIGS / "iris.yaml", "--samples", 3, "--json")
    trained = nettrain(tmp_path, "gradcheck", "runs/iris", "--samples", 3, "--json")
    assert json.loads(trained.out)["objective"] < json.loads(first.out)["objective"]
    other = nettrain(tmp_path, "gradcheck", "runs/iris", "model.hidden=[3]")
    assert 2 == other.code
    assert "runs/iris: the trained weights do not fit the network that the overrides ask for\n" == other.err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["nothing.yaml"], "nothing.yaml: no such file\n"),
        (["--all", "--samples", 3], "--samples: does not go with --all, which takes every number\n"),
        (["--step", 0], "--step: 0 is not above 0\n"),
        (["--tolerance=-1"], "--tolerance: -1 is not above 0\n"),
        (["--function", "homework"], "--function: homework: write module:name, such as homework:loss\n"),
        (["--function", "nowhere:loss"], '--function: no module "nowhere"\n'),
        (["--function", "nowhere.py:loss"], "--function: nowhere.py: no such file\n"),
    ],
)
def test_usage(tmp_path, asked, said):
    done = nettrain(tmp_path, "gradcheck", *asked)
    assert (2, "", said) == (done.code, done.out, done.err)
