"""`nettrain lessons` lists the lessons, runs one, and copies its experiments; also from a wheel."""

import json
import sys
import zipfile

import pytest

from nettrain.lessons import LESSONS
from nettrain.lessons.files import claim_of, experiment_files
from tests.cli.command import ROOT, ended, inside

NAME = "learning_rate"


def words(text):
    return " ".join(text.split())


def test_the_list_has_every_lesson_with_its_claim(tmp_path):
    done = inside(tmp_path, "lessons")
    assert (0, "") == (done.code, done.err)
    for name in LESSONS:
        assert f"\n  {name}\n" in done.out
        assert words(claim_of(name).text) in words(done.out)


def test_a_lesson_prints_claim_formula_figures_and_verdict(tmp_path):
    done = inside(tmp_path, "lessons", NAME, "--seeds", "2")
    assert (0, "") == (done.code, done.err)
    assert "a too small   b right   c too large" in done.out
    assert (tmp_path / "lessons" / f"{NAME}.png").read_bytes().startswith(b"\x89PNG")
    for part in (
        f"lessons/{NAME}.png",
        *claim_of(NAME).formula,
        "2 of 2 seeds",
        "the claim holds",
        LESSONS[NAME].question,
    ):
        assert words(part) in words(done.out)


def test_a_claim_that_does_not_hold_is_exit_code_1(tmp_path, monkeypatch):
    from nettrain.workflow import lesson

    files = experiment_files(NAME)
    monkeypatch.setattr(lesson, "experiment_files", lambda _: [files[1], files[0], files[2]])
    done = inside(tmp_path, "lessons", NAME, "--seeds", "1", "--json")
    report = json.loads(done.out)
    assert (1, False) == (done.code, report["holds"])
    assert report["picture"] == f"lessons/{NAME}.png"
    assert 0 == report["observations"][0]["held"]
    assert "the claim does not hold" in done.err


def test_an_unknown_lesson_names_the_nearest(tmp_path):
    done = inside(tmp_path, "lessons", "lerning_rate")
    assert (2, "", f'no lesson "lerning_rate", did you mean "{NAME}"?\n') == (done.code, done.out, done.err)
    unlike = inside(tmp_path, "lessons", "xyz")
    listed = [one["lesson"] for one in json.loads(inside(tmp_path, "lessons", "--json").out)]
    assert f'no lesson "xyz" (allowed: {", ".join(listed)})\n' == unlike.err


def test_copies_are_the_files_and_are_not_overwritten(tmp_path):
    done = inside(tmp_path, "lessons", NAME, "--copy", ".")
    assert (0, "") == (done.code, done.out)
    for file in experiment_files(NAME):
        assert file.read_text() == (tmp_path / NAME / file.name).read_text()
    again = inside(tmp_path, "lessons", NAME, "--copy", ".")
    first = f"{NAME}/{experiment_files(NAME)[0].name}"
    assert (2, f"--copy: {first} exists, and is not overwritten\n") == (again.code, again.err)


def test_copy_needs_a_name(tmp_path):
    done = inside(tmp_path, "lessons", "--copy", ".")
    assert 2 == done.code
    assert "NAME of a lesson" in done.err


def test_the_wheel_has_the_experiments(tmp_path):
    builder = pytest.importorskip("hatchling.builders.wheel")
    (wheel,) = builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = ended(
        [sys.executable, "-m", "nettrain", "lessons", "--json"],
        tmp_path,
        PYTHONPATH=str(tmp_path / "installed"),
    )
    listed = json.loads(done.out)
    assert set(LESSONS) == {one["lesson"] for one in listed}
    for one in listed:
        assert one["files"]
        assert all(file.startswith(str(tmp_path)) for file in one["files"])
