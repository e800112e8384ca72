"""The table of runs, to the letter."""

from datetime import datetime
from io import StringIO
from pathlib import Path

from nettrain.output.console import Console
from nettrain.output.runs import runs_table, short
from nettrain.store.run_overview import RunOverview

KEYS = ["model.hidden", "optimizer.learning_rate", "schedule.name", "data.scaling.name"]
FIGURES = {"train_loss": 0.1, "val_loss": 0.2, "val_accuracy": 0.95, "test_loss": 0.3, "test_accuracy": 0.9}
RUNS = [
    RunOverview(
        Path("runs/digits"),
        datetime(2026, 3, 4, 12, 5),
        "digits",
        "finished",
        60,
        37,
        FIGURES,
        {"model.hidden": [64, 32], "optimizer.learning_rate": 0.001, "schedule.name": "cosine"},
    ),
    RunOverview(Path("runs/digits-2"), datetime(2026, 3, 4, 12, 6), "digits", "unfinished"),
]


def drawn(keys, width, runs=RUNS):
    console = Console(file=StringIO(), width=width)
    runs_table(console, runs, keys)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_at_80_columns_with_keys():
    assert """\

 run             epochs   val loss   val accuracy   test accuracy   hidden
 ───────────────────────────────────────────────────────────────────────────
 runs/digits         60     0.2000         0.9500          0.9000   [64, 32]
 runs/digits-2        –          –              –               –   –

3 more keys differ: optimizer.learning_rate, schedule.name, data.scaling.name""" == drawn(KEYS, 80)


def test_at_120_columns_with_keys():
    assert """\

 run             when               status       epochs   val loss   val accuracy   test accuracy   hidden
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────
 runs/digits     2026-03-04 12:05   finished         60     0.2000         0.9500          0.9000   [64, 32]
 runs/digits-2   2026-03-04 12:06   unfinished        –          –              –               –   –

3 more keys differ: optimizer.learning_rate, schedule.name, data.scaling.name""" == drawn(KEYS, 120)


def test_at_100_columns_without_keys():
    assert """\

 run             when               status       epochs   val loss   val accuracy   test accuracy
 ────────────────────────────────────────────────────────────────────────────────────────────────
 runs/digits     2026-03-04 12:05   finished         60     0.2000         0.9500          0.9000
 runs/digits-2   2026-03-04 12:06   unfinished        –          –              –               –
""" == drawn([], 100)


def test_at_80_columns_without_keys():
    assert """\

 run             status       epochs   val loss   val accuracy   test accuracy
 ─────────────────────────────────────────────────────────────────────────────
 runs/digits     finished         60     0.2000         0.9500          0.9000
 runs/digits-2   unfinished        –          –              –               –
""" == drawn([], 80)


def test_a_long_name_is_folded_and_never_lost():
    named = RunOverview(Path("runs") / ("q" * 60), datetime(2026, 3, 4), "q", "finished", 1, 1, FIGURES)
    assert 60 == drawn([], 60, [named]).count("q")


def test_keys_are_as_short_as_they_can_be_told_apart():
    assert ["hidden", "learning_rate", "schedule.name", "scaling.name"] == [short(key, KEYS) for key in KEYS]
