"""Scalings: what each does to the rows it was fitted on, for every entry of the registry."""

import numpy as np
import pytest

from nettrain.data.scaling import scalings

X = np.column_stack([np.linspace(-3, 9, 50) ** 3, np.full(50, 0.1), np.arange(50) % 7 * 1e6])


def scaled(name, x=X, **numbers):
    s = scalings[name](**numbers)
    return s.apply(s, s.fit(s, X), x)


def test_the_registry_holds_what_is_tested_here():
    assert [
        "none",
        "standard",
        "minmax",
        "max_abs",
        "center",
        "channel",
        "robust",
        "quantile_normal",
        "divide",
    ] == list(scalings)


@pytest.mark.parametrize("name", list(scalings))
def test_fitting_leaves_the_rows_alone_and_a_row_stands_for_itself(name):
    before = X.copy()
    rows = scaled(name)
    np.testing.assert_array_equal(before, X)
    np.testing.assert_array_equal(rows[7:9], scaled(name, X[7:9]))


def test_none():
    np.testing.assert_array_equal(X, scaled("none"))


def test_standard_centres_and_divides_and_only_centres_a_constant():
    rows = scaled("standard")
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=0), [1, 0, 1], atol=1e-12)
    np.testing.assert_array_equal(rows[:, 1], 0)
    assert scaled("standard", X + [0, 1, 0])[0, 1] == 1


@pytest.mark.parametrize("bounds", [(0, 1), (-1, 1)])
def test_minmax_reaches_its_bounds(bounds):
    rows = scaled("minmax", range=[float(bound) for bound in bounds])
    np.testing.assert_allclose(rows.min(axis=0), bounds[0], atol=1e-12)
    np.testing.assert_allclose(rows.max(axis=0), [bounds[1], bounds[0], bounds[1]], atol=1e-12)


def test_divide():
    np.testing.assert_array_equal(X / 16, scaled("divide", by=16))
