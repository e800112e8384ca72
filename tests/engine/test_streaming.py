"""Rows that stream to the device train what rows that lie there train, bit by bit.

On the double, whose streams are as late as CUDA lets them be: the one that computes, the one that copies, or
both. What does not wait for the other then reads rows that are not there yet, or no more.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from nettrain.engine import predict, ring
from nettrain.spec.experiment import Experiment
from tests.double.backend import DoubleBackend
from tests.double.queue import being_late
from tests.trained import IRIS, Trained, experiment, trained

FULL = partial(DoubleBackend, room=0)  # a device on which no rows fit
LATE = [("compute",), ("copies",), ("compute", "copies")]
STEPS = 2  # of a block, with one order and batches of 16 rows


@pytest.fixture(autouse=True, params=LATE, ids="+".join)
def late(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Streams that are late, and so little memory that an epoch takes several blocks, also in chunks."""
    row = 4 * 4 + 8 + 4  # of iris: inputs, label, weight
    monkeypatch.setattr(ring, "BLOCK_BYTES", STEPS * 16 * row)
    monkeypatch.setattr(predict, "chunk_rows", lambda plan, chunk_bytes: 8)
    with being_late(*request.param):
        yield


def specs(count: int, *choice: str) -> list[Experiment]:
    return [experiment(IRIS, *choice, f"seed={r}") for r in range(count)]


SHARED = "training.order_seed=5"
SETTINGS = {
    "one order": (3, [SHARED]),
    "own orders": (3, []),
    "replacement": (2, ["training.sampling=replacement"]),
    "the last batch dropped": (2, ["training.drop_last=true", SHARED]),
    "no short batch": (2, ["training.batch_size=15", SHARED]),
    "batches of one row": (1, ["training.batch_size=1", "training.epochs=2"]),
    "no shuffling": (2, ["training.shuffle=false"]),
    "best weights": (3, ["training.early_stopping={patience: 1, min_delta: 0.1}", "training.epochs=9"]),
    "dropout and noise": (2, ["model.dropout=0.3", "model.input_noise=0.1", SHARED]),
    "batch norm": (2, ["model.batch_norm=true", SHARED]),
    "class weights": (2, ["data.class_weights=balanced"]),
    "numbers": (1, ["data.source=synthetic:sine"]),
    "a slow metric": (2, ["training.early_stopping={monitor: val_macro_f1, patience: 3}"]),
    "penalties and limits": (2, ["optimizer=nesterov", "regularization={l1: 0.01, max_norm: 1}"]),
    "snapshots": (2, ["training.snapshots=2", SHARED]),
}


def streamed(run: Any) -> Any:
    """The run, of which no rows lie on the device and an epoch takes several blocks."""
    assert {table.pipe is not None for table in run.tables.values()} == {True}
    assert run.batches.steps > 2 * run.ring.steps
    return run


def assert_same(here: Trained, there: Trained) -> None:
    streamed(there.run)
    assert here.run.ring is None
    assert here.stopped == there.stopped
    for name in ("final", "final_statistics"):
        assert getattr(here.run, name).tobytes() == getattr(there.run, name).tobytes()
    for member in range(len(here.run.final)):
        np.testing.assert_equal(there.history(member), here.history(member))


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_same_to_the_last_bit(setting: str) -> None:
    members, choice = SETTINGS[setting]
    some = specs(members, *choice)
    assert_same(trained(some, DoubleBackend), trained(some, FULL))


def test_members_that_leave_take_their_orders_with_them() -> None:
    choice = ["training.epochs=12", "training.early_stopping={patience: 2, min_delta: 0.05}"]
    some = [experiment(IRIS, *choice, f"optimizer.learning_rate={2.0**-r}", f"seed={r}") for r in range(3)]
    here, there = trained(some, DoubleBackend), trained(some, FULL)
    assert_same(here, there)
    assert there.run.population.size < 3
