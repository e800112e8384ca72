"""The table of runs, to the letter."""

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

from nettrain.experiment.keys import shortest_end
from nettrain.output.console import Console
from nettrain.output.runs import cut_at_front, runs_table
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
        1.5,
    ),
    RunOverview(Path("runs/digits-2"), datetime(2026, 3, 4, 12, 6), "digits", "unfinished"),
]


def drawn(keys, width, runs=RUNS):
    console = Console(file=StringIO(), width=width)
    runs_table(console, runs, keys)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_at_80_columns_with_keys():
    assert """\

 run             status       val accuracy   test accuracy   hidden
 ────────────────────────────────────────────────────────────────────
 runs/digits     finished           0.9500          0.9000   [64, 32]
 runs/digits-2   unfinished              –               –   –

3 more keys differ: optimizer.learning_rate, schedule.name, data.scaling.name""" == drawn(KEYS, 80)


def test_at_120_columns_with_keys():
    assert """\

 run             when                time   status       epochs   val loss   val accuracy   test accuracy   hidden
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 runs/digits     2026-03-04 12:05   1.5 s   finished         60     0.2000         0.9500          0.9000   [64, 32]
 runs/digits-2   2026-03-04 12:06       –   unfinished        –          –              –               –   –

3 more keys differ: optimizer.learning_rate, schedule.name, data.scaling.name""" == drawn(KEYS, 120)


def test_at_110_columns_without_keys():
    assert """\

 run             when                time   status       epochs   val loss   val accuracy   test accuracy
 ────────────────────────────────────────────────────────────────────────────────────────────────────────
 runs/digits     2026-03-04 12:05   1.5 s   finished         60     0.2000         0.9500          0.9000
 runs/digits-2   2026-03-04 12:06       –   unfinished        –          –              –               –
""" == drawn([], 110)


def test_at_80_columns_without_keys():
    assert """\

 run             status       epochs   val loss   val accuracy   test accuracy
 ─────────────────────────────────────────────────────────────────────────────
 runs/digits     finished         60     0.2000         0.9500          0.9000
 runs/digits-2   unfinished        –          –              –               –
""" == drawn([], 80)


HOUSES = {"train_rmse": 9.0, "val_loss": 0.5, "val_rmse": 12.5, "val_r2": 0.5, "test_rmse": 13.0}
MIXED = [*RUNS, RunOverview(Path("runs/houses"), datetime(2026, 3, 4), "houses", "diverged", 9, 1, HOUSES)]


def test_runs_of_several_tasks_have_their_own_main_metric():
    assert """\

 run             status       epochs   metric        val     test
 ────────────────────────────────────────────────────────────────
 runs/digits     finished         60   accuracy   0.9500   0.9000
 runs/digits-2   unfinished        –   –               –        –
 runs/houses     diverged          9   rmse        12.50    13.00
""" == drawn([], 70, MIXED)


def test_runs_without_other_rows_show_those_of_training():
    alone = RunOverview(Path("runs/all"), datetime(2026, 3, 4), "all", "finished", 9, 1, {"train_rmse": 2.0})
    assert ["run", "status", "epochs", "train", "rmse"] == drawn([], 60, [alone]).splitlines()[1].split()
    row = next(line for line in drawn([], 80, [*MIXED, alone]).splitlines() if "runs/all" in line)
    assert ["runs/all", "finished", "9", "rmse", "2.000", "–", "–"] == row.split()


def test_paths_among_the_settings_are_cut_at_the_front():
    named = RunOverview(
        Path("a"), datetime(2026, 3, 4), "a", "finished", settings={"data.source": "/home/me/my/data/1.csv"}
    )
    assert "   …/me/my/data/1.csv" in drawn(["data.source"], 80, [named])


@pytest.mark.parametrize("width", [50, 60, 80, 100])
@pytest.mark.parametrize("keys", [[], KEYS])
@pytest.mark.parametrize("runs", [RUNS, MIXED])
def test_the_status_is_never_left_out_and_a_row_is_one_line(width, keys, runs):
    lines = drawn(keys, width, runs).split("\n\n")[0].splitlines()
    assert "status" in lines[1]
    assert len(runs) + 3 == len([line for line in lines if line or line == lines[0]])


def test_long_paths_are_cut_at_the_front():
    deep = Path("/home/somebody/projects/houses/of/boston/runs/first-9")
    assert "…/of/boston/runs/first-9" == cut_at_front(str(deep), 26)
    assert "runs/first-9" == cut_at_front("runs/first-9", 12)
    assert "…qqqq-2" == cut_at_front(f"runs/{'q' * 60}-2", 7)
    named = RunOverview(deep, datetime(2026, 3, 4), "q", "finished", 1, 1, FIGURES)
    row = drawn([], 80, [named]).splitlines()[3]
    assert row.startswith(" …/of/boston/runs/first-9   finished")


def test_keys_are_as_short_as_they_can_be_told_apart():
    assert ["hidden", "learning_rate", "schedule.name", "scaling.name"] == [
        shortest_end(key, KEYS) for key in KEYS
    ]
