"""Run a lesson: train its experiments with several seeds, and measure whether its claim holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import polars as pl

from nettrain.backend.base import Floats
from nettrain.lessons.contestant import Contestant, SeedRun
from nettrain.lessons.files import Claim, claim_of, contestant_name, experiment_files
from nettrain.lessons.json_report import LessonJson, ObservationJson
from nettrain.lessons.observation import Observation
from nettrain.lessons.registry import Lesson
from nettrain.store.summary import Metrics
from nettrain.sweep.in_process import train_in_process
from nettrain.sweep.opening import open_sweep
from nettrain.workflow.compare import compare, ignore
from nettrain.workflow.comparison.entries import ComparedRun
from nettrain.workflow.comparison.population import OnComparedEpoch
from nettrain.workflow.course import listed
from nettrain.workflow.source import load_experiment
from nettrain.workflow.trials_frame import trials_frame

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

    A contestant whose file has a sweep block is searched instead, once with each seed. `on_event` is called
    after every epoch of the others.
    """
    started = perf_counter()
    files = experiment_files(lesson.name)
    runs = {file: _searches(file, seeds) for file in files if load_experiment(file).sets("sweep")}
    runs |= _trainings([file for file in files if file not in runs], seeds, on_event)
    contestants = tuple(Contestant(contestant_name(file), file, runs[file]) for file in files)
    return LessonReport(lesson, contestants, tuple(lesson.measure(contestants)), perf_counter() - started)


def _trainings(files: Sequence[Path], seeds: range, on_event: OnComparedEpoch) -> dict[Path, list[SeedRun]]:
    """Each of these experiments, trained with each seed."""
    if not files:
        return {}
    overrides = [f"seed={seeds[0]}", "training.evaluate_train=all"]
    compared = compare(files, overrides=overrides, repeat=len(seeds), on_event=on_event)
    return {
        file: [_seed_run(run) for run in entry.runs]
        for file, entry in zip(files, compared.entries, strict=True)
    }


def _seed_run(run: ComparedRun) -> SeedRun:
    return SeedRun(
        run.seed,
        _columns(run.history),
        run.metrics,
        _diagnostics(run.run.diagnostics),
        [_numbers(of["metrics"]) for of in run.run.summary.get("members", ())],
    )


def _numbers(metrics: Metrics) -> dict[str, dict[str, float]]:
    """Metrics by split, NaN where they are not defined."""
    return {
        split: {name: np.nan if value is None else value for name, value in of.items()}
        for split, of in metrics.items()
    }


def _searches(file: Path, seeds: range) -> list[SeedRun]:
    """A search in this process with each seed, which is that of its draws, too."""
    return [SeedRun(seed, {}, {}, {}, trials=_columns(_trials(file, seed).drop("status"))) for seed in seeds]


def _trials(file: Path, seed: int) -> pl.DataFrame:
    loaded = load_experiment(file, [f"seed={seed}", f"sweep.seed={seed}"])
    with TemporaryDirectory() as out, open_sweep(loaded, Path(out), total=None, workers=1) as sweep:
        train_in_process(sweep)
        return trials_frame(sweep)


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
