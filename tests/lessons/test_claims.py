"""Every lesson's claim holds, and what it offers to try next can be run."""

import shlex

import numpy as np
import pytest

from nettrain.experiment.load import load
from nettrain.experiment.reference.kinds import kinds
from nettrain.lessons import LESSONS, course
from nettrain.lessons.files import claim_of, experiment_files, lessons_folder
from nettrain.lessons.registry import THEMES
from nettrain.workflow.course import copy_experiments
from nettrain.workflow.lesson import LessonReport, run_lesson

COMMANDS = {
    "train",
    "compare",
    "check",
    "lr-find",
    "show",
    "gradcheck",
    "sweep",
}  # that take experiment files


def failed(report: LessonReport) -> dict[str, tuple[int, int, dict[str, float]]]:
    """What did not hold, on how many of how many seeds, with its figures."""
    assert report.observations
    others = [one for one in report.observations if not one.holds]
    return {one.statement: (one.held, one.seeds, dict(one.figures)) for one in others}


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_the_claim_holds_and_has_a_picture(name):
    report = run_lesson(LESSONS[name], seeds=range(1))
    assert {} == failed(report)
    panels = LESSONS[name].panels(report.contestants)
    assert panels
    for panel in panels:
        names = [line.name for line in panel.lines]
        assert len(names) == len({*names}) > 0, panel.y_label
        for line in panel.lines:
            assert line.y.shape == (1, line.x.shape[-1]), line.name
            assert np.isfinite(line.x).all()
        assert any(np.isfinite(line.y).any() for line in panel.lines), "zeros have no logarithm"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LESSONS))
def test_the_claim_holds_for_seeds_that_did_not_choose_its_settings(name):
    """Settings were chosen with seeds below 100."""
    assert {} == failed(run_lesson(LESSONS[name], seeds=range(1000, 1010)))


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_it_has_files_a_claim_and_a_formula(name):
    claim = claim_of(name)
    assert len(experiment_files(name)) >= 2
    assert claim.text.endswith(".")
    assert claim.formula
    assert all(len(line) <= 74 for line in claim.formula), "a terminal of 80 columns has no room for it"
    lesson = LESSONS[name]
    assert lesson.question.endswith("?")
    assert lesson.answer.endswith(".")
    assert len(lesson.idea) > 200


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_what_to_try_next_can_be_run(name, tmp_path, monkeypatch):
    copy_experiments(LESSONS[name], tmp_path)
    monkeypatch.chdir(tmp_path)
    for command, meaning in LESSONS[name].follow_ups:
        program, verb, *words = shlex.split(command)
        assert ("nettrain", True) == (program, verb in COMMANDS | {"lessons", "list"}), command
        assert meaning
        if verb not in COMMANDS:
            assert set(words[:1]) <= set(LESSONS) | set(kinds())
            continue
        paths = [tmp_path / word for word in words if word.startswith(f"{name}/") or word == name]
        files = [file for path in paths for file in (path.glob("*.yaml") if path.is_dir() else [path])]
        assert files, command
        for file in files:
            load(file, [word for word in words if "=" in word and not word.startswith("--")])


def test_every_folder_of_experiments_is_a_lesson():
    folders = {path.name for path in lessons_folder().iterdir() if path.is_dir()}
    assert folders == set(LESSONS)


def test_the_course_is_in_the_order_of_its_themes():
    themes = [lesson.theme for lesson in course()]
    assert sorted(themes, key=list(THEMES).index) == themes
    ranks = [(lesson.theme, lesson.rank) for lesson in course()]
    assert len(ranks) == len(set(ranks)), "two lessons have the same rank"
