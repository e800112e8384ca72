"""What a tuning shows: its live view, how far figures can be trusted in words, and a report without findings."""

from copy import deepcopy
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from nettrain.output.sweep_progress import RunningGroup
from nettrain.output.tune_progress import LiveTuneDisplay, TuneState
from nettrain.output.tune_report import tune_report
from nettrain.output.tune_words import trust_lines

STATE = TuneState(
    phase="search",
    spent=30.0,
    left=90.0,
    done=7,
    metric="val_accuracy",
    groups=(RunningGroup(32, 3, 10),),
    best=5,
    figure=0.9125,
    values={"optimizer.learning_rate": 0.00123},
)


def trusted(value, rows=60, resamples=100):
    """A figure, which chose when it is of 60 rows."""
    return {
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "rows": rows,
        "corrected": value - 0.01,
        "resamples": resamples,
    }


FOUND = {
    "metric": "val_accuracy",
    "single": {"trial": 5, "val": trusted(0.9), "test": trusted(0.85, 40)},
    "ensemble": {
        "val": trusted(0.92),
        "test": trusted(0.87, 40),
        "networks": [{"network": 5, "count": 2}, {"network": 3, "count": 1}],
        "candidates": 9,
        "folder": "runs/it/ensemble",
    },
    "constant": {"val": 0.5, "test": 0.5},
    "better": "ensemble",
    "seeds": None,
    "test_measured": 1,
}
SUMMARY = {
    "experiment": "it",
    "status": "finished",
    "metric": "val_accuracy",
    "goal": "maximize",
    "minutes": 2.0,
    "seconds": 119.0,
    "phases": {"look": 1.0, "search": 90.0, "seeds": 0.0, "ensemble": 28.0},
    "rows": {"rows": 160, "choosing": 60, "test": 40, "folds": 0},
    "trials": {"total": 12, "finished": 9, "pruned": 3, "diverged": 0, "failed": 0},
    "out_of_time": 0,
    "borders": [],
    "best": {"trial": 5, "parameters": {"optimizer.learning_rate": 0.00123}},
    "found": FOUND,
}


def changed(content, **changes):
    """A copy with other values at some places: `rows__folds` is that of `folds` in `rows`."""
    copy = deepcopy(content)
    for key, value in changes.items():
        *path, last = key.split("__")
        place = copy
        for part in path:
            place = place[part]
        place[last] = value
    return copy


def words(summary=SUMMARY, **changes):
    """The lines on how far figures can be trusted, of what was found with these changes."""
    return [*trust_lines(summary, changed(FOUND, **changes))]


def printed(summary):
    """The report, without blanks at the ends of lines."""
    out = StringIO()
    tune_report(Console(file=out, width=100), summary, [], [], Path("runs/it"))
    return [text.rstrip() for text in out.getvalue().splitlines()]


def test_the_live_view_shows_the_phase_the_best_and_what_is_running():
    out = StringIO()
    display = LiveTuneDisplay(Console(file=out, width=100, force_terminal=True, color_system=None))
    display.show(STATE)
    for told in (
        "new settings",
        "7 trials, 1 min 30 s left",
        "trial 5  val accuracy 0.9125",
        "learning_rate 0.00123",
    ):
        assert told in out.getvalue()
    assert "32 networks in epoch 3" in out.getvalue()
    display.show(replace(STATE, left=1.0, best=None))
    assert "1.0 s left" not in out.getvalue()  # so soon it is not drawn again
    display.show(replace(STATE, phase="trust", best=None, groups=()))
    display.close()
    assert "how far figures can be trusted" in out.getvalue()


def test_test_rows_are_trusted_less_the_more_often_they_were_measured():
    assert words()[0] == "Trust the test figures: 40 rows on which nothing was chosen."
    assert words(test_measured=3)[0] == (
        "This tuning has looked at its 40 test rows 3 times. It chose nothing by them; did you?"
    )
    assert words(single__test=None)[0] == (
        "There are no test rows: nothing was measured on rows that had no say in it."
    )


def test_a_figure_that_was_chosen_by_is_corrected_unless_nothing_was_chosen():
    assert words()[1] == (
        "The best of 12 trials by 60 rows held out looks better than it is: selection bias. Corrected "
        "figures choose anew by resampled rows and measure on the others."
    )
    assert words(ensemble__val=trusted(0.92, resamples=9))[1].endswith(
        " There was little time for it: a rough estimate."
    )
    folds = changed(SUMMARY, rows__folds=5)
    assert words(folds)[1].startswith("The best of 12 trials by 60 rows in 5 folds ")
    assert 2 == len(words(changed(SUMMARY, trials__total=1)))


@pytest.mark.parametrize(
    ("others", "sd", "told"),
    [([0.88], None, "1 other seed 0.8800"), ([0.87, 0.88, 0.89], 0.01, "3 other seeds 0.8800 ±0.0100")],
)
def test_the_luck_of_the_seed_is_told_where_others_were_tried(others, sd, told):
    seeds = {"trial": 5, "own": 0.9, "others": others, "mean": 0.88, "sd": sd}
    assert words(seeds=seeds)[2] == (
        f"The luck of the seed: trial 5 has 0.9000 by validation, its settings with {told}."
    )


def test_whether_the_ensemble_is_better_than_the_best_network():
    assert words()[-1] == "Corrected, the ensemble of 2 networks is better than the best alone."
    assert words(better="single")[-1] == "Corrected, trial 5 alone, best.yaml, is as good as the ensemble."
    assert words(ensemble__networks=[{"network": 5, "count": 1}], better="single")[-1] == (
        "The ensemble is one network: none of the others made it better."
    )


def test_a_report_names_what_was_found_and_borders_of_the_search():
    lines = printed(changed(SUMMARY, borders=["optimizer.learning_rate: the best is at an end"]))
    assert "warning  optimizer.learning_rate: the best is at an end" in lines
    assert [line for line in lines if line.startswith("ensemble ")] == [
        "ensemble trials 5 (×2), 3, of 9 candidates"
    ]
    assert lines[-3:] == [
        "folder   runs/it",
        "next     nettrain predict runs/it/ensemble DATA",
        "alone    nettrain train runs/it/best.yaml",
    ]


def test_a_report_of_a_tuning_without_a_network_says_only_how_it_went():
    none = changed(
        SUMMARY,
        found=None,
        best=None,
        trials={"total": 2, "finished": 0, "pruned": 0, "diverged": 2, "failed": 0},
    )
    assert printed(none) == [
        "trials   2 diverged of 2",
        "time     1 min 59 s of 2 min: look 1.0 s, search 1 min 30 s, ensemble 28.0 s",
        "folder   runs/it",
    ]
