"""Which rows lie on a device, and what is said of those that do not."""

from functools import partial

import numpy as np
import pytest

from nettrain.backend.device import free_bytes
from nettrain.backend.numpy import NumpyBackend
from nettrain.experiment.settings import Experiment
from nettrain.inference import predict
from nettrain.inference.dataset import Dataset, place_datasets
from nettrain.training import build as build_module
from nettrain.training.build import build
from nettrain.training.loop import TrainingLoop
from nettrain.training.rows import double_buffer as ring
from nettrain.training.rows.memory import working_bytes
from nettrain.training.run import TrainingRun
from tests.fake_cupy.arrays import ndarray
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.module import in_place_of_cupy
from tests.trained import IRIS, built, experiment, prepared

STAY = "stay in host memory: they stream to the device"


def table(rows: int) -> Dataset:
    """Rows of 100 bytes."""
    x, y, weight = np.zeros((rows, 22), np.float32), np.zeros(rows, np.int64), np.ones(rows, np.float32)
    return Dataset(x, y, weight, True, y, weight)


PARTS = {"train": 1000, "validation": 300, "test": 200}
PASSING = {"train": 5000, "validation": 400, "test": 400}
ROOMS = {  # bytes that are free, and the parts that then lie on the device; a sixteenth is left alone
    "for all": (161_000, ["train", "validation", "test"]),
    "for one less": (159_000, ["train", "validation"]),
    "for the training rows": (110_000, ["train"]),
    "for the others": (106_000, ["validation", "test"]),
    "for the others beside a ring": (59_000, ["validation", "test"]),
    "for one of them beside a ring": (58_000, ["validation"]),
    "for the last": (29_000, ["test"]),
    "for none": (26_000, []),
}


@pytest.mark.parametrize("working", [0, 1 << 20])
@pytest.mark.parametrize("free", ROOMS)
def test_what_fits_lies_there_and_the_training_rows_have_the_first_choice(free: str, working: int) -> None:
    size, expected = ROOMS[free]
    tables = {name: table(rows) for name, rows in PARTS.items()}
    backend = FakeCupyBackend(room=size + working * 16 // 15)
    placed, notes = place_datasets(tables, backend, working, PASSING)
    assert expected == [name for name, one in placed.items() if one.prefetcher is None]
    for name, one in placed.items():
        there = name in expected
        assert isinstance(one.x, ndarray) is there
        assert one.prefetcher is (None if there else backend.prefetcher())
        assert (one.rows, one.nbytes) == (PARTS[name], 100 * PARTS[name])
    assert len(expected) + len(notes) == len(PARTS)


def test_what_stays_is_told_once() -> None:
    _, notes = place_datasets(
        {name: table(rows) for name, rows in PARTS.items()}, FakeCupyBackend(room=0), 0, PASSING
    )
    sizes = {"training": "100 kB", "validation": "30.0 kB", "test": "20.0 kB"}
    assert notes == [f"the {part} rows, {size}, {STAY}" for part, size in sizes.items()]


def full(*choice: str) -> TrainingRun:
    """A run on a device on which no rows fit, with blocks of a few of them."""
    return built([experiment(IRIS, *choice)], partial(FakeCupyBackend, room=0))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "BLOCK_BYTES", 512)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("size", ["full", 96, 60])
def test_batches_that_two_blocks_could_not_hold_beside_all_rows_have_them_whole(size: object) -> None:
    run = full(f"training.batch_size={size}")
    assert run.data.double_buffer is None
    assert [name for name, one in run.data.datasets.items() if one.prefetcher is None] == ["train"]
    assert not any("training" in note for note in run.data.notes)
    assert full("training.batch_size=16").data.double_buffer is not None


