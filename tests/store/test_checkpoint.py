"""Checkpoints are whole, come by time, and never stop a run that goes on."""

import json
import resource
import subprocess
import sys
from dataclasses import replace
from functools import partial, reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from nettrain.errors import NettrainError, StoredFileError
from nettrain.store.checkpoint import (
    Checkpoint,
    CheckpointWriter,
    SavedState,
    read_checkpoint,
    read_facts,
    write_checkpoint,
)
from nettrain.store.data_fingerprint import data_difference, fingerprint, rows_difference
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, snapshot
from tests.trained import IRIS, built, experiment, prepared

pytestmark = pytest.mark.usefixtures("step_by_step")

ROOT = Path(__file__).parents[2]
FINGERPRINT = {"columns": ["ä"], "classes": [], "fitted": {}, "splits": {}}
FACTS = {"data": FINGERPRINT, "experiment": {"words": ["ä", None]}}
TABLES = {"history.csv": {"columns": 3, "rows": 7, "digest": "0"}}


def numbers(epoch: int) -> dict:
    return {"epoch": epoch, "step": 3 * epoch, "position": 0, "step_seconds": 0.5, "seconds": 1, "ended": []}


def small(number: int) -> SavedState:
    arrays = {"a": np.arange(3.0), "b": np.array([True, False]), "c": np.zeros((2, 0), np.uint64)}
    return SavedState(TrainingState(arrays, numbers(number)), TABLES)


def write_small(path: Path, number: int = 1) -> None:
    write_checkpoint(path, Checkpoint(small(number).state, FACTS))


