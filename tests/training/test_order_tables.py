"""Tables with the orders of many epochs hold those of each epoch, wherever a table begins."""

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.training.loop import TrainingLoop
from nettrain.training.progress import Progress
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.rows import batches
from nettrain.training.rows.batches import BatchPlan, epoch_orders, order_table_rows
from nettrain.training.rows.permutations import permuted_rows_of_epochs, philox4x64
from nettrain.training.run import TrainingRun
from nettrain.training.step import orders
from nettrain.training.step.epoch_steps import EpochSteps
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
@pytest.mark.parametrize("many", [1, 10_000], ids=["machine code", "NumPy"])
@pytest.mark.parametrize("case", CASES)
def test_a_table_has_the_order_of_each_epoch(case: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MANY", many)
    members, choice, epochs = CASES[case]
    run = run_of(members, *choice)
    drawn, table, tables = orders_of(run), np.empty(0), 0
    assert drawn.epochs == epochs
    for epoch in (*range(13, 40), 2, 3):  # as a run goes on that is resumed, and another one
        new = drawn.table(epoch)
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
        drawn = orders_of(run_of(2, choice))
        first, *others = [drawn.table(epoch) for epoch in (3, 4, 39, 0)]
        assert first is not None
        assert (len(first), drawn.epochs, others) == (1, 1, [None, None, None])


def test_earlier_epochs_may_have_had_another_number_of_steps() -> None:
    run = run_of(2)
    steps, progress = EpochSteps(run), Progress(epoch=9, step=2 * STEPS)  # as a fit goes on with more rows
    steps.run(progress, 3, lambda: True)
    own = epoch_orders(
        run.order_seeds, 9, ROWS, shuffle=True, sampling="permutation", per_member=run.orders_per_member
    )
    assert np.array_equal(steps.at(2).index, own[:, 32:48])


def test_a_table_has_no_epoch_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(seed: int, epoch: int, rows: int, sub_member: int) -> np.ndarray:
        asked.append(epoch)
        return np.arange(rows)

    monkeypatch.setattr(batches, "permuted_rows", counted)
    drawn = orders_of(run_of(1))
    drawn.table(37)
    assert (drawn.epochs, asked) == (1024 // STEPS, [37, 38, 39])


@pytest.mark.parametrize("rows", [1, 2, 3, 64, 65, 102, 1000, 70_001])
def test_permutations_in_machine_code_are_those_of_numpy(rows: int) -> None:
    seeds, epochs = np.array([0, 7, 2**63 - 1]), range(5, 7)
    together = permuted_rows_of_epochs(seeds, epochs, rows, per_member=2)
    assert together.shape == (2, 6, rows)
    for epoch, table in zip(epochs, together, strict=True):
        for k, order in enumerate(table):
            key, counter = [int(seeds[k // 2]), 2], [0, 0, k % 2, epoch]
            generator = np.random.Generator(np.random.Philox(key=np.array(key, np.uint64), counter=counter))
            assert np.array_equal(order, generator.permutation(rows))


def test_a_blocks_words_are_those_of_numpy() -> None:
    """Of a counter and a key that no small numbers hide a carry in."""
    counter, key = [2**64 - 2, 2**64 - 1, 2**63 + 5, 3 << 40], [2**64 - 1, 0x9E3779B97F4A7C15]
    bits = np.random.Philox(key=np.array(key, np.uint64), counter=np.array(counter, np.uint64))
    words = philox4x64(*(np.uint64(word) for word in [counter[0] + 1, *counter[1:], *key]))
    assert [int(word) for word in words] == bits.random_raw(4).tolist()


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
