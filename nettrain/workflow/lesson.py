"""Run a lesson: train its experiments with several seeds, and measure whether its claim holds."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from nettrain.backend.base import Floats
from nettrain.lessons.contestant import Contestant, SeedRun
from nettrain.lessons.files import Claim, claim_of, contestant_name, experiment_files
from nettrain.lessons.json_report import LessonJson, ObservationJson
from nettrain.lessons.observation import Observation
from nettrain.lessons.registry import Lesson
from nettrain.workflow.compare import compare, ignore
from nettrain.workflow.comparison.entries import ComparedRun
from nettrain.workflow.comparison.population import OnComparedEpoch
from nettrain.workflow.course import listed

SEEDS = range(5)


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


def run_lesson(lesson: Lesson, *, seeds: range = SEEDS, on_event: OnComparedEpoch = ignore) -> LessonReport:
    """Train the contestants of a lesson with these seeds, as `compare` does, and measure its claim.

    `on_event` is called after every epoch.
    """
    started = perf_counter()
    files = experiment_files(lesson.name)
    overrides = [f"seed={seeds[0]}", "training.evaluate_train=all"]
    compared = compare(files, overrides=overrides, repeat=len(seeds), on_event=on_event)
    contestants = [
        Contestant(contestant_name(file), file, tuple(map(_seed_run, entry.runs)))
        for file, entry in zip(files, compared.entries, strict=True)
    ]
    observations = tuple(lesson.measure(contestants))
    return LessonReport(lesson, tuple(contestants), observations, perf_counter() - started)


def _seed_run(run: ComparedRun) -> SeedRun:
    return SeedRun(
        run.seed, run.status, _columns(run.history), run.metrics, _diagnostics(run.run.diagnostics)
    )


def _columns(frame: pl.DataFrame) -> dict[str, Floats]:
    return {name: frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in frame.columns}


def _diagnostics(frame: pl.DataFrame | None) -> dict[tuple[str, str], Floats]:
    """The columns of each layer, {} of a run without diagnostics."""
    if frame is None or frame.is_empty():
        return {}
    layers = frame["layer"].unique(maintain_order=True)
    return {
        (layer, name): column
        for layer in layers
        for name, column in _columns(frame.filter(pl.col("layer") == layer).drop("layer")).items()
    }
