"""The table of members and how they ended, to the letter."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nettrain.model.blocks import architecture
from nettrain.model.settings import ModelSettings
from nettrain.output.members import endings, members_table
from nettrain.output.report import REASONS, final_report

MEAN = {
    "train": {"loss": 0.2199, "accuracy": 0.9759},
    "val": {"loss": 0.26628, "accuracy": 0.96044},
    "test": {"loss": 0.29031, "accuracy": 0.94899},
}
SD = {
    "train": {"loss": 0.003447, "accuracy": 0.0022},
    "val": {"loss": 0.005754, "accuracy": 0.00561},
    "test": {"loss": 0.010291, "accuracy": 0.006402},
}


def member(number: int, epochs: int, best: int, loss: float, reason: str) -> dict[str, Any]:
    metrics = {part: {"loss": loss, "accuracy": 1 - loss / 6} for part in MEAN}
    return {
        "member": number,
        "seed": 7 + number,
        "status": "finished",
        "stop_reason": reason,
        "epochs_run": epochs,
        "best_epoch": best,
        "restored_best": True,
        "metrics": metrics,
    }


MEMBERS = [
    member(0, 41, 26, 0.27, "early_stopping"),
    member(1, 60, 58, 0.3, "epochs"),
    member(2, 19, 4, 0.25, "early_stopping"),
]
SUMMARY: dict[str, Any] = {
    "status": "finished",
    "stop_reason": "various",
    "monitor": "val_loss",
    "output_activation": "softmax",
    "metrics": MEAN,
    "mean": MEAN,
    "sd": SD,
    "members": MEMBERS,
    "timing": {"total_seconds": 1.42, "train_seconds": 0.2, "steps": 3060, "microseconds_per_step": 65.4},
}
JOINT = {"metrics": {part: {"accuracy": 0.97} for part in MEAN}, "joint": True}


def table(width: int, **changes: object) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(members_table(console, {**SUMMARY, **changes}, "accuracy"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_repeat_at_80_columns() -> None:
    assert table(80) == [
        "",
        " member   epochs   best   val loss   val accuracy   test loss   test accuracy",
        " ────────────────────────────────────────────────────────────────────────────",
        "      0       41     26     0.2700         0.9550      0.2700          0.9550",
        "      1       60     58     0.3000         0.9500      0.3000          0.9500",
        "      2       19      4     0.2500         0.9583      0.2500          0.9583",
        "",
        "   mean                     0.2663         0.9604      0.2903          0.9490",
        "     sd                     0.0058         0.0056      0.0103          0.0064",
        "",
    ]


def test_an_ensemble_at_120_columns() -> None:
    assert table(120, **JOINT) == [
        "",
        "   member   seed   epochs   best   stopped          train loss   val loss   val accuracy   test loss   test accuracy",
        " ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────",
        "        0      7       41     26   early stopping       0.2700     0.2700         0.9550      0.2700          0.9550",
        "        1      8       60     58   epochs               0.3000     0.3000         0.9500      0.3000          0.9500",
        "        2      9       19      4   early stopping       0.2500     0.2500         0.9583      0.2500          0.9583",
        "",
        "     mean                                               0.2199     0.2663         0.9604      0.2903          0.9490",
        "       sd                                               0.0034     0.0058         0.0056      0.0103          0.0064",
        " together                                                    –          –         0.9700           –          0.9700",
        "",
    ]


def test_snapshots() -> None:
    shots = [{"epoch": epoch, "metrics": MEAN} for epoch in (45, 60)]
    alone = {key: value for key, value in SUMMARY.items() if key != "members"}
    out = StringIO()
    console = Console(file=out, width=80)
    console.print(members_table(console, {**alone, **JOINT, "snapshots": shots}, "accuracy"))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        " snapshot   train loss   val loss   val accuracy   test loss   test accuracy",
        " ───────────────────────────────────────────────────────────────────────────",
        "       45       0.2199     0.2663         0.9604      0.2903          0.9490",
        "       60       0.2199     0.2663         0.9604      0.2903          0.9490",
        "",
        "     mean       0.2199     0.2663         0.9604      0.2903          0.9490",
        "       sd       0.0034     0.0058         0.0056      0.0103          0.0064",
        " together            –          –         0.9700           –          0.9700",
        "",
    ]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_columns_are_left_out_rather_than_cut(width: int) -> None:
    lines = table(width, **JOINT)
    assert all(len(line) <= width for line in lines)
    assert "…" not in "".join(lines)
    assert "test accuracy" in lines[1]


def test_of_many_members_the_first_are_shown() -> None:
    lines = table(120, members=[member(k, 60, 58, 0.3, "epochs") for k in range(20)])
    assert lines[18].split()[0] == "15"
    assert lines[19].split() == ["…", "4", "more"]
    assert lines[21].split()[0] == "mean"


def test_endings_of_networks_whose_folds_ended_differently() -> None:
    networks = [member(1, 20, 9, 0.2, "various"), member(2, 31, 9, 0.2, "early_stopping")]
    assert endings(networks, "val_loss", REASONS) == (
        "for various reasons after 20 to 31 epochs; the best weights of each by val loss were restored"
    )


def test_endings() -> None:
    assert endings(MEMBERS, "val_loss", REASONS) == (
        "early stopping (2), epochs (1) after 19 to 60 epochs; the best weights of each by val loss were restored"
    )
    alike = [{**one, "restored_best": False, "epochs_run": 1, "stop_reason": "epochs"} for one in MEMBERS]
    assert endings(alike, "val_loss", REASONS) == "after 1 epoch; the last weights of each are kept"
    rising = [{**one, "objective_rises": rises} for one, rises in zip(alike, (3, 0, 8), strict=True)]
    rising[2]["stop_reason"] = "converged"
    text = "; the objective of 1 of 3 members rose in some epochs; "
    assert text in endings(rising, "val_loss", REASONS)


def test_the_report_of_a_repeat_to_the_letter() -> None:
    out = StringIO()
    linear = architecture(ModelSettings(hidden=[]), 4, 3)
    final_report(Console(file=out, width=120), linear, SUMMARY, Path("runs/iris"), ["config.yaml"])
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        " layer    units   activation   parameters      rows              loss         accuracy",
        " ────────────────────────────────────────      ───────────────────────────────────────",
        " input        4                                train   0.2199 ±0.0034   0.9759 ±0.0022",
        " output       3   softmax              15      val     0.2663 ±0.0058   0.9604 ±0.0056",
        "                                               test    0.2903 ±0.0103   0.9490 ±0.0064",
        " total                                 15",
        "",
        "",
        " member   seed   epochs   best   stopped          train loss   val loss   val accuracy   test loss   test accuracy",
        " ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────",
        "      0      7       41     26   early stopping       0.2700     0.2700         0.9550      0.2700          0.9550",
        "      1      8       60     58   epochs               0.3000     0.3000         0.9500      0.3000          0.9500",
        "      2      9       19      4   early stopping       0.2500     0.2500         0.9583      0.2500          0.9583",
        "",
        "   mean                                               0.2199     0.2663         0.9604      0.2903          0.9490",
        "     sd                                               0.0034     0.0058         0.0056      0.0103          0.0064",
        "",
        "stopped  early stopping (2), epochs (1) after 19 to 60 epochs; the best weights of each by val loss were restored",
        "time     1.4 s in all, 200 ms in 3,060 steps of 65 µs",
        "files    config.yaml",
        "folder   runs/iris",
        "next     nettrain predict runs/iris DATA",
    ]
