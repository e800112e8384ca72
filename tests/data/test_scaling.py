"""Scalings: what each does to the rows it was fitted on, for every entry of the registry.

Literal rows are scikit-learn 1.9's StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler and
QuantileTransformer on the same five rows.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from nettrain.data.columns.scaling import scalings
from nettrain.errors import DataError

NAMES = ("a", "b", "c")
PIXELS = [f"p{k}" for k in range(12)]
X = np.column_stack([np.linspace(-3, 9, 50) ** 3, np.full(50, 0.1), np.arange(50) % 7 * 1e6])


def scaled(name, x=X, **numbers):
    s = scalings[name](**numbers)
    return s.apply(s.join(s.fit(X), NAMES), x)


def test_the_registry_holds_what_is_tested_here():
    assert [
        "none",
        "standard",
        "minmax",
        "max_abs",
        "divide",
        "center",
        "channel",
        "quantile_normal",
        "quantile",
        "robust",
        "robust_clip",
    ] == list(scalings)


@pytest.mark.parametrize("name", list(scalings))
def test_fitting_leaves_the_rows_alone_and_a_row_stands_for_itself(name):
    before = X.copy()
    rows = scaled(name)
    np.testing.assert_array_equal(before, X)
    np.testing.assert_array_equal(rows[7:9], scaled(name, X[7:9]))


@pytest.mark.parametrize("name", list(scalings))
def test_what_is_fitted_has_the_names_and_axes_that_files_are_checked_against(name):
    x = np.arange(60.0).reshape(20, 3) ** 1.5
    for settings in ({}, {"by": [1.0, 2.0, 3.0]}) if name == "divide" else ({},):
        scaling = scalings[name](**settings)
        fitted = scaling.join(scaling.fit(x), ["a", "b", "c"])
        assert scaling.fitted_arrays == {key: array.ndim for key, array in fitted.items()}


def test_none():
    np.testing.assert_array_equal(X, scaled("none"))


def test_standard_centres_and_divides_and_only_centres_a_constant():
    rows = scaled("standard")
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=0), [1, 0, 1], atol=1e-12)
    np.testing.assert_array_equal(rows[:, 1], 0)
    assert scaled("standard", X + np.array([0, 1, 0]))[0, 1] == 1


@pytest.mark.parametrize("bounds", [(0, 1), (-1, 1)])
def test_minmax_reaches_its_bounds(bounds):
    rows = scaled("minmax", range=[float(bound) for bound in bounds])
    np.testing.assert_allclose(rows.min(axis=0), bounds[0], atol=1e-12)
    np.testing.assert_allclose(rows.max(axis=0), [bounds[1], bounds[0], bounds[1]], atol=1e-12)


def test_divide():
    np.testing.assert_array_equal(X / 16, scaled("divide", by=16))


def test_divide_by_a_list_has_a_divisor_for_each_column():
    np.testing.assert_array_equal(X / [16, 0.5, 1e6], scaled("divide", by=[16, 0.5, 1e6]))
    with pytest.raises(DataError) as caught:
        scaled("divide", by=[1.0, 2.0])
    assert "data.scaling.by: 2 divisors for 3 columns of numbers (a, b, c)" == str(caught.value)


def test_divide_by_name_leaves_the_others():
    np.testing.assert_array_equal(X / [1, 1, 1e6], scaled("divide", by={"c": 1e6}))
    with pytest.raises(DataError) as caught:
        scalings["divide"](by={"agee": 2.0}).join({"scale": np.ones(2)}, ["name", "age"])
    text = 'data.scaling.by: no column of numbers "agee", did you mean "age"?'
    assert text == str(caught.value)


FIVE = np.array([[1, -2, 0.5], [4, 0, 0.5], [2, 10, 0.5], [8, -5, 0.5], [3, 1, 0.5]])
NEW = np.array([[2.5, 20.0, 0.5]])  # the second value is beyond all five
ORACLE = [
    (
        "standard",
        {},
        [
            [-1.0758876551830783, -0.5560110295526763, 0.0],
            [0.16552117772047353, -0.15886029415790753, 0.0],
            [-0.6620847108818944, 1.8268933828159364, 0.0],
            [1.8207329549252096, -1.1517371326448296, 0.0],
            [-0.2482817665807104, 0.03971507353947687, 0.0],
            [-0.4551832387313024, 3.8126470597897804, 0.0],
        ],
    ),
    (
        "minmax",
        {},
        [
            [0.0, 0.19999999999999998, 0.0],
            [0.42857142857142855, 0.3333333333333333, 0.0],
            [0.14285714285714285, 1.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.2857142857142857, 0.39999999999999997, 0.0],
            [0.21428571428571425, 1.6666666666666665, 0.0],
        ],
    ),
    (
        "minmax",
        {"range": [-1.0, 1.0]},
        [
            [-1.0, -0.6, -1.0],
            [-0.1428571428571428, -0.33333333333333337, -1.0],
            [-0.7142857142857142, 1.0, -1.0],
            [1.0, -1.0, -1.0],
            [-0.4285714285714285, -0.2, -1.0],
            [-0.5714285714285714, 2.333333333333333, -1.0],
        ],
    ),
    (
        "max_abs",
        {},
        [
            [0.125, -0.2, 1.0],
            [0.5, 0.0, 1.0],
            [0.25, 1.0, 1.0],
            [1.0, -0.5, 1.0],
            [0.375, 0.1, 1.0],
            [0.3125, 2.0, 1.0],
        ],
    ),
    (
        "center",
        {},
        [
            [-2.6, -2.8, 0.0],
            [0.4, -0.8, 0.0],
            [-1.6, 9.2, 0.0],
            [4.4, -5.8, 0.0],
            [-0.6, 0.2, 0.0],
            [-1.1, 19.2, 0.0],
        ],
    ),
    (
        "robust",
        {},
        [
            [-1.0, -0.6666666666666666, 0.0],
            [0.5, 0.0, 0.0],
            [-0.5, 3.3333333333333335, 0.0],
            [2.5, -1.6666666666666667, 0.0],
            [0.0, 0.3333333333333333, 0.0],
            [-0.25, 6.666666666666667, 0.0],
        ],
    ),
]
END = 5.199337582  # Φ⁻¹(1 - 1e-7)
NORMAL = {  # of the first two columns: a constant one has no quantiles to speak of
    5: [
        [-END, -0.6744897501960817],
        [0.6744897501960817, 0.0],
        [-0.6744897501960817, END],
        [END, -END],
        [0.0, 0.6744897501960817],
        [-0.31863936396437514, END],
    ],
    3: [
        [-END, -0.5244005127080407],
        [0.2533471031357997, 0.0],
        [-0.6744897501960817, END],
        [END, -END],
        [0.0, 0.12566134685507416],
        [-0.31863936396437514, END],
    ],
}


def fitted_on_five(name, numbers):
    s = scalings[name](**numbers)
    return s.apply(s.fit(FIVE), np.vstack([FIVE, NEW]))


@pytest.mark.parametrize(("name", "numbers", "expected"), ORACLE)
def test_equals_scikit_learn(name, numbers, expected):
    np.testing.assert_allclose(fitted_on_five(name, numbers), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("knots", NORMAL)
def test_quantile_normal_equals_scikit_learn(knots):
    rows = fitted_on_five("quantile_normal", {"knots": knots})
    np.testing.assert_allclose(rows[:, :2], NORMAL[knots], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(rows[:, 2], 0)


def test_quantile_normal_gives_equal_values_the_middle_of_their_share():
    s = scalings["quantile_normal"]()
    x = np.array([[1.0], [2], [2], [2], [3], [7]])
    rows = s.apply(s.fit(x), x)[:, 0]
    np.testing.assert_allclose(rows[1:5], [*[-0.5244005127080407] * 3, 0.8416212335729143], atol=1e-12)


def test_quantile_normal_is_monotonic_and_normal():
    s = scalings["quantile_normal"]()
    x = np.random.default_rng(0).exponential(size=(5000, 1)) ** 3
    fitted = s.fit(x)
    assert (1000, 1) == fitted["knots"].shape
    between = np.linspace(-1, x.max() * 1.1, 10001)[:, None]
    assert (np.diff(s.apply(fitted, between)[:, 0]) >= 0).all()
    rows = np.sort(s.apply(fitted, x)[:, 0])
    shares = np.interp([-1.0, 0.0, 1.0], rows, np.linspace(0, 1, len(rows)))
    np.testing.assert_allclose(shares, [0.1587, 0.5, 0.8413], atol=2e-3)


def test_channel_pools_the_pixels_of_a_channel():
    s = scalings["channel"](channels=3)
    x = np.random.default_rng(0).normal(size=(20, 4, 3)) * [1, 10, 0] + [0, 5, 7]
    rows = s.apply(s.join(s.fit(x.reshape(20, 12)), PIXELS), x.reshape(20, 12)).reshape(20, 4, 3)
    np.testing.assert_allclose(rows.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=(0, 1)), [1, 1, 0], atol=1e-12)
    mean, deviation = x[..., 1].mean(), x[..., 1].std()
    np.testing.assert_allclose(rows[..., 1], (x[..., 1] - mean) / deviation, atol=1e-12)


def test_center_takes_the_mean_image_or_the_mean_of_each_channel():
    x = np.random.default_rng(1).normal(size=(20, 4, 3)) * [1, 10, 0] + [0, 5, 7]
    flat = x.reshape(20, 12)
    np.testing.assert_allclose(on_itself(scalings["center"](), flat), flat - flat.mean(axis=0), atol=1e-12)
    rows = on_itself(scalings["center"](channels=3), flat).reshape(20, 4, 3)
    np.testing.assert_allclose(rows, x - x.mean(axis=(0, 1)), atol=1e-12)
    grey = on_itself(scalings["center"](channels=1), flat)
    np.testing.assert_allclose(grey, flat - flat.mean(), atol=1e-12)


def on_itself(scaling, x):
    return scaling.apply(scaling.join(scaling.fit(x), PIXELS), x)


@pytest.mark.parametrize(("name", "numbers"), [("channel", {}), ("center", {"channels": 3})])
def test_channel_refuses_columns_that_are_no_pixels(name, numbers):
    s = scalings[name](**numbers)
    with pytest.raises(DataError) as caught:
        s.join(s.fit(np.ones((2, 10))), PIXELS[:10])
    assert "data.scaling: 10 columns of numbers are not pixels of 3 channels" == str(caught.value)


@pytest.mark.parametrize("name", list(scalings))
def test_columns_may_be_fitted_in_turns(name):
    s = scalings[name](**({"by": {"b": 3.0}} if name == "divide" else {}))
    together = s.fit(X)
    columns = [s.fit(X[:, [column]]) for column in range(3)]
    for key, learned in together.items():
        one_by_one = np.concatenate([one[key] for one in columns], axis=-1)
        np.testing.assert_allclose(one_by_one, learned, rtol=1e-12)


GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "scalings.json").read_text())["cases"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_robust_clip_and_quantile_equal_scikit_learn(case):
    s = scalings[case["name"]](**case["settings"])
    x, new = (np.array(case[key], dtype=float) for key in ("x", "new"))
    rows = s.apply(s.fit(x), np.vstack([x[:40], new]))
    np.testing.assert_allclose(rows, case["expected"], rtol=0, atol=1e-7)


def test_quantile_remembers_one_quantile_for_thirty_rows():
    for rows, count in ((5, 5), (20, 10), (600, 20), (40_000, 1000)):
        x = np.random.default_rng(rows).normal(size=(rows, 2))
        assert (count, 2) == scalings["quantile"]().fit(x)["knots"].shape


def test_quantile_leaves_gaps_out_and_makes_them_the_median():
    s = scalings["quantile"](noise=0.0)
    x = np.arange(1.0, 100.0)[:, None]
    gaps = np.vstack([x, np.full((50, 1), np.nan)])
    np.testing.assert_array_equal(s.fit(gaps)["knots"], s.fit(x)["knots"])
    assert [0.0, 0.0] == s.apply(s.fit(gaps), np.array([[np.nan], [50.0]]))[:, 0].round(12).tolist()


def test_robust_clip_stays_within_three_and_never_falls():
    rows = scaled("robust_clip", np.linspace(-1e200, 1e200, 101)[:, None] * [1, 1, 1])
    assert np.abs(rows).max() <= 3
    near = scaled("robust_clip", np.linspace(-1e4, 1e4, 2001)[:, None] * [1, 1, 1e3])
    assert (np.diff(near[:, [0, 2]], axis=0) > 0).all()
    assert (near[:, 1] == 0).all()  # constant in the training rows
