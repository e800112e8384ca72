"""Run a lesson: train its experiments with several seeds, and measure whether its claim holds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from nettrain.lessons.contestant import Contestant, SeedRun
from nettrain.lessons.files import Claim, claim_of, contestant_name, experiment_files
from nettrain.lessons.json_report import LessonJson, ObservationJson
from nettrain.lessons.observation import Observation
from nettrain.lessons.registry import Lesson
from nettrain.workflow.course import listed
from nettrain.workflow.run import Run
from nettrain.workflow.train import train

SEEDS = range(5)
OnContestant = Callable[[str, int, int], None]  # with its name, and that it is one of so many


@dataclass(frozen=True)
class LessonReport:
    """What the contestants of a lesson did, and what was observed."""

    lesson: Lesson
    contestants: tuple[Contestant, ...]
    observations: tuple[Observation, ...]
    seconds: float

    @property
    def claim(self) -> Claim:
        """What the lesson says happens."""
        return claim_of(self.lesson.name)

    @property
    def holds(self) -> bool:
        """Whether every observation holds."""
        return all(one.holds for one in self.observations)

    def plain(self, picture: Path | None = None) -> LessonJson:
        """The report as the command prints it."""
        return {
            **listed(self.lesson).plain,
            "holds": self.holds,
            "observations": [_plain(one) for one in self.observations],
            "picture": None if picture is None else str(picture),
            "seconds": self.seconds,
        }


def _plain(one: Observation) -> ObservationJson:
    return {
        "statement": one.statement,
        "holds": one.holds,
        "held": one.held,
        "seeds": one.seeds,
        "needed": one.needed,
        "figures": {name: value if np.isfinite(value) else None for name, value in one.figures.items()},
    }


def _ignore(name: str, number: int, count: int) -> None:
    """The default of `on_contestant`."""


def run_lesson(
    lesson: Lesson, *, seeds: range = SEEDS, on_contestant: OnContestant = _ignore
) -> LessonReport:
    """Train the contestants of a lesson with these seeds, and measure its claim.

    `on_contestant` is called before each contestant is trained.
    """
    started = perf_counter()
    files = experiment_files(lesson.name)
    contestants = []
    for number, file in enumerate(files, start=1):
        on_contestant(contestant_name(file), number, len(files))
        contestants.append(_contestant(file, seeds))
    observations = tuple(lesson.measure(contestants))
    return LessonReport(lesson, tuple(contestants), observations, perf_counter() - started)


def _contestant(file: Path, seeds: range) -> Contestant:
    """An experiment trained with these seeds, side by side."""
    run = train(file, f"seed={seeds[0]}", f"training.repeat={len(seeds)}")
    runs = [_seed_run(run, seed, member) for member, seed in enumerate(seeds)]
    return Contestant(contestant_name(file), file, tuple(runs))


def _seed_run(run: Run, seed: int, member: int) -> SeedRun:
    history = run.history
    if "member" in history.columns:
        history = history.filter(history["member"] == member)
    columns = {name: history[name].cast(float).to_numpy() for name in history.columns}
    facts = run.summary["members"][member] if "members" in run.summary else run.summary
    metrics = {
        split: {name: np.nan if value is None else value for name, value in named.items()}
        for split, named in facts["metrics"].items()
    }
    return SeedRun(seed, facts["status"], columns, metrics, {})
