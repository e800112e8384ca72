"""Products by tiles are right, and an element has the same bits wherever it lies."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nettrain.backend import product
from nettrain.backend.choose import open_backend
from nettrain.backend.product_blocks import ProductBlock
from nettrain.backend.small_products import FUSED

SHAPES = [
    (64, 64, 64),
    (64, 10, 32),
    (7, 100, 13),
    (1, 33, 5),
    (9, 1, 3),
    (3, 2, 1),
    (130, 17, 4),
    (50, 81, 40),
    (70, 170, 90),
    (5, 200, 300),
    (260, 165, 33),
]


def operands(shape: tuple[int, int, int], dtype: str, members: int, seed: int = 0) -> Iterator[np.ndarray]:
    """a (R, n, m), b (R, m, k) with gaps between members, and w (R, 3 + k) with a bias at 3."""
    rows, columns, depth = shape
    generator = np.random.default_rng(seed)
    yield generator.normal(size=(members, rows, depth)).astype(dtype)
    yield generator.normal(size=(members, depth + 2, columns)).astype(dtype)[:, 1:-1]
    yield generator.normal(size=(members, columns + 3)).astype(dtype)


def multiplied(
    dtype: str, a: np.ndarray, b: np.ndarray, w: np.ndarray | None = None, **rest: Any
) -> np.ndarray:
    """The backend's product, with the bias that begins at the fourth number of w's rows."""
    backend = open_backend("numpy", dtype=dtype, threads=1)
    out = np.full((max(len(a), len(b)), a.shape[1], b.shape[2] + 1), np.nan, dtype)
    backend.product(a, b, out[:, :, :-1], bias=None if w is None else (w, 3), **rest)()
    assert np.isnan(out[:, :, -1]).all()  # nothing is written beside it
    return out[:, :, :-1]


def transposed(x: np.ndarray) -> np.ndarray:
    """The same numbers, of which those of a column lie side by side."""
    return np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2)


@pytest.fixture
def no_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test if a product goes through a BLAS."""

    def product(*_: object) -> None:
        pytest.fail("this one was meant for tiles")

    monkeypatch.setattr(ProductBlock, "product", product)


@pytest.mark.skipif(not FUSED, reason="this machine has no fused multiply-add")
@pytest.mark.usefixtures("no_blas")
class TestProductsByTiles:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_they_are_products(self, shape: tuple[int, int, int], dtype: str) -> None:
        a, b, w = operands(shape, dtype, 3)
        expected = a.astype(np.longdouble) @ b.astype(np.longdouble)
        close = {"rtol": 0, "atol": 40 * math.sqrt(shape[2]) * np.finfo(dtype).eps}
        np.testing.assert_allclose(multiplied(dtype, a, b), expected, **close)
        np.testing.assert_allclose(multiplied(dtype, transposed(a), b), expected, **close)
        np.testing.assert_allclose(multiplied(dtype, a, b, w), expected + w[:, None, 3:], **close)
        one = a[:1].astype(np.longdouble) @ b.astype(np.longdouble)
        np.testing.assert_allclose(multiplied(dtype, a[:1], b), one, **close)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", [(70, 170, 90), (5, 200, 300), (260, 165, 33)])
    def test_what_is_copied_first_changes_no_bit(self, shape: tuple[int, int, int], dtype: str) -> None:
        a, b, w = operands(shape, dtype, 2)
        expected = multiplied(dtype, a, b, w).tobytes()
        assert multiplied(dtype, a, transposed(b), w).tobytes() == expected
        assert multiplied(dtype, transposed(a), b, w).tobytes() == expected
        apart = np.full((2, b.shape[1], 40_000), np.nan, dtype)  # each row on a page of its own
        far = apart[:, :, 8 : 8 + b.shape[2]]
        far[...] = b
        assert multiplied(dtype, a, far, w).tobytes() == expected

    def test_an_element_is_the_fused_sum_in_order(self) -> None:
        a, b, w = operands((9, 3, 12), "float64", 1)
        for i, j in np.ndindex(9, 3):
            total = float(w[0, 3 + j])
            for x, y in zip(a[0, i].tolist(), b[0, :, j].tolist(), strict=True):
                total = float(Fraction(total) + Fraction(x) * Fraction(y))  # rounded once
            assert multiplied("float64", a, b, w)[0, i, j] == total

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_no_bit_depends_on_the_others(self, shape: tuple[int, int, int], dtype: str) -> None:
        a, b, w = operands(shape, dtype, 5)
        whole = multiplied(dtype, a, b, w)
        for r in range(5):
            alone = multiplied(dtype, a[r : r + 1], b[r : r + 1], w[r : r + 1])
            assert alone.tobytes() == whole[r : r + 1].tobytes()
        for i in range(shape[0]):
            row = multiplied(dtype, a[:, i : i + 1], b, w)
            assert row.tobytes() == whole[:, i : i + 1].tobytes()
        for j in range(shape[1]):
            column = multiplied(dtype, a, b[:, :, j : j + 1], w[:, j:])
            assert column.tobytes() == whole[:, :, j : j + 1].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_products_go_through_blas_and_get_their_bias(dtype: str) -> None:
    a, b, w = operands((100, 80, 70), dtype, 2)
    assert not product.is_small(a, b)
    np.testing.assert_array_equal(multiplied(dtype, a, b), np.matmul(a, b))
    np.testing.assert_array_equal(multiplied(dtype, a, b, w), np.matmul(a, b) + w[:, None, 3:])


@pytest.mark.parametrize("shape", [(64, 64, 64), (7, 10, 13), (3, 33, 5), (100, 80, 70)])
def test_a_product_is_clamped_and_masked(shape: tuple[int, int, int]) -> None:
    a, b, w = operands(shape, "float32", 2)
    w[0, 3], w[1, 4] = np.nan, -np.inf
    plain = multiplied("float32", a, b, w)
    relu_mask = np.random.default_rng(1).normal(size=plain.shape).astype("float32")
    relu_mask[0, 0, 1:4] = 0, -0.0, np.nan
    clamped, masked = (
        multiplied("float32", a, b, w, clamp_min=0.0),
        multiplied("float32", a, b, w, relu_mask=relu_mask),
    )
    assert np.isnan(plain[0, :, 0]).all()
    assert (plain[1, :, 1] == -np.inf).all()
    np.testing.assert_array_equal(clamped, np.where(plain < 0, 0, plain))
    np.testing.assert_array_equal(masked, np.where(relu_mask > 0, plain, 0))
    both = multiplied("float32", a, b, w, clamp_min=0.0, relu_mask=relu_mask)
    np.testing.assert_array_equal(both, np.where(relu_mask > 0, clamped, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(64, 32), (32, 10), (7, 19), (1, 1), (33, 64)])
def test_a_transpose_writes_nothing_else(shape: tuple[int, int], dtype: str) -> None:
    backend = open_backend("numpy", dtype=dtype, threads=1)
    rows, columns = shape
    w = np.random.default_rng(0).normal(size=(3, 5 + rows * columns)).astype(dtype)
    wide = np.full((3, columns + 2, rows), np.nan, dtype)
    out = wide[:, 1:-1]
    backend.transpose(out, w, 2)()
    np.testing.assert_array_equal(out, w[:, 2:-3].reshape(3, rows, columns).swapaxes(1, 2))
    assert np.isnan(wide[:, [0, -1]]).all()
