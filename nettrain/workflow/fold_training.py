"""The training of the folds of a cross-validation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nettrain.experiment.named_backend import named_backend
from nettrain.store.fold_summary import EndedFold
from nettrain.training.build import build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.events import EpochDone, Event
from nettrain.training.loop import TrainingLoop
from nettrain.workflow.fold_plan import PlannedFold
from nettrain.workflow.in_memory import MemoryRecorder, MemoryRun
from nettrain.workflow.out_of_fold import PredictedFold, predict_held_out
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.run import RunContents
from nettrain.workflow.training import TrainingJob


@dataclass(frozen=True, eq=False)
class FoldsEpoch:
    """An epoch of folds that train together; `folds` (R,) says of which fold each of its members is."""

    folds: npt.NDArray[np.int64]
    epoch: EpochDone


OnFoldsEpoch = Callable[[FoldsEpoch], None]


@dataclass(frozen=True, eq=False)
class FoldRun:
    """A fold that was trained: its plan, its run, and how it ended."""

    planned: PlannedFold
    run: RunContents

    @property
    def ended(self) -> EndedFold:
        """What the summary of the whole has of it."""
        planned = self.planned
        return EndedFold(planned.number, planned.repeat, planned.sizes, self.run.summary)

    @cached_property
    def predicted(self) -> PredictedFold:
        """Its predictions of the rows that it held out."""
        return predict_held_out(self.planned, self.run)


def of_epochs(on_event: Callable[[Event], None]) -> Callable[[object], None]:
    """What passes the epochs of populations on, as events of one training, and no other events of folds."""

    def on_fold_event(event: object) -> None:
        if isinstance(event, FoldsEpoch):
            on_event(event.epoch)

    return on_fold_event


def train_folds(
    folds: Sequence[PlannedFold], on_epoch: OnFoldsEpoch, interrupted: Callable[[], bool]
) -> Iterator[FoldRun]:
    """The trained folds, each as soon as it has ended, without those that an interruption came before."""
    for position, fold in enumerate(folds):
        if position and interrupted():
            return
        yield _trained_alone(fold, on_epoch, interrupted)


def _trained_alone(fold: PlannedFold, on_epoch: OnFoldsEpoch, interrupted: Callable[[], bool]) -> FoldRun:
    with explained_shortage(fold.experiment):
        run = build(fold.members, fold.data, named_backend(fold.experiment.backend), recorded=True)
        prepared = PreparedTraining(TrainingLoop(run), fold.members, fold.data)
    recorder = MemoryRecorder(prepared)

    def on_event(event: Event) -> None:
        if isinstance(event, EpochDone):
            on_epoch(FoldsEpoch(np.full(len(event.members), fold.number), event))

    result = TrainingJob(prepared, recorder).run(on_event, interrupted=interrupted)
    return FoldRun(fold, MemoryRun.of(result, recorder))
