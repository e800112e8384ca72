"""`nettrain landscape`: its report and its picture."""

import json

import pytest

from tests.cli.command import CONFIGS, inside


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("landscape")
    inside(folder, "train", CONFIGS / "iris.yaml", "training.epochs=5", "--quiet", "--no-figures")
    return folder


def test_the_report_and_the_picture(folder):
    done = inside(folder, "landscape", "runs/iris", "--resolution", "9", "--span", "0.1")
    assert (0, "") == (done.code, done.err)
    assert "the loss does not double" in done.out
    assert "path" in done.out
    assert "runs/iris/landscape.png" in done.out
    picture = folder / "runs" / "iris" / "landscape.png"
    first = picture.read_bytes()
    assert b"\x89PNG" == first[:4]
    assert 0 == inside(folder, "landscape", "runs/iris", "--resolution", "9", "--span", "0.1", "--quiet").code
    assert first == picture.read_bytes(), "the same run has the same picture"


def test_the_distance_at_which_the_loss_doubles(folder):
    arguments = ("--resolution", "5", "--span", "3", "--no-path", "--no-figures")
    done = inside(folder, "landscape", "runs/iris", *arguments)
    distance = json.loads(inside(folder, "landscape", "runs/iris", *arguments, "--json").out)[
        "doubling_distance"
    ]
    told = f"the loss doubles when weights change by {distance:.2g} of their length in a random direction"
    assert told in " ".join(done.out.split())


def test_as_json(folder):
    done = inside(
        folder, "landscape", "runs/iris", "--resolution", "5", "--no-path", "--no-figures", "--json"
    )
    report = json.loads(done.out)
    (surface,) = report["surfaces"]
    assert surface["losses"][2][2] == pytest.approx(report["loss"], rel=1e-6)
    assert [-1.0, -0.5, 0.0, 0.5, 1.0] == surface["a"] == surface["b"]


def test_files_of_the_run_are_not_overwritten(folder):
    done = inside(folder, "landscape", "runs/iris", "--out", "runs/iris/model.safetensors")
    assert 2 == done.code
    assert "is not a name for a picture" in done.err
