"""Checkpoints are whole, come by time, and never stop a run that goes on."""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nettrain.errors import NettrainError, SpecError
from nettrain.store.checkpoint import (
    Checkpoint,
    CheckpointWriter,
    fingerprint,
    read_checkpoint,
    write_checkpoint,
)
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, snapshot
from tests.trained import IRIS, built, experiment, prepared

pytestmark = pytest.mark.usefixtures("step_by_step")

ROOT = Path(__file__).parents[2]
FACTS = {"words": ["ä", None]}


def small(number: int) -> Checkpoint:
    arrays = {"a": np.arange(3.0), "b": np.array([True, False]), "c": np.zeros((2, 0), np.uint64)}
    return Checkpoint(TrainingState(arrays, {"epoch": number}), FACTS)


def test_a_checkpoint_reads_back_as_it_was(tmp_path):
    training = TrainingLoop(built([experiment(IRIS, "model.batch_norm=true", f"seed={r}") for r in range(3)]))
    list(training.events())
    state = snapshot(training)
    write_checkpoint(tmp_path / "c", Checkpoint(state, {"x": 1}))
    read = read_checkpoint(tmp_path / "c")
    assert state.numbers == read.state.numbers
    assert {"x": 1} == read.facts
    assert state.arrays.keys() == read.state.arrays.keys()
    for name, array in state.arrays.items():
        assert (array.dtype, array.tobytes()) == (
            read.state.arrays[name].dtype,
            read.state.arrays[name].tobytes(),
        )


def test_empty_and_boolean_arrays_too(tmp_path):
    write_checkpoint(tmp_path / "c", small(7))
    read = read_checkpoint(tmp_path / "c")
    assert ({"epoch": 7}, FACTS) == (read.state.numbers, read.facts)
    assert [True, False] == read.state.arrays["b"].tolist()
    assert (2, 0) == read.state.arrays["c"].shape


def test_something_else_is_no_checkpoint(tmp_path):
    (tmp_path / "c").write_bytes(b"no checkpoint at all")
    with pytest.raises(SpecError, match="c: not a checkpoint of nettrain: "):
        read_checkpoint(tmp_path / "c")
    with pytest.raises(SpecError, match="none: cannot be read: No such file or directory"):
        read_checkpoint(tmp_path / "none")


def test_a_damaged_number_is_noticed(tmp_path):
    write_checkpoint(tmp_path / "c", small(1))
    content = bytearray((tmp_path / "c").read_bytes())
    content[-1] ^= 1
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(SpecError, match="c: not a checkpoint of nettrain: its checksum is wrong"):
        read_checkpoint(tmp_path / "c")


def test_one_is_written_at_a_time_and_the_last_in_any_case(tmp_path):
    writer = CheckpointWriter(tmp_path / "c", lambda: FACTS)
    for number in range(20):
        writer.start(lambda number=number: small(number).state)
    writer.finish(small(20).state)
    assert {"epoch": 20} == read_checkpoint(tmp_path / "c").state.numbers
    assert ["c"] == [path.name for path in tmp_path.iterdir()]


def test_a_disk_that_refuses_is_an_error_of_the_next_call(tmp_path):
    writer = CheckpointWriter(tmp_path / "gone" / "c", lambda: FACTS)
    writer.start(lambda: small(1).state)
    with pytest.raises(NettrainError) as caught:
        writer.finish()
    assert f"{tmp_path}/gone/c: cannot be written: there is no folder {tmp_path}/gone" == str(caught.value)
    with pytest.raises(NettrainError, match=r"gone/c: cannot be written: there is no folder .*/gone"):
        writer.finish(small(2).state)
    (tmp_path / "gone").mkdir()
    writer.start(lambda: small(3).state)
    writer.finish()
    assert {"epoch": 3} == read_checkpoint(tmp_path / "gone" / "c").state.numbers


def test_a_file_that_may_not_grow_leaves_the_one_before(tmp_path):
    write_checkpoint(tmp_path / "c", small(1))
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
    assert {"epoch": 1} == read_checkpoint(tmp_path / "c").state.numbers
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