@pytest.mark.usefixtures("small_blocks")
def test_all_that_is_put_there_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that stay have to pass through memory too."""
    monkeypatch.setattr(build_module, "chunk_rows", lambda plan, chunk_bytes: 8)
    whole = full()
    working = working_bytes(whole.backend, whole.architecture, 1, 1, whole.data.batches)
    kinds = set()
    for budget in range(0, 6000, 250):
        free = (working + budget) * 16 // 15 + 1
        run = built([experiment(IRIS)], partial(FakeCupyBackend, room=free))
        there = [name for name, one in run.data.datasets.items() if one.prefetcher is None]
        arrays = (
            (run.data.double_buffer.x, run.data.double_buffer.y, run.data.double_buffer.weight)
            if run.data.double_buffer
            else ()
        )
        taken = sum(run.data.datasets[name].nbytes for name in there) + sum(int(one.nbytes) for one in arrays)
        assert taken <= budget + 1 or not there
        kinds.add((run.data.double_buffer is None, *there))
    assert len(kinds) >= 4


@pytest.mark.usefixtures("small_blocks")
def test_steps_that_follow_no_course_have_all_rows() -> None:
    spec = experiment(IRIS)
    run = full()
    assert run.data.double_buffer is not None
    again = build([run.experiment], prepared(spec), run.backend, streaming=False)
    assert again.data.double_buffer is None
    assert again.data.datasets["train"].prefetcher is None


def test_on_the_host_nothing_streams_and_nothing_is_copied() -> None:
    run = built([experiment(IRIS)])
    assert (run.data.double_buffer, list(run.data.notes)) == (None, [])
    data = prepared(experiment(IRIS)).train
    backend, one = NumpyBackend(), table(3)
    assert np.shares_memory(predict.inputs_of(backend, data.x).x, data.x)
    assert place_datasets({"train": one}, backend, 0, PASSING)[0]["train"].x is one.x


WORK: dict[str, tuple[int, list[str]]] = {
    "one": (1, []),
    "several orders": (5, []),
    "one order": (5, ["training.order_seed=1"]),
    "dropout, noise and batch norm": (
        3,
        ["model.dropout=0.3", "model.batch_norm=true", "model.input_noise=0.1"],
    ),
    "maxout": (2, ["model.activation={name: maxout, pieces: 4}", "model.hidden=[64, 32]"]),
    "large batches": (2, ["training.batch_size=64", "model.hidden=[128]"]),
    "a full batch": (2, ["training.batch_size=full"]),
    "float64": (2, ["backend.dtype=float64"]),
    "wide": (1, ["model.hidden=[512, 512]", "data.source=builtin:optdigits", "training.epochs=1"]),
}


@pytest.mark.parametrize("case", WORK)
def test_what_work_takes_is_foreseen(case: str) -> None:
    """All scratch memory of a run, also that of its figures at the end, and not many times as much."""
    members, choice = WORK[case]
    some: list[Experiment] = [experiment(IRIS, *choice, f"seed={r}") for r in range(members)]
    run = built(some, FakeCupyBackend)
    for _ in TrainingLoop(run).events():
        pass
    taken = run.pool.nbytes
    foreseen = working_bytes(run.backend, run.architecture, members, run.order_count, run.data.batches)
    assert taken <= foreseen < 4 * taken


def test_room_is_what_is_free_within_the_limit_of_the_pool() -> None:
    with in_place_of_cupy() as cupy:
        free = free_bytes(0)
        assert free == cupy.cuda.runtime.memGetInfo()[0]
        cupy.get_default_memory_pool().set_limit(12_345)
        assert free_bytes(0) == 12_345


@pytest.mark.parametrize(("free", "there"), [(4096, True), (4095, False)])
def test_rows_that_are_asked_about_lie_there_when_half_of_what_is_free_takes_them(
    free: int, there: bool
) -> None:
    x = np.ones((32, 15), np.float32)  # 1920 bytes, half of 15/16 of 4096
    backend = FakeCupyBackend(room=free)
    inputs = predict.inputs_of(backend, x)
    assert (isinstance(inputs.x, ndarray), inputs.prefetcher is None) == (there, there)
    assert inputs.others == ()
