"""`nettrain predict --interval` and what `train` and `evaluate` say of prediction intervals."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cli.command import Ended, inside

FILE = """\
data: {source: rows.csv, target: price, target_kind: numbers, validation: 0.2, test: 0.25}
model: {hidden: [16]}
optimizer: {name: adam, learning_rate: 0.02}
training: {epochs: 40}
backend: {name: numpy}
"""
LOSSES = {
    "quantiles": "loss={name: pinball, quantiles: [0.05, 0.1, 0.5, 0.9, 0.95]}",
    "gaussian": "loss=gaussian_nll",
    "plain": "loss=mse",
    "odd": "loss={name: pinball, quantiles: [0.025, 0.75]}",
    "crossing": "loss={name: pinball, quantiles: [0.45, 0.5, 0.55], crossing: allowed}",
}


CONFORMAL = ("loss=mae", "calibration=conformal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("intervals")
    rng = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["size", "price"])
        for size in rng.uniform(1, 5, 400).round(4):
            writer.writerow([size, round(100 * size + 10 * size * rng.standard_normal(), 4)])
    (folder / "file.yaml").write_text(FILE)
    for name, loss in LOSSES.items():
        done = inside(folder, "train", "file.yaml", f"experiment={name}", loss)
        assert 0 == done.code, done.err
        (folder / f"{name}.txt").write_text(done.out, encoding="utf-8")
    return folder


def table(done: Ended) -> dict[str, list[float]]:
    """The columns of the CSV that a command wrote."""
    assert 0 == done.code, done.err
    header, *rows = csv.reader(done.out.splitlines())
    return {name: [float(row[k]) for row in rows] for k, name in enumerate(header)}


def test_quantiles_are_columns(folder: Path) -> None:
    columns = table(inside(folder, "predict", "runs/quantiles"))
    names = ["price_q05", "price_q10", "price_q50", "price_q90", "price_q95"]
    assert [*columns] == ["price", *names]
    assert columns["price"] == columns["price_q50"]
    for low, high in itertools.pairwise(names):
        assert all(a <= b for a, b in zip(columns[low], columns[high], strict=True))
    assert [*table(inside(folder, "predict", "runs/odd"))] == ["price", "price_q02.5", "price_q75"]


def test_an_interval_has_two_ends(folder: Path) -> None:
    quantiles = table(inside(folder, "predict", "runs/quantiles"))
    columns = table(inside(folder, "predict", "runs/quantiles", "--interval", "0.9"))
    assert [*columns] == ["price", "price_lower", "price_upper"]
    assert (columns["price_lower"], columns["price_upper"]) == (
        quantiles["price_q05"],
        quantiles["price_q95"],
    )


def test_several_intervals_say_which_is_which(folder: Path) -> None:
    both = ("--interval", "0.8", "--interval", "0.9")
    columns = table(inside(folder, "predict", "runs/quantiles", *both))
    expected = ["price_lower_80", "price_upper_80", "price_lower_90", "price_upper_90"]
    assert [*columns] == ["price", *expected]


def test_a_gaussian_has_a_deviation_and_any_interval(folder: Path) -> None:
    plain = table(inside(folder, "predict", "runs/gaussian"))
    assert [*plain] == ["price", "sd_price"]
    ends = table(inside(folder, "predict", "runs/gaussian", "--interval", "0.682689492137"))
    for price, sd, low, high in zip(*plain.values(), ends["price_lower"], ends["price_upper"], strict=True):
        assert (low, high) == pytest.approx((price - sd, price + sd), rel=1e-9)


@pytest.mark.parametrize(
    ("run", "interval", "message"),
    [
        (
            *("quantiles", "0.5"),
            "--interval: 0.5 needs the quantiles 0.25 and 0.75; "
            "loss.quantiles 0.05, 0.1, 0.5, 0.9, 0.95 give the intervals 0.9, 0.8",
        ),
        (
            *("odd", "0.5"),
            "--interval: 0.5 needs the quantile 0.25; loss.quantiles 0.025, 0.75 give no interval",
        ),
        ("gaussian", "90", "--interval: 90 is not between 0 and 1, such as 0.9"),
        (
            *("plain", "0.9"),
            "--interval: 0.9: runs/plain was trained with mse, "
            "intervals need loss gaussian_nll or pinball, or calibration: conformal",
        ),
    ],
)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_an_interval_that_cannot_be_had(
    folder: Path, command: str, run: str, interval: str, message: str
) -> None:
    done = inside(folder, command, f"runs/{run}", "--interval", interval)
    assert (2, message) == (done.code, done.err.strip())


def test_evaluate_measures_them(folder: Path) -> None:
    done = inside(folder, "evaluate", "runs/gaussian", "--interval", "0.5", "--interval", "0.9", "--json")
    assert 0 == done.code, done.err
    found = json.loads(done.out)["distribution"]["price"]
    assert [one["level"] for one in found["intervals"]] == [0.9, 0.5]
    columns = table(inside(folder, "predict", "runs/gaussian", "--interval", "0.9", "--keep", "price"))
    held = [
        low <= true <= high
        for true, low, high in zip(
            columns["true_price"], columns["price_lower"], columns["price_upper"], strict=True
        )
    ]
    assert found["intervals"][0]["coverage"] == pytest.approx(np.mean(held))
    width = np.subtract(columns["price_upper"], columns["price_lower"]).mean()
    assert found["intervals"][0]["width"] == pytest.approx(width)
    assert 0 < found["crps"] < 100


def test_the_summary_has_them_for_every_split(folder: Path) -> None:
    summary = json.loads((folder / "runs" / "quantiles" / "summary.json").read_text())
    assert [*summary["distribution"]] == ["train", "val", "test"]
    evaluated = json.loads(inside(folder, "evaluate", "runs/quantiles", "--json").out)
    assert summary["distribution"]["test"] == evaluated["distribution"]
    assert "distribution" not in json.loads((folder / "runs" / "plain" / "summary.json").read_text())


def test_train_and_evaluate_show_them(folder: Path) -> None:
    for name, intervals in (("quantiles", ("90 %", "80 %")), ("gaussian", ("90 %",))):
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
        shown = inside(folder, "evaluate", f"runs/{name}").out
        assert all(line in text and line in shown for line in intervals)
        assert "interval" in text
        assert "pinball loss" in shown
    assert "interval" not in (folder / "plain.txt").read_text(encoding="utf-8")
    assert "interval" not in (folder / "odd.txt").read_text(encoding="utf-8")
    assert "continuous ranked probability score" in inside(folder, "evaluate", "runs/gaussian").out


def test_evaluate_says_how_often_quantiles_cross(folder: Path) -> None:
    found = json.loads(inside(folder, "evaluate", "runs/crossing", "--json").out)["distribution"]["price"]
    line = "of the rows: loss.crossing: never forbids it"
    assert (line in inside(folder, "evaluate", "runs/crossing").out) == (found["crossed"] > 0)


def test_a_level_that_does_not_rise_is_refused_with_its_place(folder: Path) -> None:
    done = inside(folder, "train", "file.yaml", "loss={name: pinball, quantiles: [0.5, 0.5]}")
    assert 2 == done.code
    assert "loss.quantiles" in done.err
    assert "must rise from one level to the next" in done.err


def test_the_report_has_them_and_the_pictures_show_them(folder: Path) -> None:
    for name, shown in (("gaussian", True), ("plain", False)):
        assert 0 == inside(folder, "report", f"runs/{name}").code
        page = (folder / "runs" / name / "report.html").read_text(encoding="utf-8")
        assert ("<h3>Prediction intervals</h3>" in page) == shown
        assert ("upright lines: 90" in page) == shown


def test_a_cross_validated_run_has_them_of_its_held_out_rows(folder: Path) -> None:
    done = inside(folder, "train", "file.yaml", "experiment=folds", LOSSES["quantiles"], "--folds", "3")
    assert 0 == done.code, done.err
    summary = json.loads((folder / "runs" / "folds" / "summary.json").read_text())
    assert [*summary["distribution"]] == ["val", "test"]
    frame = pl.read_parquet(folder / "runs" / "folds" / "out_of_fold.parquet")
    held = ((frame["price_q05"] <= frame["true_price"]) & (frame["true_price"] <= frame["price_q95"])).mean()
    widest = summary["distribution"]["val"]["price"]["intervals"][0]
    assert (widest["level"], widest["coverage"]) == (0.9, pytest.approx(held))
    assert 0 == inside(folder, "predict", "runs/folds", "--interval", "0.8").code


def test_predictions_stand_beside_the_middle_output_of_their_target(folder: Path) -> None:
    """Of two outputs for each of two targets, predictions are named once each."""
    targets = ["data.target=[size, price]", "data.source=pairs.csv"]
    rows = (folder / "rows.csv").read_text().splitlines()
    (folder / "pairs.csv").write_text(
        "\n".join(["x,size,price", *(f"{k % 7},{row}" for k, row in enumerate(rows[1:]))])
    )
    done = inside(folder, "graph", "file.yaml", "loss=gaussian_nll", "model.hidden=[3]", *targets, "--json")
    assert 0 == done.code, done.err
    shown = json.loads(done.out)
    assert [*shown["prediction"]] == ["size", "price"]
    assert len(shown["layers"][-1]["a"]) == 4


def test_residuals_of_validation_rows_make_intervals_of_any_other_loss(folder: Path) -> None:
    done = inside(folder, "train", "file.yaml", "experiment=conformal", *CONFORMAL)
    assert 0 == done.code, done.err
    half = table(inside(folder, "predict", "runs/conformal", "--interval", "0.9"))
    of_validation = ("predict", "runs/conformal", "--part", "validation", "--keep", "price")
    rows = table(inside(folder, *of_validation))
    sizes = np.sort(np.abs(np.subtract(rows["price"], rows["true_price"])))
    assert len(sizes) == 60
    expected = sizes[int(np.ceil(61 * 0.9)) - 1]
    for end, sign in (("price_lower", -1), ("price_upper", 1)):
        assert half[end] == pytest.approx(np.add(half["price"], sign * expected).tolist())
    assert [*table(inside(folder, "predict", "runs/conformal"))] == ["price"]
    refused = inside(folder, "predict", "runs/conformal", "--interval", "0.99")
    message = "--interval: 0.99 needs 99 validation rows to be calibrated by, runs/conformal has 60"
    assert (2, message) == (refused.code, refused.err.strip())
    summary = json.loads((folder / "runs" / "conformal" / "summary.json").read_text())
    (widest,) = summary["distribution"]["test"]["price"]["intervals"]
    assert widest["width"] == pytest.approx(2 * expected)
    assert "intervals: 90 % within ±" in inside(folder, "evaluate", "runs/conformal").out


def test_a_run_can_get_them_afterwards(folder: Path) -> None:
    assert 0 == inside(folder, "resume", "runs/plain", "calibration=conformal").code
    assert 0 == inside(folder, "predict", "runs/plain", "--interval", "0.9").code


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([LOSSES["gaussian"], CONFORMAL[1]], "conformal does nothing for gaussian_nll"),
        ([*CONFORMAL, "data.validation=0"], "conformal needs validation rows, but data.validation is 0"),
        (["calibration=temperature"], "temperature is for classes and labels, the targets are numbers"),
    ],
)
def test_where_residuals_are_of_no_use(folder: Path, overrides: list[str], message: str) -> None:
    done = inside(folder, "train", "file.yaml", *overrides)
    assert 2 == done.code
    assert f"calibration: {message}" in done.err


def test_classes_have_no_intervals(folder: Path) -> None:
    iris = folder / "iris.yaml"
    iris.write_text("data: {source: 'builtin:iris'}\ncalibration: temperature\ntraining: {epochs: 2}\n")
    assert 0 == inside(folder, "train", "iris.yaml", "experiment=iris").code
    done = inside(folder, "predict", "runs/iris", "--interval", "0.9")
    message = "--interval: 0.9: runs/iris predicts classes, intervals are of numbers"
    assert (2, message) == (done.code, done.err.strip().splitlines()[-1])
