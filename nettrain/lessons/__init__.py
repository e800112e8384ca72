"""Lessons: what a course says about training, each as a few experiments and a measurement of its claim.

A lesson is one function in one file, in the folder of its theme. Its experiments, the claim and the formula
are files in `configs/lessons/NAME/`. All lessons are imported here.
"""

from importlib import import_module
from pkgutil import walk_packages

from nettrain.lessons.registry import LESSONS, THEMES, Lesson

__all__ = ["LESSONS", "course"]

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)


def course() -> list[Lesson]:
    """All lessons in the order of the course: by theme, then by rank."""
    themes = list(THEMES)
    return sorted(LESSONS.values(), key=lambda one: (themes.index(one.theme), one.rank, one.name))
