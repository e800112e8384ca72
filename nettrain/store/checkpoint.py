"""`checkpoint.safetensors`: the whole state of a run between two steps, from which it resumes to the bit.

The arrays are those of `training.resumption.state`; the metadata holds its numbers and the facts of the run
as JSON: the experiment, a fingerprint of the data, and how far the tables of the run folder reached. One
digest covers all of that and the digest of each array. A thread writes copies while training goes on.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import NotRequired, cast

import numpy as np
from pydantic import ConfigDict, with_config
from safetensors.numpy import save
from typing_extensions import TypedDict

from nettrain.errors import NettrainError, StoredFileError
from nettrain.files import write_atomic
from nettrain.store.data_fingerprint import DataFingerprint
from nettrain.store.digest import array_digest, content_digest
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_arrays import ArrayFile, open_arrays
from nettrain.store.stored_file import checked
from nettrain.store.written_table import TableRecord, recorded
from nettrain.training.resumption.state import StateNumbers, TrainingState

KEY = "nettrain"  # of the metadata
FORMAT = 2  # before, the digest was one of the arrays alone
WHAT = "a checkpoint of nettrain"
DAMAGED = "restore the file, or remove it: the run then begins with its first step"


class RunFacts(TypedDict):
    """What a state depends on beside itself; `tables` says how far each file of the folder reached."""

    data: DataFingerprint
    experiment: dict[str, object]
    tables: NotRequired[dict[str, TableRecord]]


@with_config(ConfigDict(extra="forbid"))
class CheckpointHeader(TypedDict):
    """The metadata: `arrays` has the digest of each array, `digest` covers all other keys."""

    format: int
    numbers: StateNumbers
    facts: RunFacts
    arrays: dict[str, str]
    digest: str


@dataclass(frozen=True)
class Checkpoint:
    """A state, and the facts of its run."""

    state: TrainingState
    facts: RunFacts

    def beside(self, folder: RunFolder) -> "Checkpoint":
        """The checkpoint to be written beside the tables of a folder, which reach at least as far."""
        before = self.facts.get("tables", {})
        records = {
            path.name: recorded(path, before[path.name]["rows"] if path.name in before else None)
            for path in folder.tables
        }
        return replace(self, facts={**self.facts, "tables": records})


@dataclass(frozen=True)
class SavedState:
    """A state, and how far the tables of the run folder reached when it was taken."""

    state: TrainingState
    tables: dict[str, TableRecord]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file as a whole. Raises NettrainError when the disk refuses; the old file then stays."""
    state = checkpoint.state
    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    content: dict[str, object] = {
        "format": FORMAT,
        "numbers": state.numbers,
        "facts": checkpoint.facts,
        "arrays": {name: array_digest(array) for name, array in arrays.items()},
    }
    header = json.dumps({**content, "digest": content_digest(content)})
    write_atomic(path, save(arrays, metadata={KEY: header}))


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Raises StoredFileError when it is missing, changed or something else."""
    with open_arrays(path, WHAT) as file:
        header = _header(file)
        arrays = file.arrays()
    _check_arrays(path, header["arrays"], {name: array_digest(array) for name, array in arrays.items()})
    return Checkpoint(TrainingState(arrays, header["numbers"]), header["facts"])


def read_facts(path: Path) -> RunFacts:
    """The facts of a checkpoint without its arrays. Raises StoredFileError as `read_checkpoint` does."""
    with open_arrays(path, WHAT) as file:
        return _header(file)["facts"]


def _header(file: ArrayFile) -> CheckpointHeader:
    content = file.json(KEY)
    if isinstance(content, Mapping) and content.get("format") != FORMAT:
        train = f"nettrain train {shlex.quote(str(file.path.with_name('config.yaml')))}"
        raise StoredFileError(
            f"{file.path}: was written by another version of nettrain, whose runs this one does not go on"
            f" with; train anew: {train}"
        )
    header = checked(content, str(file.path), CheckpointHeader)
    rest = {key: value for key, value in header.items() if key != "digest"}
    if content_digest(rest) != header["digest"]:
        raise StoredFileError(f"{file.path}: its header was changed since it was written; {DAMAGED}")
    return header


def _check_arrays(path: Path, expected: Mapping[str, str], there: Mapping[str, str]) -> None:
    for name in dict.fromkeys([*expected, *there]):
        if expected.get(name) != there.get(name):
            is_gone, is_new = name not in there, name not in expected
            what = "is gone" if is_gone else "was added" if is_new else "was changed"
            raise StoredFileError(f'{path}: array "{name}" {what} since it was written; {DAMAGED}')


class CheckpointWriter:
    """Writes checkpoints in a thread, one at a time, and the last one itself.

    `facts` go with every state; they are computed where it is written, since the fingerprint of large data
    takes a while. When the disk refuses, the checkpoint before stays whole and the next call raises
    NettrainError.
    """

    def __init__(self, path: Path, facts: Callable[[], RunFacts]) -> None:
        self._path, self._facts = path, facts
        self._thread: Thread | None = None
        self._error: NettrainError | None = None

    def start(self, take: Callable[[], SavedState]) -> None:
        """Take a state and start to write it, unless the one before is still being written."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._raise()
        thread = Thread(target=self._try, args=(take(),), name="checkpoint")
        thread.start()
        self._thread = thread  # only now: an interrupt in between leaves nothing to wait for

    def finish(self, last: SavedState | None = None) -> None:
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

    def _try(self, saved: SavedState) -> None:
        try:
            self._write(saved)
        except NettrainError as error:
            self._error = error

    def _write(self, saved: SavedState) -> None:
        facts = cast(RunFacts, {**self._facts(), "tables": saved.tables})
        write_checkpoint(self._path, Checkpoint(saved.state, facts))
