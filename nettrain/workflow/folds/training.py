"""The training of the folds of a cross-validation, side by side as far as they can be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.memory import MemoryTables
from nettrain.store.data_fingerprint import fingerprint
from nettrain.store.fold_summary import EndedFold
from nettrain.store.run_folder import RunFolder
from nettrain.store.seal import seal_fold
from nettrain.training.events import EpochDone, Event
from nettrain.workflow.folds.out_of_fold import PredictedFold, predict_held_out
from nettrain.workflow.folds.plan import PlannedFold
from nettrain.workflow.folds.recording import PopulationRecorder
from nettrain.workflow.restored_run import EndedRun, restored
from nettrain.workflow.run_contents import RunContents
from nettrain.workflow.run_files import StoredRun
from nettrain.workflow.side_by_side import PopulationEpoch, TrainedTogether, Trainee, populations


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
    folds: Sequence[PlannedFold],
    folder: RunFolder | None,
    on_epoch: OnFoldsEpoch,
    interrupted: Callable[[], bool],
    before_save: Callable[[], None],
) -> Iterator[FoldRun]:
    """The trained folds, each as soon as it has ended, without those that an interruption came before.

    Where there is a `folder`, they are recorded in it while they train and when they have ended. Each time
    before their states are saved, `before_save` is called.
    """
    trainees = [Trainee(fold.experiment, fold.data) for fold in folds]
    numbers = np.array([fold.number for fold in folds], dtype=np.int64)

    def on_population(event: PopulationEpoch) -> None:
        on_epoch(FoldsEpoch(numbers[event.trainees], event.epoch))

    for started, positions in enumerate(populations(trainees)):
        if started and interrupted():
            return
        chosen = [folds[position] for position in positions]
        recorder = None if folder is None else PopulationRecorder(chosen, folder, before_save)
        after_epoch = None if recorder is None else recorder.after_epoch
        together = TrainedTogether(trainees, positions, on_population, interrupted, after_epoch=after_epoch)
        yield from _ended(chosen, together, recorder)


def _ended(
    folds: Sequence[PlannedFold], together: TrainedTogether, recorder: PopulationRecorder | None
) -> Iterator[FoldRun]:
    """The folds of a population that has ended, recorded."""
    state = together.state()
    for number, fold in enumerate(folds):
        run = replace(together.run(number), checkpoint=together.checkpoint(number, state))
        if recorder is not None:
            recorder.end(number, run)
        yield FoldRun(fold, run)


def continue_folds(
    folds: Sequence[PlannedFold],
    folder: RunFolder,
    on_epoch: OnFoldsEpoch,
    interrupted: Callable[[], bool],
    memory: MemoryTables | None,
    before_save: Callable[[], None],
) -> Iterator[FoldRun]:
    """Folds that were interrupted, which go on in their own folders, one after the other."""
    for started, fold in enumerate(folds):
        path = folder.fold(fold.number).path
        if started and interrupted():
            yield FoldRun(fold, StoredRun.open(path))
            continue
        with restored(path, memory=memory) as before:
            if isinstance(before, EndedRun):
                run = StoredRun.of(before)
                if not run.files.ended.is_file():  # killed before it was sealed
                    seal_fold(run.files, fingerprint(fold.data))
            else:
                job = before.reopen()
                job.recorder.add_follower(before_save)
                run = StoredRun.of(job.run(_numbered(fold.number, on_epoch), interrupted=interrupted))
        yield FoldRun(fold, run)


def _numbered(number: int, on_epoch: OnFoldsEpoch) -> Callable[[Event], None]:
    """What passes the epochs of one fold on."""

    def on_event(event: Event) -> None:
        if isinstance(event, EpochDone):
            on_epoch(FoldsEpoch(np.full(len(event.members), number), event))

    return on_event
