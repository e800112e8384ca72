"""Every kernel's CUDA form does what its host form does: compiled by g++, run thread by thread on real arrays.

The arrays are those of training runs that use every kernel. A kernel is run with one thread, and with the
threads that a GPU would use, in three different orders: a missing barrier would show as a difference.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from nettrain.backend.product import is_small, transpose
from nettrain.backend.rows import decode_alike, decode_by_column, take_rows
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.model.layers import embeddings, norms
from tests.fake_cupy import nvrtc
from tests.fake_cupy.on_host import COMPILER, compiled, flattened, run
from tests.trained import IRIS, data_of, experiment, trained
from tests.variants import overrides, variants

LAYERS = [
    "model.batch_norm=true",
    "model.dropout=0.4",
    "model.input_noise=0.1",
    "regularization={l1: 0.01, l2: 0.01, max_norm: 1}",
    "training.clip_norm=0.5",
    "training.clip_value=0.1",
]
ORDERS = (0, 1, 2)
APART = [LAYERS, ["model.activation=gelu"], ["model.activation=sigmoid", "loss=binary_cross_entropy"]]


def every_kernel() -> dict[str, Kernel]:
    """All kernels of the package that are for arrays without gaps, by name."""
    names = [one.name for one in pkgutil.walk_packages(nettrain.__path__, "nettrain.")]
    # CuPy, scikit-learn, onnx and Dask need not be installed
    needed = [
        name
        for name in names
        if not name.endswith(("__main__", ".cupy"))
        and not name.startswith(("nettrain.sklearn", "nettrain.export", "nettrain.sweep.cluster"))
    ]
    rooms = [importlib.import_module(name) for name in needed]
    return {
        value.__name__: value
        for room in rooms
        for value in vars(room).values()
        if isinstance(value, Kernel) and not value.strided
    }


def is_kernel(value: object) -> bool:
    return isinstance(value, Kernel)


KERNELS = every_kernel()


def specs(folder: Path) -> Iterator[list[str]]:
    """Overrides of runs that use every kernel between them."""
    yield LAYERS
    yield ["model.dropout=0.4", "model.dropout_schedule=cosine"]
    yield ["training.diagnostics=true"]
    yield ["training.history=step"]
    for name in norms:
        yield [f"model.norm={name}", "model.residual=true"]
    yield ["model.parametrization=neural_tangent"]
    clamped = [*data_of("numbers", folder), "model.clamp_outputs=true"]
    yield clamped
    yield [*clamped, "loss=pinball"]
    for kind in ("batch_ensemble", "mini", "packed"):
        yield [f"model.sub_members={{count: 3, kind: {kind}}}", "model.dropout=0.2"]
    yield ["model.sub_members=3", "model.activation=relu"]
    yield ["model.sub_members=3", "model.activation=relu", "model.dropout=0.2"]
    shared = "model.sub_members={count: 3, own_batches: false}"
    for targets, loss in {
        "numbers": "mse",
        "counts": "poisson",
        "two classes": "binary_cross_entropy",
    }.items():
        (folder / loss).mkdir(exist_ok=True)
        yield [*data_of(targets, folder / loss), f"loss={loss}", shared, "model.input_scale=true"]
    yield ["data.source=builtin:penguins", "data.one_hot_up_to=2", "model.embeddings=linear_relu"]
    for name, options in variants(embeddings).values():
        yield overrides("model.embeddings", name, options)
    yield ["model.hidden=[160, 160]"]  # whose products go through a BLAS
    yield ["model.hidden=[160, 160]", "model.activation=relu"]
    yield ["model.hidden=[512, 300]", "model.activation=relu", "training.batch_size=64"]  # products in blocks
    rectified = ["model.batch_norm=true", "model.activation=relu", "model.output_activation=relu", "loss=mse"]
    yield [*data_of("numbers", folder), *rectified]  # not by a product
    for name, options in variants(optimizers).values():
        if not optimizers[name].full_batch:
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


@dataclass(frozen=True)
class Recorded:
    """A kernel, and the arrays on which training was about to call it."""

    kernel: Kernel
    work: int
    arrays: list[Any]


class Recorder:
    """Takes the place of `NumpyBackend.launch`: the first call for each kernel and types of arrays is kept."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, Arguments], Recorded] = {}

    def launch(self, backend: NumpyBackend, kernel: Kernel, work: int, *arrays: Any) -> Any:
        call, key = kernel.bind(work, arrays), (kernel.__name__, arguments(arrays))

        def kept() -> None:
            if key not in self.calls and not kernel.strided:
                self.calls[key] = Recorded(kernel, work, copies(arrays))
            call()

        return kept


