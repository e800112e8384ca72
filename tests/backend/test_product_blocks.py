"""Products in blocks: cut by their sizes alone, and the same bits for any number of threads."""

import numpy as np
import pytest

from nettrain.backend.native_replay import NativeReplay
from nettrain.backend.numpy import PRODUCTS, TAPE, NumpyBackend
from nettrain.backend.product_blocks import UNITS, block_count, blocks_of, slices


@pytest.mark.parametrize(
    ("length", "count", "unit", "expected"),
    [
        (512, 2, 64, [256, 256]),
        (784, 2, 64, [384, 400]),
        (200, 2, 32, [96, 104]),
        (100, 8, 64, [100]),  # no second block of 64
        (130, 8, 64, [64, 66]),
        (1000, 4, 192, [192, 384, 192, 232]),
        (5, 1, 64, [5]),
    ],
)
def test_slices_begin_at_multiples_and_none_is_short(length, count, unit, expected):
    found = list(slices(length, count, unit))
    assert [part.stop - part.start for part in found] == expected
    assert [part.start for part in found] == np.cumsum([0, *expected])[:-1].tolist()


def test_larger_products_have_more_blocks():
    counts = [block_count(n, n, n) for n in (100, 200, 500, 1000)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1] > 2) == (1, True)


@pytest.mark.parametrize(("rows", "columns"), [(512, 256), (256, 512)])
def test_the_longer_side_of_every_member_is_cut(rows, columns):
    a, b, out = np.zeros((2, rows, 700)), np.zeros((1, 700, columns)), np.zeros((2, rows, columns))
    found = [(block.member, block.rows, block.columns) for block in blocks_of(a, b, out)]
    parts = slice(0, 192), slice(192, 512)
    tall = [(r, part, slice(0, 256)) for r in range(2) for part in parts]
    assert found == (tall if rows > columns else [(r, short, part) for r, part, short in tall])


SHAPES = {
    "wide": (2, 128, 300, 512),
    "tall": (1, 784, 64, 200),
    "many blocks": (1, 700, 400, 260),
    "a row": (1, 1, 3000, 300),
    "a column": (1, 900, 400, 1),
    "members": (3, 130, 200, 170),
}


def product(threads, shape, dtype, transposed):
    """The bits of a product with bias, clamp and mask, as a tape computes it, and NumPy's result."""
    members, n, m, k = shape
    rng, backend = np.random.default_rng(0), NumpyBackend(dtype, threads)
    a, b = (backend.from_host(rng.normal(size=size)) for size in ((members, n, m), (members, m, k)))
    if transposed:
        a, b = (np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) for x in (a, b))
    w, out = backend.from_host(rng.normal(size=(members, k + 5))), backend.zeros((members, n, k))
    mask = backend.from_host(rng.normal(size=out.shape))
    replay = backend.capture([backend.product(a, b, out, bias=(w, 5), clamp_min=-1.5, relu_mask=mask)])
    replay.repeat(3)
    return type(replay), out.tobytes(), np.maximum(np.matmul(a, b) + w[:, None, 5:], -1.5) * (mask > 0)


@pytest.mark.parametrize("transposed", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("by", ["tiles", "blas"])
def test_bits_do_not_depend_on_threads_nor_on_who_makes_the_calls(by, shape, dtype, transposed, monkeypatch):
    monkeypatch.setenv(PRODUCTS, by)
    results = [product(threads, SHAPES[shape], dtype, transposed) for threads in (1, 2, 3, 4)]
    assert {kind for kind, _, _ in results} == {NativeReplay}
    monkeypatch.setenv(TAPE, "python")
    kind, bits, expected = product(1, SHAPES[shape], dtype, transposed)
    assert kind is not NativeReplay
    assert {bits for _, bits, _ in results} == {bits}
    tolerance = {"float32": 3e-4, "float64": 1e-11}[dtype]
    np.testing.assert_allclose(np.frombuffer(bits, dtype).reshape(expected.shape), expected, atol=tolerance)


def test_members_have_the_bits_they_have_alone():
    for shape in SHAPES.values():
        _, n, m, k = shape
        rng, backend = np.random.default_rng(0), NumpyBackend("float32", 2)
        a, b = (backend.from_host(rng.normal(size=size)) for size in ((5, n, m), (5, m, k)))
        out, alone = backend.zeros((5, n, k)), backend.zeros((1, n, k))
        backend.product(a, b, out)()
        backend.product(a[3:4], b[3:4], alone)()
        assert out[3].tobytes() == alone.tobytes()


def test_a_unit_is_a_whole_vector_of_numbers():
    assert all(unit * size % 64 == 0 for size, unit in UNITS.items())
