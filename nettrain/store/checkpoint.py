"""`checkpoint.safetensors`: the whole state of a run between two steps, from which it resumes to the bit.

The arrays are those of `training.resumption.state`; the metadata holds its numbers, a fingerprint of the
data, the experiment and a checksum of the arrays as JSON. A thread writes copies while training goes on.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nettrain.backend.base import HostArray
from nettrain.backend.scratch_file import row_blocks
from nettrain.data.prepare import Prepared
from nettrain.errors import NettrainError, SpecError
from nettrain.files import check_readable, write_atomic
from nettrain.training.resumption.state import TrainingState

KEY = "nettrain"  # of the metadata

Fingerprint = list[list[list[str | int]]]  # for each split and array: dtype, shape, checksum


@dataclass(frozen=True)
class Checkpoint:
    """A state, and the `data` (as fingerprint) and `experiment` of its run."""

    state: TrainingState
    facts: dict[str, object]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file as a whole. Raises NettrainError when the disk refuses; the old file then stays."""
    state = checkpoint.state
    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    content = {"numbers": state.numbers, "facts": checkpoint.facts, "checksum": _checksum(arrays)}
    write_atomic(path, save(arrays, metadata={KEY: json.dumps(content)}))


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Raises SpecError when it is missing, damaged or something else."""
    check_readable(path)
    try:
        with safe_open(path, framework="numpy") as f:
            content = json.loads(f.metadata()[KEY])
            arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        if content["checksum"] != _checksum(arrays):
            raise ValueError("its checksum is wrong")
        return Checkpoint(TrainingState(arrays, content["numbers"]), content["facts"])
    except (SafetensorError, OSError, TypeError, ValueError, KeyError) as error:
        raise _not_a_checkpoint(path, error) from error


def read_facts(path: Path) -> dict[str, object]:
    """The facts of a checkpoint without its arrays. Raises SpecError when the file is something else."""
    check_readable(path)
    try:
        with safe_open(path, framework="numpy") as f:
            facts: dict[str, object] = json.loads(f.metadata()[KEY])["facts"]
    except (SafetensorError, OSError, TypeError, ValueError, KeyError) as error:
        raise _not_a_checkpoint(path, error) from error
    return facts


def _not_a_checkpoint(path: Path, error: Exception) -> SpecError:
    reason = str(error).partition("\n")[0]
    return SpecError(f"{path}: not a checkpoint of nettrain: {reason}")


def _checksum(arrays: dict[str, HostArray]) -> int:
    """CRC-32 of all names, shapes, types and bytes, by which a damaged file is recognized."""
    checksum = 0
    for name in sorted(arrays):
        array = arrays[name]
        checksum = zlib.crc32(f"{name}{array.shape}{array.dtype}".encode(), checksum)
        checksum = _bytes_checksum(array, checksum)
    return checksum


class CheckpointWriter:
    """Writes checkpoints in a thread, one at a time, and the last one itself.

    `facts` go with every state; they are computed where it is written, since the fingerprint of large data
    takes a while. When the disk refuses, the checkpoint before stays whole and the next call raises
    NettrainError.
    """

    def __init__(self, path: Path, facts: Callable[[], dict[str, object]]) -> None:
        self._path, self._facts = path, facts
        self._thread: Thread | None = None
        self._error: NettrainError | None = None

    def start(self, take: Callable[[], TrainingState]) -> None:
        """Take a state and start to write it, unless the one before is still being written."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._raise()
        thread = Thread(target=self._try, args=(take(),), name="checkpoint")
        thread.start()
        self._thread = thread  # only now: an interrupt in between leaves nothing to wait for

    def finish(self, last: TrainingState | None = None) -> None:
        """Wait for the thread, then write the last state, if there is one."""
        if self._thread is not None:
            self._thread.join()
        self._raise()
        if last is not None:
            self._write(last)

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _try(self, state: TrainingState) -> None:
        try:
            self._write(state)
        except NettrainError as error:
            self._error = error

    def _write(self, state: TrainingState) -> None:
        write_checkpoint(self._path, Checkpoint(state, self._facts()))


def fingerprint(data: Prepared) -> Fingerprint:
    """Types, shapes and CRC-32 checksums of all arrays of the data, equal for equal data.

    CRC-32 detects every change of a single number, and misses one in 2^32 of all others, in an eighth of the
    time of a cryptographic hash.
    """
    splits = (data.train, data.validation, data.test)
    return [
        [[str(array.dtype), *array.shape, _bytes_checksum(array)] for array in (rows.x, rows.y, rows.weight)]
        for rows in splits
        if rows is not None
    ]


def _bytes_checksum(array: HostArray, start: int = 0) -> int:
    for block in row_blocks(array) if array.size else ():
        start = zlib.crc32(np.ascontiguousarray(block).data, start)
    return start
