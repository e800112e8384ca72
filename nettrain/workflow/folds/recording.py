"""The folders of folds that train side by side: histories and states while they train, results at the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.store.checkpoint import Checkpoint, RunFacts, write_checkpoint
from nettrain.store.checkpointer import MIN_RATIO
from nettrain.store.data_fingerprint import fingerprint
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.store.seal import seal_fold
from nettrain.workflow.folds.plan import PlannedFold
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.side_by_side import TrainedTogether


class PopulationRecorder:
    """Writes the folders of the folds of one population, so that each can be resumed alone.

    States are saved as often as `training.checkpoint` says, each time after `before_save`; `clock` returns
    seconds.
    """

    def __init__(
        self,
        folds: Sequence[PlannedFold],
        folder: RunFolder,
        before_save: Callable[[], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._before_save = before_save
        self._recorders = [_FoldRecorder(fold, folder.fold(fold.number)) for fold in folds]
        settings = folds[0].experiment.training.checkpoint
        self._seconds, self._clock = None if settings is None else settings.seconds, clock
        self._next = clock() + (self._seconds or 0.0)

    def after_epoch(self, together: TrainedTogether) -> None:
        """Record the epoch of each fold, and save the states of all when it is time."""
        for number, recorder in enumerate(self._recorders):
            recorder.add_epoch(together, number)
        started = self._clock()
        if self._seconds is None or started < self._next:
            return
        self._save(together)
        self._next = started + max(self._seconds, MIN_RATIO * (self._clock() - started))

    def end(self, number: int, run: MemoryRun) -> None:
        """Record how one of the folds has ended."""
        self._recorders[number].end(run)

    def _save(self, together: TrainedTogether) -> None:
        self._before_save()
        state = together.state()
        for number, recorder in enumerate(self._recorders):
            checkpoint = together.checkpoint(number, state)
            if checkpoint is not None:  # otherwise it has ended, and the checkpoint before is near its end
                recorder.save(checkpoint)


class _FoldRecorder:
    """Writes the folder of one fold, whose history is written together with its states."""

    def __init__(self, fold: PlannedFold, folder: RunFolder) -> None:
        folder.path.mkdir(parents=True, exist_ok=True)
        write_atomic(folder.config, to_yaml(fold.experiment))
        self._fold, self._folder = fold, folder
        # by a clock that stands still, it writes the first epoch and then what it is told to
        self._history = HistoryWriter(folder, member_column=len(fold.members) > 1, clock=float)

    def add_epoch(self, together: TrainedTogether, number: int) -> None:
        """Add the latest epoch, if the fold still trains."""
        epoch = together.latest(number)
        if epoch is not None:
            self._history.add(epoch)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write the history, which then reaches as far as the checkpoint, and this."""
        self._history.flush()
        facts: RunFacts = {**checkpoint.facts, "tables": self._history.records}
        write_checkpoint(self._folder.checkpoint, replace(checkpoint, facts=facts))

    def end(self, run: MemoryRun) -> None:
        """Write the rest of the history, and the results."""
        self._history.flush()
        run.save_results(self._folder)
        if run.summary["status"] != "interrupted":
            seal_fold(self._folder, fingerprint(self._fold.data))
