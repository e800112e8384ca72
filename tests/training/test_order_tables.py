"""Tables with the orders of many epochs hold those of each epoch, wherever a table begins."""

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.rows import batches
from nettrain.training.rows.batches import BatchPlan, epoch_orders, order_table_rows
from nettrain.training.run import TrainingRun
from nettrain.training.step.orders import EpochOrders
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import IRIS, NewBackend, built, experiment, trained

ROWS, STEPS = 102, 7  # of iris in training, and of an epoch with batches of 16
EPOCHS = "training.epochs=40"
CASES = {
    "one order": (3, ["training.order_seed=1"], 20),
    "own orders": (3, [], 6),
    "replacement": (2, ["training.sampling=replacement"], 10),
    "sub-members": (1, ["model.sub_members=2"], 10),
    "members and sub-members": (2, ["model.sub_members=2"], 5),
}


def run_of(members: int, *choice: str) -> TrainingRun:
    return built(
        [experiment(IRIS, EPOCHS, "data.validation=0.15", *choice, f"seed={r}") for r in range(members)]
    )


def orders_of(run: TrainingRun) -> EpochOrders:
    return EpochOrders(run, run.parts)


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of 20 epochs of one order."""
    monkeypatch.setattr(batches, "TABLE_STEPS", 20 * STEPS)


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("case", CASES)
def test_a_table_has_the_order_of_each_epoch(case: str) -> None:
    members, choice, epochs = CASES[case]
    run = run_of(members, *choice)
    orders, table, tables = orders_of(run), np.empty(0), 0
    assert orders.epochs == epochs
    for epoch in (*range(13, 40), 2, 3):  # as a run goes on that is resumed, and another one
        new = orders.table(epoch)
        if new is not None:
            table, tables = new, tables + 1
        own = epoch_orders(
            run.order_seeds,
            epoch,
            ROWS,
            shuffle=True,
            sampling=run.experiment.training.sampling,
            per_member=run.orders_per_member,
        )
        assert np.array_equal(table[epoch % epochs], own)
    assert tables == -(-27 // epochs) + 1


def test_orders_that_do_not_change_are_made_once() -> None:
    for choice in ("training.shuffle=false", "training.batch_size=full"):
        orders = orders_of(run_of(2, choice))
        drawn = [orders.table(epoch) for epoch in (3, 4, 39, 0)]
        assert [table is None for table in drawn] == [False, True, True, True]
        assert drawn[0] is not None
        assert (len(drawn[0]), orders.epochs) == (1, 1)


def test_a_table_has_no_epoch_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(seed: int, epoch: int, rows: int, sub_member: int) -> np.ndarray:
        drawn.append(epoch)
        return np.arange(rows)

    monkeypatch.setattr(batches, "permuted_rows", counted)
    orders = orders_of(run_of(1))
    orders.table(37)
    assert (orders.epochs, drawn) == (1024 * ROWS // STEPS // ROWS, [37, 38, 39])


@pytest.mark.parametrize(
    ("rows", "size", "orders", "most"),
    [
        (102, 16, 1, 146 * 102),  # those of 1,024 steps
        (102, 16, 1000, 1000 * 102),  # those of one epoch
        (1 << 20, 1 << 20, 1, 1 << 20),
        (1 << 10, 1 << 10, 1, 1 << 17),  # a megabyte
    ],
)
def test_a_table_takes_a_megabyte_or_an_epoch(rows: int, size: int, orders: int, most: int) -> None:
    assert most <= order_table_rows(orders, BatchPlan(rows, size)) < most + rows


@pytest.mark.parametrize("backend", [NumpyBackend, FakeCupyBackend])
def test_it_does_not_matter_how_many_epochs_a_table_has(
    backend: NewBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members end, so that a table comes to hold more epochs; it is then made anew in the middle."""
    common = "data.validation=0.15", "training.epochs=9"
    rules = [f"training.early_stopping={{patience: {1 + r}, min_delta: 9}}" for r in range(8)]
    specs = [experiment(IRIS, *common, rule, f"seed={r}") for r, rule in enumerate(rules)]
    many = trained(specs, backend)
    monkeypatch.setattr(batches, "TABLE_STEPS", 1)
    single = trained(specs, backend)
    assert [many.stopped[r].epoch for r in range(8)] == [2, 3, 4, 5, 6, 7, 8, 9]
    for member in range(8):
        assert many.weights(member).tobytes() == single.weights(member).tobytes()
        assert many.history(member) == single.history(member)


def test_a_run_goes_on_in_the_middle_of_a_table() -> None:
    run = run_of(2)
    loop = TrainingLoop(run)
    events = loop.events()
    for _ in range(5):
        next(events)
    state = snapshot(loop)
    for _ in events:
        pass
    again = TrainingLoop(run_of(2))
    restore(again, state)
    for _ in again.events():
        pass
    assert again.run.final.parameters.tobytes() == run.final.parameters.tobytes()
