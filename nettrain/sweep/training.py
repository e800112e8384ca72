"""A chunk of trials on its way: one population, trained from rung to rung."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import stack
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.prepare import Prepared
from nettrain.inference.evaluate import Evaluation
from nettrain.sweep.messages import Ended, Report, Result, TrialChunk, Waiting, Working
from nettrain.training.build import TrainingRun, build
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.loop import train

PARTS = {"train": "train", "validation": "val"}
STATUS = {"diverged": "diverged", "pruned": "pruned"}
PAUSE = 1.0  # seconds for which results are gathered before they are told
TOLD = 0.25  # seconds between two tidings of how far it is


class TrialTraining:
    """A chunk in training; `pruned` are the trials to stop at the rung where it waits."""

    def __init__(self, chunk: TrialChunk, data: Prepared, device: int | None = None) -> None:
        self.chunk, self.pruned = chunk, set[int]()
        self._run = _built(chunk, data, device)
        self._rungs: dict[int, dict[int, float]] = {}
        self._stopped: list[MemberStopped] = []
        self._shares = dict.fromkeys(chunk.trials, 0.0)  # seconds
        self._reports = self._train()

    def until_it_waits(self, tell: Callable[[Report], None]) -> bool:
        """Train to the next rung or the end, telling what happens; whether there is more to come."""
        for report in self._reports:
            tell(report)
            if isinstance(report, Waiting):
                return True
        return False

    def _train(self) -> Iterator[Report]:
        since = told = perf_counter()
        for event in train(self._run, prune=self._prune):
            now = perf_counter()
            if isinstance(event, EpochDone):
                self._share(event, now - since)
                since = now
                if event.epoch in self.chunk.rungs:
                    if self._stopped:  # a bracket may wait for just these
                        yield self._ended(over=False)
                    yield self._wait(event)
                    since = perf_counter()  # the wait is nobody's
                elif now - told > TOLD:
                    told = now
                    yield Working(self.chunk.number, event.epoch, event.epochs, len(event.members))
            elif isinstance(event, MemberStopped):
                self._stopped.append(event)
            if self._stopped and now - told > PAUSE:
                told = now
                yield self._ended(over=False)
        yield self._ended(over=True)

    def _wait(self, event: EpochDone) -> Waiting:
        """The metric of those who train, which is also kept for their results."""
        population, metric = self._run.population, self.chunk.metric
        fitted = population["parameters"], population["statistics"]
        found = _measured(self._run, population.members, fitted, metric, {_part(metric)})
        by_member = dict(zip(population["original"].tolist(), found[metric], strict=True))
        figures = {self.chunk.trials[member]: by_member[member] for member in event.members.tolist()}
        for trial, figure in figures.items():
            self._rungs.setdefault(trial, {})[event.epoch] = figure
        return Waiting(self.chunk.number, event.epoch, figures)

    def _share(self, event: EpochDone, seconds: float) -> None:
        for member in event.members:
            self._shares[self.chunk.trials[member]] += seconds / len(event.members)

    def _prune(self, event: EpochDone) -> list[int]:
        found = [k for k, trial in enumerate(self.chunk.trials) if trial in self.pruned]
        self.pruned.clear()
        return found

    def _ended(self, *, over: bool) -> Ended:
        """The results of those who have stopped since the last time."""
        stopped, self._stopped = self._stopped, []
        figures = _figures(self._run, self.chunk, [one.member for one in stopped])
        results = []
        for row, one in enumerate(stopped):
            trial = self.chunk.trials[one.member]
            results.append(
                Result(
                    trial,
                    STATUS.get(one.reason, "finished"),
                    one.epoch,
                    one.best_epoch,
                    {name: values[row] for name, values in figures.items()},
                    self._rungs.get(trial, {}),
                    seconds=self._shares[trial],
                    members=len(self.chunk.trials),
                )
            )
        return Ended(self.chunk.number, tuple(results), over)


def _built(chunk: TrialChunk, data: Prepared, device: int | None) -> TrainingRun:
    place = chunk.experiments[0].backend
    number = place.device if device is None else device
    backend = open_backend(place.name, dtype=place.dtype, threads=1, device=number, tf32=place.tf32)
    return build(chunk.experiments, data, backend)


def _figures(run: TrainingRun, chunk: TrialChunk, members: list[int]) -> dict[str, list[float]]:
    """The final figures of some members by name; test rows are left to the run of the best."""
    if not members:
        return {}
    fitted = run.backend.from_host(run.final[members]), run.backend.from_host(run.final_statistics[members])
    stacked = stack([chunk.experiments[member] for member in members])
    parts = {"validation" if "validation" in run.tables else "train", _part(chunk.metric)}
    return _measured(run, stacked, fitted, chunk.metric, parts)


def _measured(
    run: TrainingRun, members: Any, fitted: tuple[Array, Array], metric: str, parts: set[str]
) -> dict[str, list[float]]:
    """Loss, quick metrics and the one that is asked for, measured as a run measures its final weights."""
    # scratch of its own: the loop's has the size that the population has by now
    apart = replace(run, pool=Pool(run.backend))
    name = metric.partition("_")[2]
    names = [*metrics_for(run.task, quick=True), *([name] if name != "loss" else [])]
    found: dict[str, list[float]] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of members that have diverged
        for part in parts:
            evaluation = Evaluation(apart, run.tables[part], *fitted, members)
            loss, measured = evaluation.measured(dict.fromkeys(names))
            found[f"{PARTS[part]}_loss"] = loss.tolist()
            for name in measured[0].scalars:
                found[f"{PARTS[part]}_{name}"] = [float(member.scalars[name]) for member in measured]
    return found


def _part(metric: str) -> str:
    """The rows that a figure is of."""
    return {"val": "validation"}.get(metric.partition("_")[0], "train")
