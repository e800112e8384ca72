"""`nettrain graph`: of a file before training and of a run, and what cannot be drawn."""

import json

import pytest

from tests.cli.command import CONFIGS, inside

XOR = CONFIGS / "xor_backprop.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    inside(folder, "train", XOR, "--quiet", "--no-figures")
    inside(folder, "train", XOR, "--quiet", "--no-figures", "training.repeat=2", "experiment=two")
    return folder


def test_of_a_run_and_of_a_file(folder):
    done = inside(folder, "graph", "runs/xor_backprop", "--row", "1")
    picture = folder / "runs" / "xor_backprop" / "graph.png"
    assert (0, "", b"\x89PNG") == (done.code, done.err, picture.read_bytes()[:4])
    assert "training row 1: a_xor_b 1" in done.out
    assert "2-2-1, trained weights" in done.out
    before = inside(folder, "graph", XOR, "--out", "before.png")
    assert "2-2-1, weights before training" in before.out
    assert picture.read_bytes() != (folder / "before.png").read_bytes()


def test_without_a_picture_the_row_and_its_prediction_are_told(folder):
    done = inside(folder, "graph", "runs/xor_backprop", "--row", "1", "--no-figures")
    assert "training row 1: a_xor_b 1" in done.out
    assert "picture" not in done.out


def test_as_json(folder):
    done = inside(folder, "graph", "runs/xor_backprop", "--row", "2", "--json", "--quiet", "--no-figures")
    report = json.loads(done.out)
    assert ([1.0, 0.0], {"a_xor_b": "1"}) == (report["layers"][0]["a"], report["target"])
    assert report["prediction"]["a_xor_b"] > 0.9
    assert [["input", "hidden 1", "output"], 2] == [
        [layer["name"] for layer in report["layers"]],
        len(report["connections"]),
    ]


def test_members_are_chosen(folder):
    one, two = (
        json.loads(inside(folder, "graph", "runs/two", "--member", k, "--json", "--quiet").out)
        for k in (0, 1)
    )
    assert one["connections"] != two["connections"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/xor_backprop", "--row", "9"], "--row: 9: runs/xor_backprop has the training rows 0 to 3"),
        (["runs/xor_backprop", "model.hidden=3"], "model.hidden=3: a trained network cannot be changed"),
        (["runs/xor_backprop", "--part", "test"], "runs/xor_backprop: the run has no test rows"),
        ([XOR, "--part", "test"], "--part test: "),
        ([XOR, "--member", "1"], "--member: 1: only a run has several networks"),
        ([XOR, "--out", "a.yaml"], "--out: a.yaml: is not a name for a picture"),
        ([XOR, "model.hidden=[70]"], "a network of 2-70-1 is too large to be drawn: at most 60 inputs"),
        ([XOR, "model.hidden=[2, 2, 2, 2, 2, 2]"], "2-2-2-2-2-2-2-1 is too large to be drawn"),
        (["nothing.yaml"], "nothing.yaml: no such file"),
    ],
    ids=["row", "override", "part", "part of file", "member", "out", "wide", "deep", "no file"],
)
def test_what_cannot_be_drawn_is_one_line(arguments, message, folder):
    done = inside(folder, "graph", *arguments)
    assert (2, 1) == (done.code, len(done.err.splitlines()))
    assert message in done.err
