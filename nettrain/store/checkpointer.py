"""Keeps a run so that it can go on: history and checkpoint, together, by time and at the end."""

from collections.abc import Callable
from functools import cached_property
from time import monotonic
from typing import Any

from nettrain.data.prepare import Prepared
from nettrain.store.checkpoint import CheckpointWriter, fingerprint, read_checkpoint
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.training.loop import Training
from nettrain.training.state import TrainingState, snapshot

SHARE = 100  # keeping waits so many times as long as the copying of the last time took


class Checkpointer:
    """What a training leaves on disk while it goes on, and when it ends."""

    def __init__(
        self,
        training: Training,
        data: Prepared,
        folder: RunFolder,
        records: HistoryWriter,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.folder = folder
        self._training, self._data, self._records, self._clock = training, data, records, clock
        settings = training.run.experiment.training.checkpoint
        self._seconds = None if settings is None else settings.seconds
        self._writer = CheckpointWriter(folder.checkpoint, self._facts)
        self._next = clock() + (self._seconds or 0.0)
        self._before: dict[int, TrainingState | None] = {}

    def save_if_due(self) -> None:
        """To be called after every epoch: keep the run when it is time. Raises when the disk refuses."""
        started = self._clock()
        if self._seconds is None or started < self._next or self._all_diverged:
            return
        self._writer.start(self._state)
        spent = self._clock() - started
        self._next = started + max(self._seconds, SHARE * spent)

    def save_final(self) -> None:
        """Write the last checkpoint; when all members have diverged the one before stays."""
        self._before = {member: self._on_disk(member) for member in self._diverged}
        self._writer.finish(None if self._all_diverged else self._state())

    def wait(self) -> None:
        """Wait for what is being written."""
        self._writer.finish()

    def last_state(self, member: int) -> TrainingState | None:
        """The last state of a diverged member alone before the end, if it was still training then."""
        return self._before.get(member)

    def _on_disk(self, member: int) -> TrainingState | None:
        if not self.folder.checkpoint.is_file():
            return None
        return read_checkpoint(self.folder.checkpoint).state.alone(member)

    @property
    def _diverged(self) -> list[int]:
        return [member for member, end in self._training.ended.items() if end.reason == "diverged"]

    @property
    def _all_diverged(self) -> bool:
        """Whether nobody could go on from here."""
        return len(self._diverged) == len(self._training.run.final)

    def _state(self) -> TrainingState:
        # the history first: it then reaches at least as far as the checkpoint
        self._records.flush()
        return snapshot(self._training)

    def _facts(self) -> dict[str, Any]:
        return {"data": self._fingerprint, "experiment": self._experiment}

    @cached_property
    def _experiment(self) -> dict[str, Any]:
        return self._training.run.experiment.model_dump(mode="json")

    @cached_property
    def _fingerprint(self) -> list[list[Any]]:
        return fingerprint(self._data)
