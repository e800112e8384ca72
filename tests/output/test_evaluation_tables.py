"""What `nettrain evaluate` shows, to the letter, in a narrow and in a wide terminal."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from nettrain.output.evaluation import bar, show_evaluation
from nettrain.store.evaluation import EvaluationReport

CLASSES = ["setosa", "versicolor", "virginica"]
BASE: dict[str, Any] = {
    "run": "runs/iris",
    "member": None,
    "data": "its test rows",
    "rows": 30,
    "metrics": {"loss": 0.1476, "accuracy": 0.9, "balanced_accuracy": 0.9},
    "targets": {},
    "classes": {
        "species": [
            {"name": name, "precision": 1.0, "recall": 0.9, "f1": 0.9474, "rows": 10} for name in CLASSES
        ]
    },
    "confusion": {"species": {"classes": CLASSES, "matrix": [[10, 0, 0], [0, 8, 2], [0, 1.5, 1234]]}},
    "confused": [
        {"true": "versicolor", "predicted": "virginica", "rows": 2, "share": 0.2},
        {"true": "virginica", "predicted": "versicolor", "rows": 1.5, "share": 0.001},
    ],
    "worst": [
        {
            "place": "rows.csv:139",
            "loss": 0.5056,
            "true": {"species": "virginica"},
            "predicted": {"species": "versicolor"},
            "probability": 0.25,
        }
    ],
    "best_f1": None,
    "importance": {
        "metric": "accuracy",
        "goal": "maximize",
        "shuffles": 5,
        "seed": 0,
        "columns": [
            {"column": "petal_width", "mean": 0.3, "sd": 0.05},
            {"column": "a column with a name that never ends", "mean": 0.1, "sd": 0.01},
            {"column": "sepal_length", "mean": -0.01, "sd": 0.02},
        ],
    },
    "notes": ["rows.csv: no weight column"],
}
SHOWN = [
    "runs/iris on its test rows: 30 rows",
    "note: rows.csv: no weight column",
    "",
    " metric               value",
    " ──────────────────────────",
    " loss                0.1476",
    " accuracy            0.9000",
    " balanced accuracy   0.9000",
    "",
    "",
    " class        precision   recall       f1   rows",
    " ───────────────────────────────────────────────",
    " setosa           1.000   0.9000   0.9474     10",
    " versicolor       1.000   0.9000   0.9474     10",
    " virginica        1.000   0.9000   0.9474     10",
    "",
    "",
    " true ↓ predicted →   setosa   versicolor   virginica",
    " ────────────────────────────────────────────────────",
    " setosa                   10            ·           ·",
    " versicolor                ·            8           2",
    " virginica                 ·        1.500       1,234",
    "",
    "",
    " most confused             rows   of the class",
    " ─────────────────────────────────────────────",
    " versicolor → virginica       2          20.0%",
    " virginica → versicolor   1.500           0.1%",
    "",
    "",
    " largest loss   true        predicted    p of true     loss",
    " ──────────────────────────────────────────────────────────",
    " rows.csv:139   virginica   versicolor      0.2500   0.5056",
    "",
    "",
    " shuffled column            worse by         ±   accuracy",
    " ────────────────────────────────────────────────────────────────────",
    " petal_width                  0.3000   0.05000   ████████████████████",
    " a column with a name th…     0.1000   0.01000   ██████▋",
    " sepal_length               -0.01000   0.02000",
    "",
]


def shown(width: int, **changes: Any) -> list[str]:
    out = StringIO()
    show_evaluation(Console(file=out, width=width), EvaluationReport(**{**BASE, **changes}))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_all_of_it_to_the_letter(width: int) -> None:
    assert SHOWN == shown(width)


BINARY: dict[str, Any] = {
    "metrics": {"loss": 0.5, "f1": 0.8, "roc_auc": None},
    "classes": {
        "y": [{"name": n, "precision": 0.8, "recall": 0.8, "f1": 0.8, "rows": 5} for n in ("no", "yes")]
    },
    "confusion": {"y": {"classes": ["no", "yes"], "matrix": [[4, 1], [1, 4]]}},
    "confused": [{"true": "no", "predicted": "yes", "rows": 1, "share": 0.2}],
    "best_f1": {"threshold": 0.375, "f1": 0.85},
    "worst": [],
    "importance": None,
    "notes": [],
}


def test_two_classes_have_a_threshold_and_no_pairs() -> None:
    lines = shown(80, **BINARY)
    assert " f1 of yes at threshold 0.3750, the best on validation rows   0.8500" in lines
    assert " f1 of yes                                                    0.8000" in lines
    assert " roc auc                                                           –" in lines
    assert not [line for line in lines if "most confused" in line]


def several(targets: dict[str, dict[str, float]], **changes: Any) -> list[str]:
    metrics = {"loss": 0.5, **next(iter(targets.values()))}
    empty = {"classes": {}, "confusion": {}, "confused": [], "importance": None, "notes": []}
    return shown(80, **{**empty, "metrics": metrics, "targets": targets, **changes})


def test_several_targets_stand_side_by_side() -> None:
    worst = {
        "place": "builtin:x row 7",
        "loss": 2.0,
        "true": {"a": 1.0, "b": 20.5},
        "predicted": {"a": 1.5, "b": 18.0},
        "probability": None,
    }
    assert several({"a": {"rmse": 1.0, "r2": 0.5}, "b": {"rmse": 3.0, "r2": 0.25}}, worst=[worst]) == [
        "runs/iris on its test rows: 30 rows",
        "",
        " metric     mean        a        b",
        " ─────────────────────────────────",
        " loss     0.5000",
        " rmse      1.000    1.000    3.000",
        " r2       0.5000   0.5000   0.2500",
        "",
        "",
        " largest loss      true               predicted           loss",
        " ─────────────────────────────────────────────────────────────",
        " builtin:x row 7   a 1.000, b 20.50   a 1.500, b 18.00   2.000",
        "",
    ]


def matrix(classes: int, rows: int, name: str = "class") -> dict[str, Any]:
    names = [f"{name}{k}" for k in range(classes)]
    figures = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "rows": rows}
    return {
        "classes": {"y": [{"name": n, **figures} for n in names]},
        "confusion": {"y": {"classes": names, "matrix": [[rows] * classes] * classes}},
    }


def heads(width: int, **changes: Any) -> list[str]:
    return [line for line in shown(width, **changes) if line.startswith(" true ↓")]


def test_numbers_stand_for_names_that_do_not_fit() -> None:
    narrow = shown(80, **matrix(10, 99))
    assert " true ↓ predicted →    1    2    3    4    5    6    7    8    9   10" in narrow
    assert " 10 class9            99   99   99   99   99   99   99   99   99   99" in narrow
    assert "class9" in heads(120, **matrix(10, 99))[0]


def test_a_matrix_that_does_not_fit_at_all_is_left_to_the_pairs() -> None:
    assert [] == heads(80, **matrix(12, 123456))
    assert 1 == len(heads(160, **matrix(12, 123456)))
    assert [] == heads(400, **matrix(13, 1))


def test_of_many_classes_the_worst_are_shown() -> None:
    lines = shown(80, **matrix(30, 7))
    assert " and 6 with a larger f1" in [line[:23] for line in lines]


@pytest.mark.parametrize(
    ("share", "text"), [(0, ""), (1, "█" * 20), (0.5, "█" * 10), (1 / 160, "▏"), (0.04375, "▉")]
)
def test_bars(share: float, text: str) -> None:
    assert text == bar(share).plain


def test_nothing_is_wider_than_the_terminal() -> None:
    for classes in (3, 10, 12):
        lines = shown(80, **matrix(classes, 9999, "a class with a name that never ends "))
        assert max(map(len, lines)) <= 80


def test_the_baseline_stands_beside_each_metric():
    baseline = {"prediction": "always yes", "metrics": {"loss": 1.1, "accuracy": 0.95}, "worse": ["accuracy"]}
    lines = shown(80, baseline=baseline)
    assert " accuracy            0.9000     0.9500" in lines
    assert " balanced accuracy   0.9000          –" in lines
    assert "baseline: always yes" in lines
    assert "warning: worse than the baseline: accuracy 0.9000 against 0.9500" in lines


def test_labels_of_the_worst_rows_are_0_and_1():
    worst = {**BASE["worst"][0], "true": {"wet": 1.0}, "predicted": {"wet": 0.0}, "probability": None}
    line = next(line for line in shown(80, worst=[worst]) if "rows.csv:139" in line)
    assert ["rows.csv:139", "1", "0", "0.5056"] == line.split()


def described(quantiles: list[float], intervals: list[float] = []) -> dict[str, Any]:  # noqa: B006
    return {
        "quantiles": [{"level": level, "below": 0.76, "loss": 0.3627} for level in quantiles],
        "intervals": [{"level": level, "coverage": 0.875, "width": 2.5} for level in intervals],
        "crps": None,
        "crossed": None,
    }


def test_quantiles_that_are_the_ends_of_no_interval() -> None:
    lines = shown(80, distribution={"y": described([0.5])})
    assert " quantile   rows below   pinball loss" in lines
    assert " 0.5              76 %         0.3627" in lines
    assert not [line for line in lines if "interval" in line]


def test_the_intervals_of_many_targets_have_a_table_of_24_rows() -> None:
    names = [f"a target with a name that never ends {k}" for k in range(13)]
    lines = shown(80, distribution={name: described([], [0.9, 0.5]) for name in names})
    assert 12 == len([line for line in lines if line.startswith(" 50 %         a target with a name th…")])
    assert " and 2 more" in lines


def test_the_importance_of_many_columns_has_a_table_of_24_rows() -> None:
    columns = [{"column": f"x{k}", "mean": 0.1, "sd": 0.01} for k in range(1026)]
    lines = shown(80, importance={**BASE["importance"], "columns": columns})
    assert [" x23"] == [line[:4] for line in lines if line.startswith(" x")][-1:]
    assert " and 1,002 more" in [line.rstrip() for line in lines]


@pytest.mark.parametrize(("labels", "told"), [(12, True), (13, False)])
def test_few_labels_have_a_matrix_each(labels: int, told: bool) -> None:
    names = [f"label{k}" for k in range(labels)]
    rows = [{"name": n, "precision": 1.0, "recall": 1.0, "f1": 1.0, "rows": 5} for n in ("0", "1")]
    lines = several(
        {name: {"accuracy": 1.0} for name in names},
        classes=dict.fromkeys(names, rows),
        confusion={name: {"classes": ["0", "1"], "matrix": [[5, 0], [0, 5]]} for name in names},
        worst=[],
    )
    assert (labels if told else 0) == len([line for line in lines if line.startswith(" true ↓")])
    assert told == ("label3" in lines)
