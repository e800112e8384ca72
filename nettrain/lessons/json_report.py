"""What `nettrain lessons --json` prints."""

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

FORBID = ConfigDict(extra="forbid")


@with_config(FORBID)
class ListedLessonJson(TypedDict):
    """A lesson, its claim and its experiment files."""

    lesson: str
    title: str
    theme: str
    claim: str
    formula: list[str]
    files: list[str]


@with_config(FORBID)
class ObservationJson(TypedDict):
    """A statement that held on `held` of `seeds` seeds, and figures, which are medians over the seeds.

    A figure that is not finite is null.
    """

    statement: str
    holds: bool
    held: int
    seeds: int
    needed: int
    figures: dict[str, float | None]


@with_config(FORBID)
class LessonJson(TypedDict):
    """A lesson that was run, and whether its claim holds."""

    lesson: str
    title: str
    theme: str
    claim: str
    formula: list[str]
    files: list[str]
    holds: bool
    observations: list[ObservationJson]
    picture: str | None
    seconds: float
