"""Split conformal intervals: ranks by hand, and their coverage, which is known exactly."""

import numpy as np
import pytest

from nettrain.catalogue.calibrations.conformal import ConformalIntervals, ConformalResiduals, SplitConformal


def fitted(predictions: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> ConformalResiduals:
    found = SplitConformal.fit(predictions, y, np.ones(len(y)) if weight is None else weight)
    assert isinstance(found, ConformalResiduals)
    return found


def test_the_rank_is_that_of_one_row_more() -> None:
    found = fitted(np.zeros(9), np.array([3.0, -1, 2, -4, 5, 6, -7, 8, 9]))
    # ⌈10·p⌉ of 1, …, 9
    assert [found.half_width(p) for p in (0.1, 0.5, 0.55, 0.9)] == [1, 5, 6, 9]
    assert found.half_width(0.91) is None
    assert fitted(np.zeros(8), np.arange(8.0)).half_width(0.9) is None


def test_rows_without_weight_do_not_count() -> None:
    found = fitted(np.zeros(4), np.array([1.0, 50, 2, 3]), np.array([1.0, 0, 2, 1]))
    assert (found.rows, found.residuals) == (3, [1, 2, 3])


@pytest.mark.parametrize(("rows", "probability"), [(19, 0.9), (24, 0.5), (99, 0.8)])
def test_new_rows_lie_inside_as_often_as_the_rank_says(rows: int, probability: float) -> None:
    """Of residuals that are exchangeable, rank/(n+1) of new ones are not larger (Vovk et al. 2005)."""
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(4000):
        sizes = rng.exponential(size=rows + 1)
        half = fitted(np.zeros(rows), sizes[1:]).half_width(probability)
        assert half is not None
        inside.append(sizes[0] <= half)
    assert np.mean(inside) == pytest.approx(np.ceil((rows + 1) * probability) / (rows + 1), abs=0.02)


def test_of_many_rows_the_next_larger_residual_is_stored() -> None:
    sizes = np.random.default_rng(0).gamma(2.0, size=50_000)
    found = ConformalResiduals.model_validate(fitted(np.zeros(50_000), sizes).model_dump())
    assert len(found.residuals) == 1000
    for probability in (0.001, 0.5, 0.9, 0.99, 0.9999):
        exact = np.sort(sizes)[int(np.ceil(50_001 * probability)) - 1]
        stored = found.half_width(probability)
        assert stored is not None
        assert exact <= stored <= np.quantile(sizes, min(1, probability + 0.0011))


def test_ends_of_several_runs_and_targets() -> None:
    first, second = (fitted(np.zeros(9), scale * np.arange(1.0, 10)) for scale in (1.0, 10.0))
    numbers = np.array([[0.0, 100.0], [1.0, 200.0]])
    one, other = (ConformalIntervals.of(numbers + k, (first, second)) for k in (0, 2))
    assert one.quantiles((0.05, 0.95))[0].tolist() == [[-9, 9], [10, 190]]
    together = one.combined([ConformalIntervals.of(numbers + 2, (second, second))])
    assert together.quantiles((0.5, 0.95))[0].tolist() == [[1, 1 + (9 + 90) / 2], [101, 191]]
    below = one.above([other])
    np.testing.assert_array_equal(below.quantiles((0.95,))[2:], other.quantiles((0.95,)))
    assert below.intervals == (0.9,)
    assert ConformalIntervals.of(numbers, (fitted(np.zeros(3), np.ones(3)),) * 2).intervals == ()
