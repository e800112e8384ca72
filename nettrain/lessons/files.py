"""The experiment files of a lesson, and the claim at the top of the first one.

Files are named after their contestants, behind a number that orders them: `2_right.yaml`. The comment that
begins the first file is the claim; indented lines in it are the formula.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

PROPER_NAMES = {"adagrad": "AdaGrad", "adadelta": "Adadelta", "rmsprop": "RMSProp", "adam": "Adam"}
ORDER = re.compile(r"^\d+_")


@dataclass(frozen=True)
class Claim:
    """What a lesson says happens: one sentence or a few, and the formula's lines."""

    text: str
    formula: tuple[str, ...]


def lessons_folder() -> Path:
    """The folder with a folder for each lesson: in an installed package, or else in the repository."""
    installed = Path(str(resources.files("nettrain.lessons"))) / "experiments"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs" / "lessons"


def experiment_files(name: str) -> list[Path]:
    """The experiment files of a lesson, in the order of their names."""
    return sorted((lessons_folder() / name).glob("*.yaml"))


def contestant_name(file: Path) -> str:
    """What the contestant of a file is called: `2_too_large.yaml` is "too large"."""
    words = ORDER.sub("", file.stem).split("_")
    return " ".join(PROPER_NAMES.get(word, word) for word in words)


@cache
def claim_of(name: str) -> Claim:
    """The claim of a lesson, from the comment at the top of its first file."""
    lines = _leading_comment(experiment_files(name)[0].read_text(encoding="utf-8"))
    text = [line.strip() for line in lines if line.strip() and not line.startswith("  ")]
    return Claim(" ".join(text), tuple(line.strip() for line in lines if line.startswith("  ")))


def _leading_comment(text: str) -> list[str]:
    """The lines of the comment at the top, without their marks."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return lines
