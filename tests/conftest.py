"""What holds for all tests."""

import gc
import multiprocessing
import os
import shutil
import signal
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from nettrain.__main__ import NEW_OBJECTS
from nettrain.backend.choose import PREFERRED
from tests.offline import sitecustomize as network

# Where a GPU answers, `auto` would take it: tests that compare bits are NumPy's, also in processes they start.
os.environ[PREFERRED] = "numpy"
# Commands that tests start would ignore Ctrl-C, as all do that a script starts in the background.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A busy machine is no failure, and every run tries the same examples.
settings.register_profile(
    "anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("anywhere")
# Hypothesis reads all our sources, for seconds, to try the numbers and words in them too; older ones do not
with suppress(ImportError):
    providers = import_module("hypothesis.internal.conjecture.providers")
    if hasattr(providers, "_get_local_constants"):
        providers._get_local_constants = lambda: providers._local_constants

# One of several processes of tests shares the processors with the others: threads for small tables only cost time.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")

# Tests make and remove tens of thousands of files and folders, for which a disk may take milliseconds each.
MEMORY_DISK, ROOM = Path("/dev/shm"), 4 << 30  # bytes, of which they need a twentieth
if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK) and shutil.disk_usage(MEMORY_DISK).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))

# Waiting for a disk shows only where the machine then fails.
os.fsync = lambda handle: None

# Workers of sweeps in tests' own processes begin as copies of one process that has imported what they need, which
# saves each a second; those of commands that tests start begin as users' do.
get_context = multiprocessing.get_context


def context_of_workers(way: str | None = None) -> Any:
    """The context for new workers, of whom the first starts the process that is copied; for others their own."""
    if way != "spawn" or sys._getframe(1).f_globals["__name__"] != "nettrain.sweep.process_pool":
        return get_context(way)
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with patch.dict(os.environ, dict.fromkeys(THREADS, "1") | {"PYTHONPATH": path}):
        forkserver.ensure_running()
    return get_context("forkserver")


if "forkserver" in multiprocessing.get_all_start_methods():
    from multiprocessing import forkserver

    multiprocessing.set_forkserver_preload(["nettrain.sweep.chunk_training", "nettrain.backend.machine_code"])
    multiprocessing.get_context = context_of_workers

gc.disable()  # until all tests are imported, which leaves no cycles worth a search among all they brought


def pytest_collection_finish() -> None:
    """What was imported stays: later searches for unreachable objects leave it out.

    What is unreachable by now stays too; looking for it would take seconds.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)  # as the command does
    gc.enable()


PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
MOST_WORKERS = 4  # processes, with some hundred megabytes each
EXPORTS = "tests/export/"


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is switched off, there is no such hook
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes among which the whole suite is shared out; chosen tests run in one, which begins at once."""
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    return min(MOST_WORKERS, os.cpu_count() or 1) if whole else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file run in one process, and those of all exports, which predict with the same runs."""
    if config.getvalue("dist") != "loadfile":
        return None  # as asked
    scheduling: Any = import_module("xdist.scheduler").LoadFileScheduling(config, log)
    of_file = scheduling._split_scope
    scheduling._split_scope = lambda test: EXPORTS if test.startswith(EXPORTS) else of_file(test)
    return scheduling


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let tests that are marked reach a network."""
    network.allowed = item.get_closest_marker("network") is not None


@pytest.fixture(autouse=True)
def _the_machine_chooses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that need a GPU see what a user sees there."""
    if request.node.get_closest_marker("gpu"):
        monkeypatch.delenv(PREFERRED)


@pytest.fixture(scope="module")
def step_by_step() -> Iterator[None]:
    """Trainings ask after every step whether to go on, not every 50 ms."""
    with pytest.MonkeyPatch.context() as changes:
        changes.setattr("nettrain.training.step.pace.MOMENT", 0)
        yield


@pytest.fixture(scope="module")
def without_drawing() -> Iterator[None]:
    """Pictures, of which the tests of a module take no notice, are empty, made in a hundredth of the time."""
    from matplotlib.figure import Figure

    drawn, empty = Figure.savefig, {"png": PIXEL, "svg": b"<svg></svg>"}

    def saved(figure: Figure, target: Any, *, format: str, **options: Any) -> None:
        if format in empty:
            target.write(empty[format])
        else:
            drawn(figure, target, format=format, **options)

    with pytest.MonkeyPatch.context() as changes:
        changes.setattr(Figure, "savefig", saved)
        yield
