"""`checkpoint.safetensors`: the whole state of a run between two steps, so that it can go on to the bit.

Arrays are those of `training.state`; the metadata holds its numbers, the data's fingerprint, the experiment
and a checksum of the arrays, as JSON. Writing is a thread's work, on copies, while training goes on.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nettrain.backend.base import HostArray
from nettrain.data.prepare import Prepared
from nettrain.errors import NettrainError, SpecError
from nettrain.files import refuse_unreadable, write_whole
from nettrain.training.state import TrainingState

KEY = "nettrain"


@dataclass(frozen=True)
class Checkpoint:
    """A state, and what else a run must remember (plain data)."""

    state: TrainingState
    facts: dict[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write it whole, or leave the one that is there. Raises NettrainError when the disk refuses."""
    state = checkpoint.state
    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    note = json.dumps({"numbers": state.numbers, "facts": checkpoint.facts, "checksum": _checksum(arrays)})
    write_whole(path, save(arrays, metadata={KEY: note}))


def read_checkpoint(path: Path) -> Checkpoint:
    """What a file holds. Raises SpecError when it is no checkpoint."""
    refuse_unreadable(path)
    try:
        with safe_open(path, framework="numpy") as f:
            note = json.loads(f.metadata()[KEY])
            arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        if note["checksum"] != _checksum(arrays):
            raise ValueError("its numbers are not those that were written")
        return Checkpoint(TrainingState(arrays, note["numbers"]), note["facts"])
    except (SafetensorError, OSError, TypeError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(f"{path}: not a checkpoint of nettrain: {reason}") from error


def _checksum(arrays: dict[str, HostArray]) -> int:
    """Of all arrays, so that a damaged file is not taken for a state."""
    found = 0
    for name in sorted(arrays):
        array = arrays[name]
        found = zlib.crc32(f"{name}{array.shape}{array.dtype}".encode(), found)
        found = _bytes_checksum(array, found)
    return found


class CheckpointWriter:
    """Writes checkpoints in a thread, one at a time, and the last one itself.

    `facts` go with every state. They are asked for by whoever writes, since reading all the data for their
    fingerprint takes a while. When the disk refuses, the checkpoint before stays whole, and the next call
    raises NettrainError.
    """

    def __init__(self, path: Path, facts: Callable[[], dict[str, Any]]) -> None:
        self._path, self._facts = path, facts
        self._thread: Thread | None = None
        self._trouble: NettrainError | None = None

    def start(self, take: Callable[[], TrainingState]) -> None:
        """Take a state and begin to write it, unless the one before is still being written."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._raise()
        thread = Thread(target=self._try, args=(take(),), name="checkpoint")
        thread.start()
        self._thread = thread  # only now: who is interrupted in between has nothing to wait for

    def finish(self, last: TrainingState | None = None) -> None:
        """Wait for the thread, then write the last one."""
        if self._thread is not None:
            self._thread.join()
        self._raise()
        if last is not None:
            self._write(last)

    def _raise(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _try(self, state: TrainingState) -> None:
        try:
            self._write(state)
        except NettrainError as error:
            self._trouble = error

    def _write(self, state: TrainingState) -> None:
        write_checkpoint(self._path, Checkpoint(state, self._facts()))


def fingerprint(data: Prepared) -> list[list[Any]]:
    """Equal for data that are equal in every row that is trained on or measured.

    Checksums of each part's arrays, with their shapes: a cyclic one of 32 bits misses no change of a single
    number, and another one in four billion. It takes an eighth of a cryptographic digest's time.
    """
    parts = (data.train, data.validation, data.test)
    return [
        [[str(array.dtype), *array.shape, _bytes_checksum(array)] for array in (rows.x, rows.y, rows.weight)]
        for rows in parts
        if rows is not None
    ]


def _bytes_checksum(array: HostArray, start: int = 0) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data if array.size else b"", start)
