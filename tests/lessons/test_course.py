"""docs/course.md has every lesson, in the order of the course, as its entry and its files have it."""

import re

import pytest

from nettrain.lessons import LESSONS, course
from nettrain.lessons.files import claim_of, experiment_files
from tests.cli.command import ROOT, inside

PAGE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_lessons_are_there_in_order():
    """`scripts/course NAME` writes a new one."""
    assert [lesson.title for lesson in course()] == re.findall(r"^### (.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_a_section_is_that_of_the_lesson(name):
    """`scripts/course NAME` brings it up to date."""
    lesson, claim = LESSONS[name], claim_of(name)
    section = words(PAGE[PAGE.index(f"### {lesson.title}\n") :].partition("\n### ")[0])
    parts = [lesson.idea, claim.text, *claim.formula, lesson.question, lesson.answer]
    assert [] == [part for part in parts if words(part) not in section]
    assert f"nettrain lessons {name} " in section
    assert all(f"../configs/lessons/{name}/{file.name}" in section for file in experiment_files(name))
    assert re.search(r"\d+ of \d+ seeds", section)


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_the_picture_is_there_and_small(name):
    picture = ROOT / "docs" / "course" / f"{name}.png"
    assert f"course/{name}.png" in PAGE
    assert 0 < picture.stat().st_size < 60_000


def test_every_command_of_the_page_is_one_of_a_lesson(tmp_path):
    commands = re.findall(r"^nettrain lessons(.*?)(?:#.*)?$", PAGE, re.MULTILINE)
    for words_of_it in {tuple(command.split()) for command in commands}:
        if words_of_it and "--copy" not in words_of_it:
            assert words_of_it[0] in LESSONS  # test_claims.py runs them
        else:
            assert 0 == inside(tmp_path, "lessons", *words_of_it).code
