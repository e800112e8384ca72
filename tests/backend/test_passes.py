"""Kernels in one launch give the same results as one after the other; and which ones may not share a launch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from nettrain.backend.base import Array
from nettrain.backend.cuda.launches import CallSequence, ColumnSums, PassLaunch, merge_launches
from nettrain.backend.cuda.passes import KernelPass, Sums, fused, fused_with_sums
from nettrain.backend.cuda.rowwise import rowwise
from nettrain.backend.kernel import Kernel, prange
from nettrain.backend.product import add_bias, apply_relu_mask
from nettrain.catalogue.activations import activations
from nettrain.catalogue.columns import columns
from nettrain.model.layers.batch_norm import normalise_by_running
from tests.fake_cupy.arrays import device
from tests.fake_cupy.on_host import COMPILER, compiled, flattened, run

SHAPES = [(3, 7, 40), (1, 70, 33)]  # fewer rows than threads, and more; strips that are not full
PLAIN = {
    name: entry
    for name, entry in activations.items()
    if entry.elementwise and not entry().learned and not entry.identity
}
FORWARD = {name: one.forward_kernel for name, one in PLAIN.items() if one.forward_kernel is not None}
BACKWARD = {name: one.backward_kernel for name, one in PLAIN.items() if one.backward_kernel is not None}


def arrays(shape: tuple[int, int, int], count: int, seed: int = 0) -> list[Any]:
    """So many device arrays of random numbers."""
    drawn = np.random.default_rng(seed)
    return [device(drawn.normal(size=shape)) for _ in range(count)]


def numbers_of(name: str, members: int) -> Any:
    entry = activations[name]
    return device(columns(entry().kernel_numbers(), members))


def biased(shape: tuple[int, int, int], z: Any) -> KernelPass:
    w, limit = device(np.random.default_rng(1).normal(size=(shape[0], 90))), device(np.array([-np.inf]))
    return KernelPass(((add_bias, (z, w, 11, limit)),), z.size)


def forward(name: str, shape: tuple[int, int, int]) -> KernelPass:
    """A bias and an activation behind it."""
    z, a = arrays(shape, 2)
    both = fused(biased(shape, z), KernelPass(((FORWARD[name], (z, a, numbers_of(name, shape[0]))),), z.size))
    assert both is not None
    return both


def backward(name: str, shape: tuple[int, int, int]) -> KernelPass:
    """The slope of an activation, with the bias's gradient."""
    delta, z, a = arrays(shape, 3)
    gradient = device(np.zeros((shape[0], 100)))
    one = KernelPass(((BACKWARD[name], (delta, z, a, numbers_of(name, shape[0]))),), z.size)
    both = fused_with_sums(one, Sums(delta, gradient, 9))
    assert both is not None
    return both


def masked(shape: tuple[int, int, int]) -> KernelPass:
    delta, mask = arrays(shape, 2)
    both = fused_with_sums(
        KernelPass(((apply_relu_mask, (delta, mask)),), mask.size),
        Sums(delta, device(np.zeros((shape[0], 99))), 5),
    )
    assert both is not None
    return both


def host(argument: Any, kept: dict[int, Any]) -> Any:
    """A copy on the host; what is one array stays one."""
    if not hasattr(argument, "_host"):
        return argument
    return kept.setdefault(id(argument._host), argument._host.copy())


def one_by_one(what: KernelPass) -> list[Any]:
    """The arguments after the kernels of the host, and sums in NumPy."""
    kept: dict[int, Any] = {}
    arguments = [host(one, kept) for one in what.arguments]
    for kernel, arrays in what.parts:
        kernel(*(host(one, kept) for one in arrays))
    if what.sums is not None:
        x, w, start = host(what.sums.x, kept), host(what.sums.w, kept), what.sums.start
        w[:, start : start + x.shape[2]] = x.sum(axis=1)
    return arguments


def at_once(what: KernelPass, order: int) -> list[Any]:
    kept: dict[int, Any] = {}
    arguments = [host(one, kept) for one in what.arguments]
    (grid,), block = what.geometry
    run(what.program.source, what.program.name, grid, block, flattened(what.iterations, arguments), order)
    return arguments


@pytest.mark.skipif(COMPILER is None, reason="no g++")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_launch_does_what_several_did(shape: tuple[int, int, int]) -> None:
    passes = [masked(shape), *(forward(name, shape) for name in FORWARD)]
    passes += [backward(name, shape) for name in BACKWARD]
    compile_all(passes)
    for what in passes:
        expected = one_by_one(what)
        for order in range(3):
            for got, want in zip(at_once(what, order), expected, strict=True):
                np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=what.program.name)


def compile_all(passes: Sequence[KernelPass]) -> None:
    """Translated one by one, because Python 3.11 cannot parse in several threads; compiled in parallel."""
    made = [(what.program, len(flattened(0, [host(a, {}) for a in what.arguments]))) for what in passes]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: compiled(one[0].source, one[0].name, one[1]), made))


