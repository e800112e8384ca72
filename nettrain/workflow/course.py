"""The lessons of the course: their list, one by name, and copies of its experiments."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from nettrain.errors import SpecError, nearest
from nettrain.lessons import LESSONS, course
from nettrain.lessons.files import Claim, claim_of, experiment_files
from nettrain.lessons.json_report import ListedLessonJson
from nettrain.lessons.registry import THEMES, Lesson


@dataclass(frozen=True)
class ListedLesson:
    """A lesson with its theme and its claim."""

    lesson: Lesson
    theme: str
    claim: Claim

    @property
    def plain(self) -> ListedLessonJson:
        """The lesson as the command prints it."""
        return {
            "lesson": self.lesson.name,
            "title": self.lesson.title,
            "theme": self.theme,
            "claim": self.claim.text,
            "formula": list(self.claim.formula),
            "files": [str(file) for file in experiment_files(self.lesson.name)],
        }


def listed_lessons() -> list[ListedLesson]:
    """All lessons in the order of the course."""
    return [listed(one) for one in course()]


def listed(lesson: Lesson) -> ListedLesson:
    """A lesson with its theme and its claim."""
    return ListedLesson(lesson, THEMES[lesson.theme], claim_of(lesson.name))


def named_lesson(name: str) -> Lesson:
    """The lesson of this name. Raises SpecError with the nearest name when there is none."""
    if name not in LESSONS:
        raise SpecError(f'no lesson "{name}"{nearest(name, [one.name for one in course()])}')
    return LESSONS[name]


def copy_experiments(lesson: Lesson, folder: Path) -> list[Path]:
    """Copy the files of a lesson into a folder of its name in `folder`.

    Raises SpecError when one of them is there already.
    """
    copies = {file: folder / lesson.name / file.name for file in experiment_files(lesson.name)}
    there = [copy for copy in copies.values() if copy.exists()]
    if there:
        raise SpecError(f"--copy: {there[0]} exists, and is not overwritten")
    for file, copy in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return list(copies.values())
