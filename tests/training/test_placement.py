"""Which rows of a run are put on a device, and how much memory its work is expected to need."""

from functools import partial

import pytest

from nettrain.training.build import build
from nettrain.training.loop import TrainingLoop
from nettrain.training.rows import double_buffer, placement
from nettrain.training.rows.memory import working_bytes
from nettrain.training.run import TrainingRun
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import IRIS, built, experiment, prepared

pytestmark = pytest.mark.usefixtures("step_by_step")


def without_memory(*choice: str) -> TrainingRun:
    """A run on a device on which no rows fit."""
    return built([experiment(IRIS, *choice)], partial(FakeCupyBackend, room=0))


def splits_on_device(run: TrainingRun) -> list[str]:
    """The splits whose rows are on the device."""
    return [split for split, dataset in run.data.datasets.items() if dataset.prefetcher is None]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of the double buffer that hold few rows."""
    monkeypatch.setattr(double_buffer, "BLOCK_BYTES", 512)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("size", ["full", 96, 60])
def test_training_rows_do_not_stream_where_two_blocks_are_as_large_as_all_rows(size: object) -> None:
    run = without_memory(f"training.batch_size={size}")
    assert (None, ["train"]) == (run.data.double_buffer, splits_on_device(run))
    assert not any("training" in note for note in run.data.notes)
    assert without_memory("training.batch_size=16").data.double_buffer is not None


@pytest.mark.usefixtures("small_blocks")
def test_datasets_and_double_buffer_fit_into_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "chunk_rows", lambda architecture, chunk_bytes: 8)
    run = without_memory()
    working = working_bytes(run.backend, run.architecture, 1, 1, run.data.batches)
    placements = set()
    for budget in range(0, 6000, 250):
        free = (working + budget) * 16 // 15 + 1
        data = built([experiment(IRIS)], partial(FakeCupyBackend, room=free)).data
        there = [split for split, dataset in data.datasets.items() if dataset.prefetcher is None]
        buffer = data.double_buffer
        arrays = (buffer.x, buffer.y, buffer.weight) if buffer else ()
        taken = sum(data.datasets[split].nbytes for split in there) + sum(int(one.nbytes) for one in arrays)
        assert taken <= budget + 1 or not there
        placements.add((buffer is None, *there))
    assert len(placements) >= 4


@pytest.mark.usefixtures("small_blocks")
def test_without_streaming_training_rows_are_put_on_the_device_in_any_case() -> None:
    spec, run = experiment(IRIS), without_memory()
    assert run.data.double_buffer is not None
    again = build([run.experiment], prepared(spec), run.backend, streaming=False)
    assert (None, None) == (again.data.double_buffer, again.data.train.prefetcher)


def test_on_the_host_nothing_streams() -> None:
    run = built([experiment(IRIS)])
    assert (run.data.double_buffer, list(run.data.notes)) == (None, [])


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
def test_the_scratch_memory_of_a_run_is_estimated(case: str) -> None:
    """No less than it takes, evaluation included, and not many times as much."""
    members, choice = WORK[case]
    specs = [experiment(IRIS, *choice, f"seed={r}") for r in range(members)]
    run = built(specs, FakeCupyBackend)
    for _ in TrainingLoop(run).events():
        pass
    estimate = working_bytes(run.backend, run.architecture, members, run.order_count, run.data.batches)
    assert run.pool.nbytes <= estimate < 4 * run.pool.nbytes