def launch(kernel: Kernel, *arguments: Any) -> PassLaunch:
    return PassLaunch(KernelPass(((kernel, arguments),), arguments[0].size), lambda _: None)  # type: ignore[arg-type, return-value]


def test_a_list_of_calls_becomes_shorter() -> None:
    shape, order = (2, 5, 6), []
    z, a, delta = arrays(shape, 3)
    gradient, product = device(np.zeros((2, 20))), lambda: order.append("product")
    bias = launch(add_bias, *biased(shape, z).parts[0][1])
    calls = [
        *[CallSequence([product, bias]), launch(FORWARD["sigmoid"], z, a, numbers_of("sigmoid", 2)), product],
        *[launch(apply_relu_mask, delta, a), ColumnSums(Sums(delta, gradient, 0), product), product],
    ]
    fewer = merge_launches(calls)
    kinds = [one.what.program.name if isinstance(one, PassLaunch) else "product" for one in fewer]
    assert kinds == ["product", "add_bias__sigmoid_forward", "product", "apply_relu_mask__sums", "product"]


def test_what_reads_another_row_that_is_written_stays_apart() -> None:
    z, a, w = *arrays((2, 5, 6), 2), device(np.zeros((2, 60)))
    first = KernelPass(((add_bias, (z, w, 0, device(np.zeros(1)))),), z.size)
    onto = KernelPass(((add_bias, (a, device(z._host.reshape(2, 30)), 0, device(np.zeros(1)))),), z.size)
    assert fused(first, onto) is None
    assert fused(onto, first) is None
    shifted = device(np.zeros(100)[4:64].reshape(2, 5, 6))
    part = device(shifted._host.base[:60].reshape(2, 5, 6))
    assert (
        fused(
            KernelPass(((apply_relu_mask, (shifted, z)),), 60),
            KernelPass(((apply_relu_mask, (part, z)),), 60),
        )
        is None
    )


def test_other_rows_need_another_pass() -> None:
    z, a = arrays((2, 6, 5), 2)
    x, y = arrays((3, 4, 5), 2)  # as many rows, otherwise divided
    assert (
        fused(KernelPass(((apply_relu_mask, (z, a)),), 60), KernelPass(((apply_relu_mask, (x, y)),), 60))
        is None
    )
    few = arrays((2, 5, 5), 2)
    assert (
        fused(KernelPass(((apply_relu_mask, (z, a)),), 60), KernelPass(((apply_relu_mask, tuple(few)),), 50))
        is None
    )


def test_sums_stay_apart_unless_it_is_safe_and_fast() -> None:
    delta, mask = arrays((1, 2000, 3), 2)
    w = device(np.zeros((1, 9)))
    assert (
        fused_with_sums(KernelPass(((apply_relu_mask, (delta, mask)),), 6000), Sums(delta, w, 0)) is None
    ), "many rows"
    delta, mask = arrays((2, 5, 3), 2)
    one = KernelPass(((apply_relu_mask, (delta, mask)),), 30)
    assert fused_with_sums(one, Sums(mask, w, 0)) is None, "another array"
    assert fused_with_sums(one, Sums(delta, device(mask._host.reshape(2, 15)), 0)) is None, (
        "onto what is read"
    )
    softmax = activations["softmax"].forward_kernel
    assert softmax is not None
    joint = KernelPass(((softmax, (delta, mask, device(np.zeros((2, 0))))),), 30)
    assert fused_with_sums(joint, Sums(delta, w, 0)) is None, "numbers of a row that need each other"


def test_several_calls_are_made_in_order() -> None:
    seen: list[str] = []
    CallSequence([lambda: seen.append("product"), lambda: seen.append("bias")])()
    assert ["product", "bias"] == seen


def last_of_each_member(z: Array, last: Array) -> None:
    for k in prange(z.shape[0] * z.shape[1]):
        r, i = k // z.shape[1], k % z.shape[1]
        row = z[r, i]
        last[r, 0] = row[0]


def of_unequal_parts(z: Array, rows: int, columns: int) -> None:
    for k in prange(z.shape[0] * rows):
        r, i = k // rows, k % columns
        z[r, i, 0] = 1


@pytest.mark.parametrize("body", [last_of_each_member, of_unequal_parts])
def test_what_writes_more_than_its_row_does_not_go_by_rows(body: FunctionType) -> None:
    assert rowwise(body) is None


def test_which_kernels_go_by_rows() -> None:
    assert rowwise(normalise_by_running.body) is None
    for name in PLAIN:
        for kernel in (FORWARD.get(name), BACKWARD.get(name)):
            access = rowwise(kernel.body) if kernel is not None else None
            assert kernel is None or (access is not None and access.elementwise), name
