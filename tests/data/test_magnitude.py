"""Numbers near the ends of float32 and float64: the same network and figures, or an error that names them."""

import json
import sys

import numpy as np
import pytest

import nettrain
from nettrain.data.columns.scaling import scalings
from nettrain.errors import DataError
from tests.cli.command import inside

ROWS = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 2))
Y = X[:, 0] - 2 * X[:, 1] + 0.1 * RNG.normal(size=ROWS)
SPEC = {"training": {"epochs": 6, "batch_size": 8}, "data": {"source": "", "test": 0.25}, "seed": 3}


def trained(x=X, y=Y, *overrides):
    return nettrain.train(SPEC, *overrides, data={"a": x[:, 0], "b": x[:, 1], "y": y})


@pytest.fixture(scope="module")
def plain():
    return trained()


@pytest.mark.parametrize("power", [130, 60, -60, -130, -400])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets_of_any_size_give_the_same_figures_in_their_unit(power, dtype):
    """A power of 2 changes no digit: 2^130 and 4e38 are beyond float32, whose figures they must not leave."""
    settings = f"backend.dtype={dtype}"
    plain, scaled = trained(X, Y, settings), trained(X, np.ldexp(Y, power), settings)
    assert scaled.status == "finished"
    for split, named in plain.metrics.items():
        for name, value in named.items():
            unit = 2.0**power if name in ("rmse", "mae", "median_error") else 1.0
            assert scaled.metrics[split][name] == value * unit, name
    ours, theirs = scaled.history["val_rmse"].to_numpy(), plain.history["val_rmse"].to_numpy()
    np.testing.assert_array_equal(ours, np.ldexp(theirs, power))


def test_the_figure_of_an_epoch_is_that_of_the_end(plain):
    """Both are √(mean (ŷ-y)²) in float64, in the unit of the target."""
    last = plain.history["val_rmse"].to_numpy()[-1]
    np.testing.assert_allclose(last, plain.metrics["val"]["rmse"], rtol=1e-6)
    assert trained(X, 4e38 * Y).metrics["test"]["rmse"] == pytest.approx(4e38 * plain.metrics["test"]["rmse"])


@pytest.mark.parametrize("power", [500, 1000, 1021, -500, -1000])
@pytest.mark.parametrize(
    "name", ["standard", "minmax", "max_abs", "robust", "robust_clip", "quantile_normal"]
)
def test_inputs_of_any_size_are_scaled_alike(power, name):
    scaling = scalings[name]()
    x = np.clip(X, -1, 1)
    plain, large = scaling.apply(scaling.fit(x), x), np.ldexp(x, power)
    np.testing.assert_allclose(scaling.apply(scaling.fit(large), large), plain, rtol=1e-12, atol=1e-15)


def test_channels_of_any_size_are_scaled_alike():
    scaling = scalings["channel"](channels=2)
    x = RNG.normal(size=(20, 6))
    plain, large = (scaling.join(scaling.fit(rows), "abcdef") for rows in (x, np.ldexp(x, 900)))
    for key, values in plain.items():
        np.testing.assert_array_equal(large[key], np.ldexp(values, 900))


@pytest.mark.parametrize(
    ("y", "overrides", "message"),
    [
        (1e300 * Y, [], "is too large (at most 1e+150); divide the column by a power of ten"),
        (1e-200 * Y, [], "which is too small (at least 1e-150); multiply the column by a power of ten"),
        (
            4e39 * Y,
            ["data.target_scaling=none"],
            "is too large for float32; write data.target_scaling: standard",
        ),
        (
            1e-46 * Y,
            ["data.target_scaling=none"],
            "is too small for float32; write data.target_scaling: standard",
        ),
    ],
)
def test_targets_that_are_refused_before_training(y, overrides, message):
    with pytest.raises(DataError) as caught:
        trained(X, y, *overrides)
    assert 'target "y": ' in str(caught.value)
    assert message in str(caught.value)


def test_float64_takes_unscaled_targets_that_float32_does_not():
    assert trained(X, 4e39 * Y, "data.target_scaling=none", "backend.dtype=float64", "optimizer=lion").metrics


def test_columns_that_are_too_far_apart_to_be_scaled():
    x = np.where(X > 0, 1.7e308, -1.7e308)
    with pytest.raises(DataError) as caught:
        trained(x, Y, "data.scaling=minmax")
    assert 'column "a": its values are too far apart for data.scaling' in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "scale"),
    [
        ([], 1e140),
        (["optimizer.learning_rate=1e308", "optimizer=sgd"], 1.0),
        (["training.ensemble=2", "optimizer.learning_rate=1e38", "optimizer=momentum"], 4e38),
    ],
)
def test_the_command_prints_no_warning(overrides, scale, tmp_path, monkeypatch):
    monkeypatch.setattr(
        sys, "warnoptions", ["error"]
    )  # which pytest has made them; without it some are ignored
    lines = [
        "a,b,y",
        *(f"{a!r},{b!r},{y!r}" for (a, b), y in zip(X.tolist(), (scale * Y).tolist(), strict=True)),
    ]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "e.yaml").write_text(
        "experiment: e\ndata: {source: d.csv}\ntraining: {epochs: 3, batch_size: 8}\n"
    )
    for words in (
        ["train", "e.yaml", *overrides],
        ["evaluate", "runs/e", "d.csv"],
        ["predict", "runs/e", "d.csv"],
    ):
        done = inside(tmp_path, *words)
        assert "Warning" not in done.err
        assert "has failed" not in done.err
    fitted = json.loads((tmp_path / "runs" / "e" / "preprocessing.json").read_text())
    assert None not in fitted["target"]["scale"]
