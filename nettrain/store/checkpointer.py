"""Saves a run so that it can be resumed: history and checkpoint together, at intervals and at its end."""

from collections.abc import Callable
from functools import cached_property
from time import monotonic

from nettrain.data.prepare import Prepared
from nettrain.store.checkpoint import CheckpointWriter, RunFacts, SavedState, read_checkpoint
from nettrain.store.data_fingerprint import DataFingerprint, fingerprint
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, snapshot

MIN_RATIO = 100  # of the time between two checkpoints to the time that copying the last state took


class Checkpointer:
    """Saves the state of a training in its folder while it goes on, and at its end.

    `clock` returns seconds. Methods raise NettrainError when the disk refuses.
    """

    def __init__(
        self,
        training: TrainingLoop,
        data: Prepared,
        folder: RunFolder,
        history: HistoryWriter,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.folder = folder
        self._training, self._data, self._history, self._clock = training, data, history, clock
        settings = training.run.experiment.training.checkpoint
        self._seconds = None if settings is None else settings.seconds
        self._writer = CheckpointWriter(folder.checkpoint, self._facts)
        self._next = clock() + (self._seconds or 0.0)
        self._before: dict[int, TrainingState | None] = {}

    def save_if_due(self) -> None:
        """Save the run when it is time; to be called after every epoch."""
        started = self._clock()
        if self._seconds is None or started < self._next or self._all_diverged:
            return
        self._writer.start(self._state)
        spent = self._clock() - started
        self._next = started + max(self._seconds, MIN_RATIO * spent)

    def save_final(self) -> None:
        """Write the last checkpoint; when all members have diverged the one before it stays."""
        self._before = {member: self._state_on_disk(member) for member in self._diverged}
        self._writer.finish(None if self._all_diverged else self._state())

    def wait(self) -> None:
        """Wait for a checkpoint that is being written."""
        self._writer.finish()

    def last_state(self, member: int) -> TrainingState | None:
        """The last saved state of a diverged member alone, None when none was saved before it diverged."""
        return self._before.get(member)

    def _state_on_disk(self, member: int) -> TrainingState | None:
        if not self.folder.checkpoint.is_file():
            return None
        return read_checkpoint(self.folder.checkpoint).state.single(member)

    @property
    def _diverged(self) -> list[int]:
        return [member for member, end in self._training.endings.stopped.items() if end.reason == "diverged"]

    @property
    def _all_diverged(self) -> bool:
        """Whether no member could be resumed from here."""
        return len(self._diverged) == len(self._training.run.final.parameters)

    def _state(self) -> SavedState:
        # the history first: it then reaches at least as far as the checkpoint
        self._history.flush()
        return SavedState(snapshot(self._training), self._history.records)

    def _facts(self) -> RunFacts:
        return {"data": self.fingerprint, "experiment": self._experiment}

    @cached_property
    def _experiment(self) -> dict[str, object]:
        return self._training.run.experiment.model_dump(mode="json")

    @cached_property
    def fingerprint(self) -> DataFingerprint:
        """That of the data."""
        return fingerprint(self._data)
