"""Every kernel's CUDA form does what its host form does: compiled by g++, run lane by lane on real arrays.

The arrays are those of training runs that use every kernel. A kernel is run with one lane, and with the lanes
that a GPU would use, taking turns in three different orders: a missing barrier would show as a difference.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nettrain
from nettrain.backend.cuda import iterations, program
from nettrain.backend.cuda.program import Arguments, arguments
from nettrain.backend.kernel import Kernel
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.philox import philox_words
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from tests.double.on_host import COMPILER, flattened, run
from tests.trained import IRIS, data_of, experiment, trained
from tests.variants import overrides, variants

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no g++")
LAYERS = [
    "model.batch_norm=true",
    "model.dropout=0.4",
    "model.input_noise=0.1",
    "regularization={l1: 0.01, l2: 0.01, max_norm: 1}",
    "training.clip_norm=0.5",
    "training.clip_value=0.1",
]
ORDERS = (0, 1, 2)


def every_kernel() -> dict[str, Kernel]:
    """All kernels of the package that are for arrays without gaps, by name."""
    names = [one.name for one in pkgutil.walk_packages(nettrain.__path__, "nettrain.")]
    rooms = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    return {
        value.__name__: value for room in rooms for value in vars(room).values() if isinstance(value, Kernel)
    }


KERNELS = every_kernel()


def specs(folder: Path, dtype: str) -> Iterator[list[str]]:
    """Overrides of runs that use every kernel between them."""
    yield LAYERS
    for name, options in variants(optimizers).values():
        if not optimizers[name].whole:
            yield overrides("optimizer", name, options)
    for name, options in variants(activations).values():
        if activations[name].outputs_only:
            yield [
                *data_of("distributions", folder),
                *overrides("model.output_activation", name, options),
                "loss=mse",
            ]
        else:
            yield overrides("model.activation", name, options)
    for label, (name, options) in variants(losses).items():
        for targets in losses[name].fits:
            where = folder / f"{label}-{targets}".replace(" ", "_")
            where.mkdir(exist_ok=True)
            yield [*data_of(targets, where), *overrides("loss", name, options)]


class Recorder:
    """Takes the place of `NumpyBackend.launch`: of each kernel and types of arrays, one call is compared."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, Arguments]] = set()
        self.compared: set[str] = set()

    def launch(self, backend: NumpyBackend, kernel: Kernel, work: int, *arrays: Any) -> Any:
        call = kernel.bind(work, backend.threads, arrays)
        key = (kernel.__name__, arguments(arrays))
        if key in self.seen:
            return call
        self.seen.add(key)
        fresh = [True]

        def compared() -> None:
            if fresh.pop() if fresh else False:
                self.compared.add(kernel.__name__)
                compare(kernel, work, arrays)
            call()

        return compared


def copies(arrays: Sequence[Any]) -> list[Any]:
    """Copies of the arrays; those that share memory share it again."""
    kept: dict[int, Any] = {}
    copied = []
    for array in arrays:
        if not isinstance(array, np.ndarray):
            copied.append(array)
            continue
        raw = kept.setdefault(
            array.ctypes.data, np.ascontiguousarray(array).view(np.uint8).reshape(-1).copy()
        )
        copied.append(raw.view(array.dtype).reshape(array.shape))
    return copied


def compare(kernel: Kernel, work: int, arrays: Sequence[Any]) -> None:
    """Run both forms on copies of these arrays."""
    expected = copies(arrays)
    kernel(*expected)
    made = program(kernel, arrays)
    count = iterations(kernel, arrays)
    grid, block = made.geometry(count, work)
    alone = ((count,), (1, 1))
    for (grid, block), order in [(alone, 0), *(((grid, block), order) for order in ORDERS)]:
        ours = copies(arrays)
        run(made.source, made.name, grid[0], block, flattened(count, ours), order)
        for one, (got, want) in enumerate(zip(ours, expected, strict=True)):
            if isinstance(got, np.ndarray):
                where = f"{kernel.__name__}, argument {one}, block {block}, order {order}"
                assert_near(got, want, where)


def assert_near(got: np.ndarray, want: np.ndarray, where: str) -> None:
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, where)
    else:
        size = float(np.max(np.abs(want), initial=0, where=np.isfinite(want)))
        close = 1e-5 if got.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(got, want, rtol=close, atol=close * size, err_msg=where)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kernel_on_the_arrays_of_training(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(
        NumpyBackend,
        "launch",
        lambda self, kernel, work, *arrays: recorder.launch(self, kernel, work, *arrays),
    )
    text = IRIS.replace("epochs: 6", "epochs: 1").replace("threads: 1", f"threads: 1, dtype: {dtype}")
    for extra in specs(tmp_path, dtype):
        members = [experiment(text, *extra, f"seed={r}") for r in range(3)]
        trained(members)
    compare_words()
    assert set(KERNELS) - {philox_words.__name__} == recorder.compared


def compare_words() -> None:
    rng = np.random.default_rng(0)
    counters, key = (
        rng.integers(2**32, size=(5, 4), dtype=np.uint64),
        rng.integers(2**32, size=2, dtype=np.uint64),
    )
    compare(philox_words, 20, (np.zeros_like(counters), counters, key))
