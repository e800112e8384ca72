"""Functions in terms of simpler ones, and dates in arithmetic, against SciPy, NumPy and Python's calendar."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import special

from nettrain.data.columns.dates import COMPONENTS, DAYS
from nettrain.export.calendar import COMPONENTS as FORMULAS_OF_DATES
from nettrain.export.calendar import component
from nettrain.export.evaluation import evaluate
from nettrain.export.node import ROWS, GraphNode, in_order
from nettrain.export.primitives import FORMULAS, lowered
from nettrain.export.traced import Traced

WIDE = np.concatenate([np.linspace(-30, 30, 1001), [0.0, 1e-10, -1e-10, 1e-300, -1e-300, 700.0]])
POINTS = {
    "ndtri": np.concatenate([np.linspace(1e-7, 1 - 1e-7, 1001), [1e-3, 0.075, 0.925]]),
    "log1p": np.concatenate([np.abs(WIDE), [-0.5, -0.999]]),
    "reciprocal": WIDE[WIDE != 0],
}
OTHERS = np.array([2.5])  # the second operand


def column() -> Traced:
    return Traced(GraphNode("input", (ROWS,), np.dtype(float), options={"column": "x"}))


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in ("interp", "erfc")])
def test_a_function_in_terms_of_others_is_numpys(name: str) -> None:
    ufunc = getattr(np, name, None) or getattr(special, name)
    others = [OTHERS] if ufunc.nin == 2 else []
    values = POINTS.get(name, WIDE)
    lower = lowered([ufunc(column(), *others).node], {"erfc"})
    assert name not in {node.operation for node in in_order(lower)}
    (actual,) = evaluate(lower, {"x": values}, len(values))
    np.testing.assert_allclose(actual, ufunc(values, *others), rtol=1e-14, atol=1e-300)


def test_erfc_is_that_of_the_c_library_far_out() -> None:
    """SciPy's is off by 1e-13 there."""
    values = np.concatenate([np.linspace(-27, 26, 20_001), [0.46875, -0.46875, 4.0, -4.0]])
    (actual,) = evaluate(lowered([special.erfc(column()).node], ()), {"x": values}, len(values))
    np.testing.assert_allclose(actual, [math.erfc(x) for x in values], rtol=1e-15)


@pytest.mark.parametrize(
    "points",
    [[0.0, 1.0, 1.0, 1.0, 3.0], [2.0], [1.0, 1.0], [-1.0, 0.5], sorted(k % 97 / 7 for k in range(1000))],
    ids=["steps", "one", "twice", "two", "many"],
)
def test_lines_between_points_are_numpys(points: list[float]) -> None:
    values = np.linspace(0.0, 1.0, len(points)) ** 2
    x = np.array([-2.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 9.0, np.nan])
    end = np.interp(column(), points, values).node
    (actual,) = evaluate(lowered([end], ()), {"x": x}, len(x))
    np.testing.assert_allclose(actual, np.interp(x, points, values), rtol=1e-15)


def test_what_is_known_stays() -> None:
    end = np.expm1(column()).node
    assert lowered([end], {"expm1"})[0].operation == "expm1"


@pytest.mark.parametrize("name", [*COMPONENTS, DAYS])
def test_the_parts_of_a_date_are_those_of_the_calendar(name: str) -> None:
    """Every 1,234,567 s of five hundred years, and the days around leap days."""
    first = datetime(1700, 2, 27, 23, 59, 59, tzinfo=UTC)
    dates = [first + timedelta(seconds=1_234_567 * k) for k in range(12_800)]
    leaps = [datetime(year, 2, 28, 22, 30, tzinfo=UTC) for year in (1900, 1996, 2000, 2100, 2024)]
    dates += [day + timedelta(hours=hours) for day in leaps for hours in range(0, 60, 3)]
    parts = {
        "year": lambda date: date.year,
        "month": lambda date: date.month,
        "day of week": lambda date: date.isoweekday(),
        "hour": lambda date: date.hour,
        DAYS: lambda date: (date - first) / timedelta(days=1),
    }
    seconds = np.array([(date - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() for date in dates])
    end = component(name, column(), first.timestamp()).node
    (actual,) = evaluate([end], {"x": seconds}, len(dates))
    assert [parts[name](date) for date in dates] == actual.tolist()


def test_every_component_of_dates_has_a_formula() -> None:
    assert set(COMPONENTS) == set(FORMULAS_OF_DATES)