@pytest.fixture(scope="module", params=["float32", "float64"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    recorder, dtype = Recorder(), request.param
    text = IRIS.replace("epochs: 6", "epochs: 1").replace("threads: 1", f"threads: 1, dtype: {dtype}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NumpyBackend, "rows_per_sum", 8)  # as few as on a device
        patch.setattr(NumpyBackend, "launch", lambda *call: recorder.launch(*call))  # noqa: PLW0108 a method
        patch.setattr(
            "nettrain.backend.numpy.takes_tiles", is_small
        )  # a few products meet what follows a BLAS
        everything = dtype == "float32"  # the other type is for what treats both apart
        for extra in specs(tmp_path_factory.mktemp("data")) if everything else APART:
            some = [experiment(text, *extra, f"seed={r}") for r in range(3)]
            trained(some, recorded=some[0].training.diagnostics or some[0].training.history == "step")
    return list(recorder.calls.values())


def compile_all(recorded: Sequence[Recorded]) -> None:
    """Translated one by one, because Python 3.11 cannot parse in several threads; compiled in parallel."""
    made = [(program(one.kernel, one.arrays), len(flattened(0, one.arrays))) for one in recorded]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: compiled(one[0].source, one[0].name, one[1]), made))


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


def test_every_kernel_is_met_in_training(recorded: list[Recorded]) -> None:
    elsewhere = {one.__name__ for one in (philox_words, take_rows, transpose, decode_alike, decode_by_column)}
    met = {one.kernel.__name__ for one in recorded}
    assert met <= set(KERNELS)
    if any(
        array.dtype == np.float32 for one in recorded for array in one.arrays if isinstance(array, np.ndarray)
    ):
        assert set(KERNELS) - elsewhere == met - elsewhere


@pytest.mark.skipif(COMPILER is None, reason="no g++")
def test_every_kernel_on_the_arrays_of_training(recorded: list[Recorded]) -> None:
    compile_all(recorded)
    for one in recorded:
        compare(one.kernel, one.work, one.arrays)


@pytest.mark.skipif(COMPILER is None, reason="no g++")
def test_nan_goes_through_every_loss_on_a_device_too(recorded: list[Recorded]) -> None:
    names = {form.__name__ for _, entry in losses.items() for form in vars(entry).values() if is_kernel(form)}
    for one in recorded:
        if one.kernel.__name__ in names:
            arrays = copies(one.arrays)
            output, total = arrays[0], arrays[-1]
            output[:, output.shape[1] // 2, -1] = np.nan
            compare(one.kernel, one.work, arrays)
            one.kernel(*arrays)
            assert np.isnan(total[:, 0]).all()


@pytest.mark.skipif(nvrtc.library() is None, reason="no NVRTC: pip install 'nettrain[cuda-compile]'")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_every_kernel_compiles_for_a_device(recorded: list[Recorded], architecture: str) -> None:
    for one in recorded:
        assert nvrtc.compile_for(program(one.kernel, one.arrays).source, architecture)


@pytest.mark.skipif(COMPILER is None, reason="no g++")
def test_random_words() -> None:
    rng = np.random.default_rng(0)
    counters, key = (rng.integers(2**32, size=size, dtype=np.uint64) for size in ((5, 4), 2))
    compare(philox_words, 20, (np.zeros_like(counters), counters, key))


@pytest.mark.skipif(COMPILER is None, reason="no g++")
@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_rows_of_a_table(kind: str) -> None:
    rng = np.random.default_rng(0)
    table, index = rng.normal(size=(9, 40)).astype(kind), rng.integers(9, size=6)
    out = np.zeros((6, 40), kind)
    compare(take_rows, out.size, (table, index, out))
    take_rows(table, index, out)
    np.testing.assert_array_equal(out, table[index])


@pytest.mark.skipif(COMPILER is None, reason="no g++")
def test_coded_rows_of_a_table() -> None:
    rng = np.random.default_rng(0)
    codes, rows, index = (
        rng.integers(256, size=(9, 40)).astype(np.uint8),
        rng.permutation(9),
        rng.integers(9, size=6),
    )
    table, out = rng.normal(size=(40, 256)).astype(np.float32), np.zeros((6, 40), np.float32)
    compare(decode_by_column, out.size, (codes, rows, index, table, out))
    compare(decode_alike, out.size, (codes, rows, index, table[3], out))


@pytest.mark.skipif(COMPILER is None, reason="no g++")
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_transposed_matrices(kind: str) -> None:
    w = np.random.default_rng(0).normal(size=(3, 64)).astype(kind)
    compare(transpose, 72, (np.zeros((3, 4, 6), kind), w, 16))
