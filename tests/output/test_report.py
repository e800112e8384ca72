"""The final report, to the letter."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nettrain.model.architecture import Architecture
from nettrain.model.blocks import architecture
from nettrain.model.settings import ModelSettings
from nettrain.output import report as report_module
from nettrain.output.report import final_report, head
from nettrain.training.events import REASONS

pytestmark = pytest.mark.usefixtures("step_by_step")

PLAN = architecture(ModelSettings(hidden=[16], activation="tanh", dropout=0.5), 4, 3)
SUMMARY: dict[str, Any] = {
    "status": "finished",
    "stop_reason": "early_stopping",
    "unfinished_steps": 0,
    "epochs_run": 69,
    "best_epoch": 49,
    "restored_best": True,
    "monitor": "val_loss",
    "output_activation": "softmax",
    "metrics": {
        "train": {"loss": 0.0613, "accuracy": 0.9608},
        "val": {"loss": 0.0227, "accuracy": 1.0},
        "test": {"loss": 0.0315, "accuracy": 0.9667},
    },
    "timing": {
        "total_seconds": 1.42,
        "train_seconds": 0.0173,
        "steps": 1483,
        "microseconds_per_step": 35.8,
    },
}


def report(width: int = 80, plan: Architecture = PLAN, **changes: object) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width)
    final_report(console, plan, {**SUMMARY, **changes}, Path("runs/iris"), ["config.yaml", "summary.json"])
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_time_that_pictures_took_is_shown() -> None:
    out = StringIO()
    console = Console(file=out, width=80)
    final_report(console, PLAN, SUMMARY, Path("runs/iris"), [], drawing=0.58)
    assert "time     2.0 s in all (pictures 580 ms), 17.3 ms in 1,483 steps of 36 µs" in [
        line.rstrip() for line in out.getvalue().splitlines()
    ]


def figures_of(metrics: dict[str, dict[str, float]], width: int) -> list[str]:
    """The lines of the table of figures."""
    lines = report(width, metrics=metrics)
    start = next(k for k, line in enumerate(lines) if " rows " in f" {line.strip()} " and "loss" in line)
    column = lines[start].index("rows")
    return [line[column:] for line in lines[start : start + 2 + len(metrics)]]


SHARES = {"balanced_accuracy": 0.75, "macro_f1": 0.7, "log_loss": 0.4, "calibration_error": 0.1}
TWO = {"loss": 0.4, "accuracy": 0.9, **SHARES, "precision": 0.6, "recall": 0.5, "f1": 0.55, "roc_auc": 0.875}
OWN_UNITS = {"loss": 0.02, "rmse": 1234.5, "mae": 900.0, "r2": 0.98, "median_error": 800.0}


@pytest.mark.parametrize("width", [80, 120])
def test_two_unequal_classes_show_what_accuracy_hides(width: int) -> None:
    assert figures_of({"val": TWO, "test": {**TWO, "roc_auc": float("nan")}}, width) == [
        "rows     loss   accuracy   balanced accuracy       f1   roc auc",
        "───────────────────────────────────────────────────────────────",
        "val    0.4000     0.9000              0.7500   0.5500    0.8750",
        "test   0.4000     0.9000              0.7500   0.5500       nan",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_numbers_show_their_errors(width: int) -> None:
    assert figures_of({"train": OWN_UNITS, "test": {**OWN_UNITS, "r2": 0.0}}, width) == [
        "rows       loss   rmse     mae       r2",
        "───────────────────────────────────────",
        "train   0.02000   1234   900.0   0.9800",
        "test    0.02000   1234   900.0        0",
    ]


def test_metrics_that_agree_with_accuracy_are_left_out() -> None:
    same = {"loss": 0.4, "accuracy": 0.9, "balanced_accuracy": 0.897, "macro_f1": 0.899}
    assert "rows     loss   accuracy" == figures_of({"test": same}, 80)[0]


BASELINE = {
    "prediction": 'always "b", 40.0 % of the training rows',
    "metrics": {"train": {"loss": 1.055}, "val": {"loss": 1.06}, "test": {"loss": 0.03, "accuracy": 0.97}},
    "worse": ["test_loss", "test_accuracy"],
}


def test_the_baseline_stands_below_each_split_and_is_said_to_be_better() -> None:
    lines = report(width=100, baseline=BASELINE)
    assert any(line.endswith("   baseline   0.03000     0.9700") for line in lines)
    assert 'baseline always "b", 40.0 % of the training rows' in lines
    warning = (
        "warning  worse than the baseline: test loss 0.03150 against 0.03000, test accuracy 0.9667 against"
    )
    assert warning in lines


@pytest.mark.parametrize("resumable", [True, False])
def test_a_run_that_was_still_improving_is_told_how_to_go_on(resumable: bool) -> None:
    improving = {"networks": 1, "overrides": ["training.epochs=138"], "resumable": resumable}
    lines = report(improving=improving, stop_reason="epochs", best_epoch=68)
    assert "improve  val loss was still improving: best in epoch 68 of 69" in lines
    command = "resume runs/iris" if resumable else "train runs/iris/config.yaml"
    assert f"go on    nettrain {command} training.epochs=138" in lines


def test_f1_names_the_positive_class() -> None:
    assert any(
        "f1 of a very long… " in line for line in report(positive="a very long name", metrics={"test": TWO})
    )


def test_the_report_to_the_letter() -> None:
    assert report() == [
        "",
        " layer      units   activation           parameters",
        " ──────────────────────────────────────────────────",
        " input          4",
        " hidden 1      16   tanh + dropout 0.5           80",
        " output         3   softmax                      51",
        "",
        " total                                          131",
        "",
        "",
        " rows       loss   accuracy",
        " ──────────────────────────",
        " train   0.06130     0.9608",
        " val     0.02270      1.000",
        " test    0.03150     0.9667",
        "",
        "stopped  early stopping after 69 epochs; the weights of epoch 49, the best by",
        "         val loss, were restored",
        "time     1.4 s in all, 17.3 ms in 1,483 steps of 36 µs",
        "files    config.yaml, summary.json",
        "folder   runs/iris",
        "next     nettrain predict runs/iris DATA",
    ]


def test_tables_that_do_not_fit_stand_one_below_the_other() -> None:
    lines = report(width=60)
    assert " layer      units   activation           parameters" in lines
    assert " rows       loss   accuracy" in lines


def test_tables_that_fit_stand_side_by_side() -> None:
    header = " layer      units   activation           parameters      rows       loss   accuracy"
    assert header in report(width=84)


def test_what_layers_are_made_of_fits_80_columns() -> None:
    maxout = {"name": "maxout", "pieces": 3}
    blocks = [
        {"units": 512, "activation": "leaky_relu", "bias": False, "norm": "batch", "dropout": 0.25},
        {"units": 128, "activation": maxout, "bias": True, "batch_norm": True, "dropout": 0.5},
        {"units": 32, "activation": "prelu", "bias": False},
    ]
    plan = architecture(ModelSettings(layers=blocks, input_noise=0.1), 64, 10)
    assert report(plan=plan)[1:10] == [
        " layer      units   activation                                      parameters",
        " ─────────────────────────────────────────────────────────────────────────────",
        " input         64   noise 0.1",
        " hidden 1     512   batch norm + leaky_relu + dropout 0.25              33,792",
        " hidden 2     128   bias + batch norm + maxout of 3 + dropout 0.5      197,760",
        " hidden 3      32   no bias + prelu                                      4,128",
        " output        10   softmax                                                330",
        "",
        " total                                                                 236,010",
    ]


def test_what_is_done_to_the_inputs_has_a_line_for_each_layer() -> None:
    embeddings = {"name": "piecewise_linear", "dimension": 20, "bins": 47}
    plan = architecture(ModelSettings(embeddings=embeddings, input_scale=True, hidden=[8]), 4, 3)
    assert report(plan=plan)[3:7] == [
        " input                  4",
        " number embedding      80   piecewise_linear 20, 47 bins        3,920",
        " scale                 80   scale                                  80",
        " hidden 1               8   relu                                  648",
    ]


def test_layer_norms_and_skip_connections_are_told_too() -> None:
    plan = architecture(ModelSettings(hidden=[8, 8], norm="layer", residual=True), 4, 3)
    assert report(plan=plan)[4:7] == [
        " hidden 1       8   layer norm + relu + residual           88",
        " hidden 2       8   layer norm + relu + residual           88",
        " output         3   softmax                                27",
    ]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"stop_reason": "epochs", "restored_best": False, "best_epoch": 60},
            "stopped  after 69 epochs; the last weights are kept (best val loss in epoch 60)",
        ),
        (
            {"stop_reason": "epochs", "restored_best": False, "best_epoch": 69},
            "stopped  after 69 epochs; the last weights are kept",
        ),
        (
            {"stop_reason": "target", "restored_best": False, "best_epoch": 60},
            "stopped  target reached after 69 epochs; the last weights are kept",
        ),
        (
            {"stop_reason": "diverged", "restored_best": False, "best_epoch": None, "epochs_run": 1},
            "stopped  diverged, a figure became NaN or infinite, after 1 epoch; the last weights are kept",
        ),
        (
            {"stop_reason": "interrupted", "restored_best": False, "best_epoch": 69, "unfinished_steps": 348},
            "stopped  interrupted after 69 epochs and 348 steps; the last weights are kept",
        ),
        (
            {"stop_reason": "interrupted", "restored_best": True, "unfinished_steps": 348},
            "stopped  interrupted after 69 epochs; the weights of epoch 49, the best by val loss, were restored",
        ),
        (
            {"stop_reason": "epochs", "restored_best": False, "best_epoch": 69, "objective_rises": 1},
            "stopped  after 69 epochs, not converged: the objective rose in 1 epoch; the last",
        ),
        (
            {"stop_reason": "converged", "restored_best": False, "best_epoch": 69, "objective_rises": 7},
            "stopped  converged after 69 epochs; the last weights are kept",
        ),
        (
            {"epochs_run": 2, "unfinished_steps": 5, "best_epoch": 1.25},
            "early stopping after 2 epochs and 5 steps; the weights of epoch 1.25, the best by val loss, were"
            " restored",
        ),
    ],
)
def test_every_ending(changes: dict[str, object], text: str) -> None:
    assert text in "\n".join(report(width=120, **changes))


def test_every_reason_has_words() -> None:
    of_several = {"various"}  # where the folds of a network ended differently
    assert set(report_module.REASONS) == {*REASONS} | of_several


def test_a_run_that_diverged_does_not_suggest_to_predict() -> None:
    lines = report(width=120, status="diverged", stop_reason="diverged", restored_best=False)
    assert lines[-1] == "next     try a smaller optimizer.learning_rate"
    cause = {"text": "the loss became NaN or infinite first", "advice": ["a=1", "b=2"]}
    lines = report(
        width=120, status="diverged", stop_reason="diverged", restored_best=False, divergence=cause
    )
    assert "stopped  diverged: the loss became NaN or infinite first; the last good weights are kept" in lines
    assert lines[-1] == "next     try a=1 or b=2"


def test_the_head_to_the_letter() -> None:
    out = StringIO()
    head(Console(file=out, width=60), "iris", {"data": "102 train rows"}, ["a note that is long " * 4])
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "iris",
        "data     102 train rows",
        "note     a note that is long a note that is long a note that",
        "         is long a note that is long",
    ]
