"""The registry of lessons, in the order of the course."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import getdoc
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation
from nettrain.lessons.panel import Panels, curves

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant

THEMES = {  # folders of this room, in the order of the course
    "descent": "Going downhill: rates and batches",
    "momentum": "Momentum",
    "scales": "Features and parameters of different scale",
    "depth": "Deep networks: signals that die or explode",
    "losses": "Losses and data",
    "generalization": "Learning by heart, and how to prevent it",
    "search": "Several networks, and searching",
}
TRAINING_LOSS = curves("train_loss")
Measure = Callable[["Sequence[Contestant]"], Iterator[Observation]]


@dataclass(frozen=True)
class Lesson:
    """A lesson by name: its `measure` takes the contestants in the order of their files.

    `panels` takes them too, and returns what its picture shows. `follow_ups` are commands to try next, with
    what they show; they name files as `--copy .` lays them down.
    """

    name: str
    title: str
    measure: Measure
    theme: str
    rank: int  # in its theme
    question: str
    answer: str
    follow_ups: tuple[tuple[str, str], ...] = ()
    panels: Panels = TRAINING_LOSS

    @property
    def idea(self) -> str:
        """What happens and why, as paragraphs."""
        return getdoc(self.measure) or ""


LESSONS: dict[str, Lesson] = {}  # by name, in the order in which they are imported


def lesson(
    title: str,
    *,
    rank: int,
    question: str,
    answer: str,
    follow_ups: Sequence[tuple[str, str]] = (),
    panels: Panels = TRAINING_LOSS,
) -> Callable[[Measure], Measure]:
    """Decorator: the function is the lesson of this name; its docstring is the idea, its folder the theme."""

    def decorate(measure: Measure) -> Measure:
        name, theme = measure.__name__, measure.__module__.split(".")[-2]
        if name in LESSONS:
            raise ValueError(f"lesson {name!r} is registered twice")
        LESSONS[name] = Lesson(name, title, measure, theme, rank, question, answer, tuple(follow_ups), panels)
        return measure

    return decorate
