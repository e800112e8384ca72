"""A sweep on GPUs: which worker uses which, and what happens when a population does not fit."""

import contextlib
import sys
from collections import deque
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import pytest

from nettrain import errors
from nettrain.experiment.load import load
from nettrain.sweep import process_pool
from nettrain.sweep.loop import handle_message
from nettrain.sweep.messages import ChunkFailed, ChunkTooLarge, TrialChunk
from nettrain.sweep.opening import sweep_devices
from nettrain.sweep.ranking import Goal
from nettrain.sweep.scheduler import Scheduler
from nettrain.sweep.search_space import SearchSpace
from nettrain.sweep.worker import chunk_failed
from nettrain.sweep.worker_pool import Worker

LOSS = Goal("val_loss", maximize=False)
SWEEP = """
data: {source: 'builtin:iris'}
backend: {name: cupy}
sweep: {parameters: {optimizer.learning_rate: {values: [0.1, 0.2]}}}
"""


def chunk(*numbers):
    return TrialChunk(0, numbers, tuple((f"experiment {n}",) for n in numbers), None, "val_loss")  # type: ignore[arg-type]


def test_a_population_too_large_for_its_device_is_halved_until_it_fits():
    room, notes = 2, []
    scheduler = Scheduler(deque([chunk(*range(1, 8)), chunk(8, 9)]), {}, LOSS)
    worker = Worker()
    trained = []
    while (task := scheduler.next_task(worker)) is not None:
        if len(task.trials) > room:
            assert [] == handle_message(scheduler, worker, ChunkTooLarge(task.number, "no room"), {})
            notes.append(list(scheduler.notes))
        else:
            trained.append(task.trials)
    assert [(1, 2), (3, 4), (5, 6), (7,), (8, 9)] == trained
    assert [["no room; populations that do not fit, as this of 7, are halved"]] * 3 == notes
    assert not scheduler.attempts


def test_a_single_trial_too_large_for_its_device_fails():
    scheduler = Scheduler(deque([chunk(1, 2)]), {}, LOSS)
    worker = Worker()
    failed = []
    while (task := scheduler.next_task(worker)) is not None:
        failed += handle_message(scheduler, worker, ChunkTooLarge(task.number, "no room"), {})
    assert [(1, "failed", "no room"), (2, "failed", "no room")] == [
        (one.trial, one.status, one.message) for one in failed
    ]


def test_workers_share_out_the_devices_and_a_dead_one_is_replaced_on_its_own(monkeypatch):
    started = []

    class Process:
        exitcode = -9

        def __init__(self, target, args, daemon):
            started.append(args[1])

        def start(self):
            pass

        def join(self, patience):
            pass

    context = SimpleNamespace(Pipe=lambda: (MagicMock(), MagicMock()), Process=Process)
    monkeypatch.setattr(process_pool, "get_context", lambda kind: context)
    pool = process_pool.ProcessPool(3, (0, 2))
    pool.workers[1].ready = True
    assert -9 == pool._replace(pool.workers[1]).code
    assert ([0, 2, 0, 2], [0, 0, 2]) == (started, [worker.device for worker in pool.workers])


@pytest.fixture
def cupy(monkeypatch):
    """A CuPy with three devices, of which little is free."""
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 3,
        runtimeGetVersion=lambda: 13000,
        getDeviceProperties=lambda n: {"name": b"H200", "major": 9, "minor": 0},
        memGetInfo=lambda: (1_000_000, 2_000_000),
    )
    module = ModuleType("cupy")
    module.cuda = SimpleNamespace(
        runtime=runtime,
        cublas=None,
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
        Device=lambda n: contextlib.nullcontext(),
    )
    module.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: 0)
    monkeypatch.setitem(sys.modules, "cupy", module)


@pytest.mark.parametrize(("override", "expected"), [((), (0, 1, 2)), (("backend.device=1",), (1,))])
def test_a_sweep_uses_all_devices_or_the_one_that_is_named(cupy, tmp_path, override, expected):
    (tmp_path / "f.yaml").write_text(SWEEP)
    assert expected == sweep_devices(SearchSpace(load(tmp_path / "f.yaml", override)))


def test_a_device_that_does_not_exist_is_reported_with_its_location(cupy, tmp_path):
    (tmp_path / "f.yaml").write_text(SWEEP.replace("cupy", "cupy, device: 3"))
    with pytest.raises(errors.NoDeviceError) as caught:
        sweep_devices(SearchSpace(load(tmp_path / "f.yaml")))
    expected = f"{tmp_path}/f.yaml:3: backend.device: no device 3: this machine has 0 to 2"
    assert expected == str(caught.value)


def test_numpy_uses_no_device(tmp_path):
    (tmp_path / "f.yaml").write_text(SWEEP.replace("cupy", "numpy"))
    assert () == sweep_devices(SearchSpace(load(tmp_path / "f.yaml")))


def test_a_worker_tells_a_shortage_of_memory_on_its_device_from_other_errors(cupy):
    error = type("OutOfMemoryError", (MemoryError,), {"__module__": "cupy.cuda.memory"})
    text = "Out of memory allocating 5,000,000 bytes (allocated so far: 0 bytes)."
    expected = ChunkTooLarge(4, "device 2: 5.0 MB asked for, 1.0 MB of 2.0 MB free")
    assert expected == chunk_failed(4, error(text), 2)
    assert ChunkFailed(4, "MemoryError: of the host") == chunk_failed(4, MemoryError("of the\n host"), 2)
    assert ChunkFailed(4, f"OutOfMemoryError: {text}") == chunk_failed(4, error(text), None)
