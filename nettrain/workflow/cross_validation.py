"""Cross-validation: a network for each fold, and what they say together about rows they have not seen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Protocol

import numpy as np
import polars as pl

from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.store.fold_summary import EndedFold, folds_csv, summarise_folds
from nettrain.store.predictions import encode_frame
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.summary import Timing
from nettrain.store.summary_additions import with_distribution, with_uncalibrated_test
from nettrain.training.loop import never
from nettrain.workflow.folds.out_of_fold import (
    figures_on_test,
    interval_figures,
    out_of_fold_frame,
    pooled_figures,
    uncalibrated_on_test,
)
from nettrain.workflow.folds.plan import PlannedCrossValidation
from nettrain.workflow.folds.training import FoldRun, FoldsEpoch, continue_folds, train_folds
from nettrain.workflow.training import RunOutcome


@dataclass(frozen=True, eq=False)
class FoldDone:
    """A fold has ended, and is recorded."""

    fold: EndedFold


FoldEvent = FoldsEpoch | FoldDone
OnFoldEvent = Callable[[FoldEvent], None]


def ignore_fold(event: FoldEvent) -> None:
    """The default for `on_event`."""


@dataclass(frozen=True)
class CrossValidation(RunOutcome):
    """A cross-validation that was just trained: the summary, the folder if any, and the run of each fold.

    `out_of_fold` has a row for each held-out row, see `out_of_fold_frame`.
    """

    planned: PlannedCrossValidation
    folds: tuple[FoldRun, ...]
    out_of_fold: pl.DataFrame = field(repr=False)

    @property
    def divergence(self) -> str:
        """Which folds diverged."""
        diverged = [str(one.planned.number) for one in self.folds if one.run.summary["status"] == "diverged"]
        place = f" in {self.folder}" if self.folder else ""
        numbers = f"fold{'' if len(diverged) == 1 else 's'} {', '.join(diverged)}"
        return f"{len(diverged)} of {len(self.planned.folds)} folds diverged{place}: {numbers}"


class FoldsWatcher(Protocol):
    """What is told of a cross-validation while it trains, and when all of it has ended."""

    def on_event(self, event: FoldEvent) -> None:
        """An epoch of folds that train together is over, or a fold has ended and is recorded."""

    def flush(self) -> None:
        """The state of the folds that train is saved next, from which they are resumed."""

    def end(self, result: CrossValidation) -> None:
        """All folds have ended and are recorded, or it was interrupted."""


@dataclass(frozen=True, eq=False)
class CrossValidationJob:
    """A cross-validation that is ready to train, and its folder, which is locked until it has ended."""

    planned: PlannedCrossValidation
    folder: RunFolder | None = None
    notes: tuple[str, ...] = ()
    # of one that is resumed: folds that have ended, and the numbers of those that were interrupted
    ended: tuple[FoldRun, ...] = ()
    begun: tuple[int, ...] = ()
    watcher: FoldsWatcher | None = None

    @property
    def all_notes(self) -> list[str]:
        """Everything a user should know before it begins."""
        return [*self.notes, *self.planned.notes]

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def run(
        self,
        on_event: OnFoldEvent = ignore_fold,
        *,
        interrupted: Callable[[], bool] = never,
        started: float | None = None,
    ) -> CrossValidation:
        """Train the networks of the folds that have not ended, and record each fold when it has.

        Training stops after the step at which `interrupted` returns True. The summary's total time counts
        from `started` on perf_counter's clock, by default from this call.
        """
        started = perf_counter() if started is None else started
        folds = list(self.ended)

        def to_both(event: FoldEvent) -> None:
            on_event(event)
            if self.watcher is not None:
                self.watcher.on_event(event)

        for one in self._trained(to_both, interrupted):
            folds.append(one)
            to_both(FoldDone(one.ended))
        ended = _ended(self.planned, sorted(folds, key=lambda one: one.planned.number), started)
        if self.folder is not None:
            record(ended, self.folder)
            ended = replace(ended, folder=self.folder.path)
        if self.watcher is not None:
            self.watcher.end(ended)
        return ended

    def _trained(self, on_event: OnFoldEvent, interrupted: Callable[[], bool]) -> Iterator[FoldRun]:
        """The folds that had not ended, recorded: first those that were interrupted, if not again."""
        folds, folder = self.planned.folds, self.folder
        begun = [fold for fold in folds if fold.number in self.begun]
        if folder is not None:
            memory = self.planned.memory
            yield from continue_folds(begun, folder, on_event, interrupted, memory, self._before_save)
        done = {one.planned.number for one in self.ended}.union(self.begun)
        new = [fold for fold in folds if fold.number not in done]
        if begun and interrupted():
            return
        yield from train_folds(new, folder, on_event, interrupted, self._before_save)

    def _before_save(self) -> None:
        if self.watcher is not None:
            self.watcher.flush()


def begin(planned: PlannedCrossValidation, folder: RunFolder, notes: Sequence[str]) -> CrossValidationJob:
    """A cross-validation in this folder, which has its experiment from now on."""
    write_atomic(folder.config, to_yaml(planned.experiment))
    return CrossValidationJob(planned, folder, tuple(notes))


def record_fold(fold: FoldRun, folder: RunFolder) -> None:
    """Write the run folder of a fold."""
    own = folder.fold(fold.planned.number)
    own.path.mkdir(parents=True, exist_ok=True)
    fold.run.save(own)


def record(cross_validation: CrossValidation, folder: RunFolder) -> None:
    """Write the files on all folds together; at last the summary, which says that all is there."""
    write_atomic(folder.fold_figures, folds_csv(cross_validation.summary["folds"]))
    write_atomic(folder.out_of_fold, encode_frame(cross_validation.out_of_fold, "parquet"))
    write_json(folder.summary, cross_validation.summary)


def _ended(planned: PlannedCrossValidation, folds: Sequence[FoldRun], started: float) -> CrossValidation:
    predicted = [one.predicted for one in folds]
    frame, pooled, test = out_of_fold_frame(predicted), pooled_figures(predicted), figures_on_test(predicted)
    timing = _timing([one.run.summary["timing"] for one in folds], perf_counter() - started)
    summary = summarise_folds(planned.experiment, [one.ended for one in folds], pooled, test, timing)
    summary = with_uncalibrated_test(summary, uncalibrated_on_test(predicted))
    summary = with_distribution(summary, interval_figures(predicted))
    if len(folds) < len(planned.folds):
        summary = {**summary, "status": "interrupted", "stop_reason": "interrupted"}
    return CrossValidation(summary, None, planned, tuple(folds), frame)


def _timing(each: Sequence[Timing], seconds: float) -> Timing:
    """The times of all folds together; a step is one of one fold."""
    steps, training = sum(one["steps"] for one in each), sum(one["train_seconds"] for one in each)
    samples = sum(one["samples_per_second"] * one["train_seconds"] for one in each)
    return {
        "total_seconds": seconds,
        "train_seconds": training,
        "steps": steps,
        "microseconds_per_step": 1e6 * training / max(steps, 1),
        "samples_per_second": samples / max(training, 1e-9),
    }