def rewritten(path: Path, change) -> str:
    """The error about a checkpoint whose header and arrays were changed by a function of both."""
    write_small(path)
    with safe_open(path, framework="numpy") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        header = json.loads(f.metadata()["nettrain"])
    change(header, arrays)
    save_file(arrays, path, metadata={"nettrain": json.dumps(header)})
    with pytest.raises(StoredFileError) as caught:
        read_checkpoint(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_a_checkpoint_reads_back_as_it_was(tmp_path):
    training = TrainingLoop(built([experiment(IRIS, "model.batch_norm=true", f"seed={r}") for r in range(3)]))
    list(training.events())
    state = snapshot(training)
    write_checkpoint(tmp_path / "c", Checkpoint(state, FACTS))
    read = read_checkpoint(tmp_path / "c")
    assert state.numbers == read.state.numbers
    assert FACTS == read.facts == read_facts(tmp_path / "c")
    assert state.arrays.keys() == read.state.arrays.keys()
    for name, array in state.arrays.items():
        assert (array.dtype, array.tobytes()) == (
            read.state.arrays[name].dtype,
            read.state.arrays[name].tobytes(),
        )


def test_empty_and_boolean_arrays_too(tmp_path):
    write_small(tmp_path / "c", 7)
    read = read_checkpoint(tmp_path / "c")
    assert (numbers(7), FACTS) == (read.state.numbers, read.facts)
    assert [True, False] == read.state.arrays["b"].tolist()
    assert (2, 0) == read.state.arrays["c"].shape


def test_something_else_is_no_checkpoint(tmp_path):
    (tmp_path / "c").write_bytes(b"no checkpoint at all")
    with pytest.raises(StoredFileError, match="c: is not a checkpoint of nettrain: "):
        read_checkpoint(tmp_path / "c")
    with pytest.raises(StoredFileError, match="none: cannot be read: No such file or directory"):
        read_checkpoint(tmp_path / "none")


def test_a_damaged_number_is_noticed_and_its_array_named(tmp_path):
    write_small(tmp_path / "c")
    content = bytearray((tmp_path / "c").read_bytes())
    content[content.rindex(np.arange(3.0).tobytes()) + 20] ^= 1
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(StoredFileError, match=r'c: array "a" was changed since it was written; restore the'):
        read_checkpoint(tmp_path / "c")


def test_arrays_that_are_gone_added_or_exchanged_are_named(tmp_path):
    path = tmp_path / "c"
    assert rewritten(path, lambda _, arrays: arrays.pop("b")).startswith('array "b" is gone since')
    added = rewritten(path, lambda _, arrays: arrays.update(d=np.zeros(2)))
    assert added.startswith('array "d" was added since')
    narrow = rewritten(path, lambda _, arrays: arrays.update(a=np.arange(3, dtype=np.float32)))
    assert narrow.startswith('array "a" was changed since')
    gone = rewritten(path, lambda header, arrays: (header["arrays"].pop("b"), arrays.pop("b")))
    assert gone.startswith("its header was changed")


def leaves(block: dict, path: tuple = ()) -> list[tuple]:
    """The paths of all keys of a block."""
    found = []
    for key, value in block.items():
        found.append((*path, key))
        found += leaves(value, (*path, key)) if isinstance(value, dict) else []
    return found


def test_every_key_of_the_header_counts(tmp_path):
    write_small(tmp_path / "c")
    with safe_open(tmp_path / "c", framework="numpy") as f:
        stored = json.loads(f.metadata()["nettrain"])
    keys = leaves(stored)
    assert 20 < len(keys)
    for path in keys:

        def change(header, arrays, path=path, value: object = "gone") -> None:
            *outer, last = path
            block = reduce(getitem, outer, header)
            if value == "gone":
                del block[last]
            else:
                block[last] = value

        for value in ("gone", None, "x", 10**30, [1], 77, 7.5):
            assert rewritten(tmp_path / "c", partial(change, value=value)), (path, value)


def test_a_checkpoint_of_another_version_says_so(tmp_path):
    line = rewritten(tmp_path / "c", lambda header, arrays: header.pop("format"))
    expected = "was written by another version of nettrain, whose runs this one does not go on with; "
    assert f"{expected}train anew: nettrain train {tmp_path}/config.yaml" == line


def test_one_is_written_at_a_time_and_the_last_in_any_case(tmp_path):
    writer = CheckpointWriter(tmp_path / "c", lambda: FACTS)
    for number in range(20):
        writer.start(lambda number=number: small(number))
    writer.finish(small(20))
    read = read_checkpoint(tmp_path / "c")
    assert (numbers(20), TABLES) == (read.state.numbers, read.facts["tables"])
    assert ["c"] == [path.name for path in tmp_path.iterdir()]


def test_a_disk_that_refuses_is_an_error_of_the_next_call(tmp_path):
    writer = CheckpointWriter(tmp_path / "gone" / "c", lambda: FACTS)
    writer.start(lambda: small(1))
    with pytest.raises(NettrainError) as caught:
        writer.finish()
    assert f"{tmp_path}/gone/c: cannot be written: there is no folder {tmp_path}/gone" == str(caught.value)
    with pytest.raises(NettrainError, match=r"gone/c: cannot be written: there is no folder .*/gone"):
        writer.finish(small(2))
    (tmp_path / "gone").mkdir()
    writer.start(lambda: small(3))
    writer.finish()
    assert numbers(3) == read_checkpoint(tmp_path / "gone" / "c").state.numbers


def test_a_file_that_may_not_grow_leaves_the_one_before(tmp_path):
    write_small(tmp_path / "c")
    code = """
import sys; from pathlib import Path; import numpy as np
from nettrain.store.checkpoint import *; from nettrain.training.resumption.state import TrainingState
write_checkpoint(Path(sys.argv[1]), Checkpoint(TrainingState({"a": np.zeros(100_000)}, {}), {}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "c")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert "c: cannot be written: File too large" in done.stderr
    assert numbers(1) == read_checkpoint(tmp_path / "c").state.numbers
    assert ["c"] == [path.name for path in tmp_path.iterdir()]


def test_the_fingerprint_knows_every_row():
    data = prepared(experiment(IRIS))
    same = prepared(experiment(IRIS))
    assert fingerprint(data) == fingerprint(same)
    assert fingerprint(data) != fingerprint(prepared(experiment(IRIS, "data.scaling=none")))
    assert data.validation is not None
    for part in ("train", "validation", "test"):
        rows = getattr(same, part)
        y = rows.y.copy()
        y[-1] = (y[-1] + 1) % 3
        assert fingerprint(data) != fingerprint(replace(same, **{part: replace(rows, y=y)}))
    assert fingerprint(data) != fingerprint(replace(same, test=None))


def test_what_is_different_in_the_data_is_said():
    before = fingerprint(prepared(experiment(IRIS)))
    assert data_difference(before, before) is None
    more = {**before, "columns": [*before["columns"], "new"]}
    assert 'column "new" is new' == data_difference(before, more)
    assert 'column "new" is gone' == data_difference(more, before)
    assert rows_difference(before, more) is None
    assert data_difference(before, more, moved=True) is None
    training = before["splits"]["training"]
    fewer = {**before, "splits": {**before["splits"], "training": {**training, "rows": 7}}}
    assert f"7 training rows in place of {training['rows']}" == data_difference(before, fewer)
    others = {**training["arrays"], "y": ["int32", 5]}
    changed = {**before, "splits": {**before["splits"], "training": {**training, "arrays": others}}}
    assert "the targets of training rows are different" == data_difference(before, changed)
    renamed = {**before, "classes": ["a", "b", "c"]}
    named = ", ".join(f'"{name}"' for name in before["classes"])
    assert f'its classes were {named}, and are "a", "b", "c"' == data_difference(before, renamed)
    turned = {**before, "columns": before["columns"][::-1]}
    assert "its columns are in another order" == data_difference(before, turned)
    assert data_difference(before, turned, moved=True) is None
    splits = {name: rows for name, rows in before["splits"].items() if name != "validation"}
    without = {**before, "splits": splits}
    assert "there are no longer validation rows" == data_difference(before, without)
    assert "there are now validation rows" == data_difference(without, before)
    refitted = {**before, "fitted": {**before["fitted"], "inputs": "0"}}
    assert "what was fitted to its columns is different" == data_difference(before, refitted)
