"""What is shown of a cross-validation: the table of its folds, its progress, its picture and its report."""

import json
import re
from io import StringIO
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

import nettrain
from nettrain.output import cross_validation_view
from nettrain.output.figures.folds import FoldFigures, draw_dots, folds_picture, note, running_mean
from nettrain.output.fold_progress import (
    FoldTracker,
    LiveFoldDisplay,
    PlainFoldDisplay,
    ended_line,
    training_line,
)
from nettrain.output.history_curves import Curve
from nettrain.output.members import members_table
from nettrain.store.fold_summary import EndedFold
from nettrain.store.run_folder import RunFolder
from nettrain.training.events import EpochDone
from nettrain.workflow.cross_validation import FoldDone
from nettrain.workflow.folds.tables import mean_rows
from nettrain.workflow.folds.training import FoldsEpoch
from tests.output.page_of import Parsed

SPEC = {
    "experiment": "small",
    "data": {"source": "builtin:iris", "test": 0.2, "folds": {"count": 3, "repeats": 2}},
    "model": {"hidden": [4]},
    "training": {"epochs": 6},
    "backend": {"threads": 1},
}


def fold(number, accuracy, repeat=1, epochs=5):
    metrics = {
        "train": {"loss": 0.25, "accuracy": 0.875},
        "val": {"loss": 1 - accuracy, "accuracy": accuracy},
        "test": {"loss": 0.5, "accuracy": 0.75},
    }
    return {
        "fold": number,
        "repeat": repeat,
        "rows": {"train": 1200, "val": 40 + number, "test": 30},
        "status": "finished",
        "stop_reason": "early_stopping",
        "epochs_run": epochs,
        "best_epoch": 3,
        "restored_best": True,
        "metrics": metrics,
    }


SUMMARY = {
    "folds": [fold(1, 0.5), fold(2, 0.75), fold(3, 1.0)],
    "mean": {
        "train": {"loss": 0.25, "accuracy": 0.875},
        "val": {"loss": 0.25, "accuracy": 0.75},
        "test": {"loss": 0.5, "accuracy": 0.75},
    },
    "sd": {
        "train": {"loss": 0.0, "accuracy": 0.0},
        "val": {"loss": 0.25, "accuracy": 0.25},
        "test": {"loss": 0.0, "accuracy": 0.0},
    },
    "out_of_fold": {"loss": 0.26, "accuracy": 0.74},
    "metrics": {"test": {"accuracy": 0.8}},
}


def printed(width, **changes):
    console = Console(width=width, file=StringIO())
    console.print(members_table(console, {**SUMMARY, **changes}, "accuracy"))
    return [line.rstrip() for line in console.file.getvalue().splitlines() if line.strip()]


def test_the_table_of_folds_to_the_letter():
    assert [
        "     fold   held out   epochs   best   val loss   val accuracy   test accuracy",
        " ─────────────────────────────────────────────────────────────────────────────",
        "        1         41        5      3     0.5000         0.5000          0.7500",
        "        2         42        5      3     0.2500         0.7500          0.7500",
        "        3         43        5      3          0          1.000          0.7500",
        "     mean                                0.2500         0.7500          0.7500",
        "       sd                                0.2500         0.2500          0.0000",
        "   pooled                                0.2600         0.7400",
        " together                                                               0.8000",
    ] == printed(80)


def test_a_wide_terminal_has_more_columns():
    names = printed(160)[0].split("  ")
    assert {"train rows", "train loss", "stopped", "test loss"} <= {name.strip() for name in names}


def test_repeats_have_a_column():
    folds = [fold(1, 0.5), fold(2, 0.75, repeat=2)]
    assert "repeat" in printed(100, folds=folds)[0]
    assert "repeat" not in printed(100)[0]


# ----- progress -----


def epoch(folds, number, losses, **changes):
    """An epoch of folds that train together."""
    values = np.array(losses)
    done = EpochDone(
        number,
        10,
        number * 4,
        np.arange(len(folds)),
        np.full(len(folds), 0.1),
        {"train_loss": values / 2, "val_loss": values, "val_accuracy": 1 - values},
        np.zeros(len(folds), dtype=bool),
        True,
        0.1,
        0.1,
    )
    return FoldsEpoch(np.array(folds), done)


def test_a_line_now_and_then_where_no_fold_ends(monkeypatch):
    console = Console(width=100, file=StringIO())
    display = PlainFoldDisplay(console, 12)
    display.show(epoch([1, 2], 1, [0.5, 0.75]))
    monkeypatch.setattr("nettrain.output.fold_progress.MAX_PAUSE", 0.0)
    display.show(epoch([1, 2], 2, [0.5, 0.75]))
    (line,) = console.file.getvalue().splitlines()
    assert "epoch 2/10" in " ".join(line.split())


def test_the_live_view_of_folds_is_not_drawn_for_every_epoch():
    console = Console(width=100, file=StringIO(), force_terminal=True, color_system=None)
    display = LiveFoldDisplay(console, 12)
    for number in (1, 2, 3):
        display.show(epoch([1, 2], number, [0.5, 0.75]))
    assert "1/10" in console.file.getvalue()
    assert "2/10" not in console.file.getvalue()
    display.close()


def ended(number, accuracy):
    return FoldDone(EndedFold(number, 1, {"train": 8, "val": 4}, fold(number, accuracy)))


def test_lines_where_output_is_no_terminal():
    console = Console(width=100, file=StringIO())
    display = PlainFoldDisplay(console, 12)
    for event in (epoch([1, 2], 1, [0.5, 0.75]), ended(1, 0.75), ended(2, 0.5)):
        display.show(event)
    display.close()
    assert [
        "fold  1/12  early stopping after 5 epochs  val loss 0.2500  val accuracy 0.7500",
        "fold  2/12  early stopping after 5 epochs  val loss 0.5000  val accuracy 0.5000",
    ] == console.file.getvalue().splitlines()


def test_a_line_of_folds_that_train_has_their_mean():
    tracker = FoldTracker(3)
    about = tracker.add(epoch([1, 3], 5, [0.25, 0.75]))
    line = training_line(about, tracker)
    assert line.startswith("folds 1 to 3  epoch 5/10  val loss 0.5000 ±0.3536  val accuracy 0.5000 ±0.3536")
    assert training_line(about[:1], tracker).startswith("fold 1  epoch 5/10  val loss 0.2500  val")


def test_members_of_one_fold_count_as_their_mean():
    (about,) = FoldTracker(1).add(epoch([1, 1], 2, [0.25, 0.75]))
    assert 0.5 == about.figures["val_loss"]


def test_time_left_follows_from_the_share_of_epochs():
    tracker = FoldTracker(2)
    assert tracker.left is None
    tracker.add(ended(1, 0.5))
    tracker.add(epoch([2], 5, [0.5]))
    tracker.started -= 30
    assert 10 == pytest.approx(tracker.left, rel=0.01)  # three quarters took 30 seconds


def test_a_terminal_has_a_row_for_each_fold():
    console = Console(width=80, height=30, file=StringIO(), force_terminal=True)
    display = LiveFoldDisplay(console, 3)
    for event in (ended(1, 0.75), epoch([2, 3], 4, [0.5, 0.75])):
        display._drawn = 0.0
        display.show(event)
    display.close()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
    assert re.search(r"1 +5 +0\.2500 +0\.7500 +early stopping", shown)
    assert re.search(r"2 +4/10 +0\.5000 +0\.5000 +trains", shown)
    assert "1/3 folds" in shown


def test_a_fold_that_used_up_its_epochs_says_no_reason():
    tracker = FoldTracker(1)
    (about,) = tracker.add(ended(1, 0.5))
    about.ended = "epochs"
    assert ended_line(about, 1) == "fold 1/1  after 5 epochs  val loss 0.5000  val accuracy 0.5000"


# ----- picture -----


def test_the_mean_goes_on_while_half_of_the_folds_do():
    nan = np.nan
    values = np.array(
        [[4.0, 2.0, 1.0, nan], [2.0, 4.0, nan, nan], [3.0, nan, nan, nan], [3.0, 6.0, 5.0, 4.0]]
    )
    np.testing.assert_array_equal([3.0, 4.0, 3.0, nan], running_mean(Curve(np.arange(4.0), values, "")))


def test_the_plot_in_the_terminal_is_the_mean_of_half_of_the_folds_and_more():
    lengths = {1: 4, 2: 3, 3: 2, 4: 1}
    rows = [
        {"member": number, "epoch": k, "val_loss": float(number)}
        for k in range(4)
        for number, length in lengths.items()
        if k < length
    ]
    expected = [{"member": 0, "epoch": k, "val_loss": mean} for k, mean in enumerate([2.5, 2.0, 1.5])]
    assert expected == mean_rows(rows)


def test_no_band_beyond_what_a_figure_can_be():
    figures = FoldFigures.of(SUMMARY, "accuracy")
    assert (-np.inf, 1.0) == figures.possible
    assert (0.0, np.inf) == FoldFigures.of(SUMMARY, "loss").possible


def test_the_heading_sums_up():
    figures = FoldFigures.of(SUMMARY, "accuracy")
    text = "3 folds: val accuracy 0.7500 ±0.2500; of all held-out rows together 0.7400"
    assert text == note(SUMMARY, figures)
    repeated = {**SUMMARY, "folds": [fold(1, 0.5), fold(2, 0.5, repeat=2)]}
    assert note(repeated, figures).startswith("2 repeats of 1 fold: ")


@pytest.mark.parametrize("losses", [[0.5, 0.3], [np.nan, np.nan], [1e9, 1e-9]])
def test_a_picture_of_any_course(losses, tmp_path):
    rows = [
        {"member": number, "epoch": k, "step": 4 * k, "better": 1, "val_loss": value}
        for number in (1, 2)
        for k, value in enumerate(losses)
    ]
    broken = [fold(1, 0.5), {**fold(2, np.nan), "best_epoch": None, "status": "diverged"}]
    (tmp_path / "folds.png").write_bytes(folds_picture(rows, {**SUMMARY, "folds": broken}, "name"))
    assert 3 == matplotlib.image.imread(tmp_path / "folds.png").ndim


def drawn_dots(folds, **summary):
    """The axes of the dots of folds."""
    ax = Figure().add_axes((0, 0, 1, 1))
    draw_dots(ax, FoldFigures.of({**SUMMARY, "folds": folds, **summary}, "accuracy"), folds)
    return ax


def test_a_mean_that_is_no_number_has_neither_a_band_nor_a_line():
    ax = drawn_dots([fold(1, np.nan)], mean={"val": {"accuracy": np.nan}})
    assert (0, 2) == (len(ax.patches), len(ax.lines))
    ax = drawn_dots(SUMMARY["folds"])
    assert (1, 3) == (len(ax.patches), len(ax.lines))


@pytest.mark.parametrize(("folds", "named"), [(30, 30), (31, 0)])
def test_each_of_many_folds_has_no_number(folds, named):
    ax = drawn_dots([fold(number, 0.5) for number in range(1, folds + 1)])
    ticks = [tick for tick in ax.get_xticks() if 0.5 <= tick <= folds + 0.5]
    assert (named or len(ticks)) == len(ticks) <= max(named, 10)


def test_the_same_summary_gives_the_same_picture():
    rows = [{"member": 1, "epoch": k, "step": k, "better": 1, "val_loss": 1 / (k + 1)} for k in range(5)]
    assert folds_picture(rows, SUMMARY, "a") == folds_picture(rows, SUMMARY, "a")


# ----- report -----


def test_folds_that_had_not_begun_are_counted(monkeypatch, tmp_path):
    for name in ("plot_loss", "final_report"):
        monkeypatch.setattr(cross_validation_view, name, lambda *shown, **drawing: None)
    planned = SimpleNamespace(folds=range(3), architecture=None)
    console = Console(file=StringIO(), width=80)
    result = SimpleNamespace(planned=planned, folds=(), summary={})
    cross_validation_view.show_folds_report(console, result, RunFolder(tmp_path), 0.0)
    assert "3 folds had not begun\n" == console.file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nettrain.train(SPEC, folder=tmp_path_factory.mktemp("folds") / "run")


def test_the_report_is_on_held_out_rows(run):
    page = run.report()
    text = Parsed.of(page).words
    mean, sd = (run.summary[key]["val"]["accuracy"] for key in ("mean", "sd"))
    assert "6 networks with 35 parameters each, one for each fold, learned to predict" in text
    assert "On the rows that a fold held out its accuracy is " in text
    assert f"{mean:#.4g} ±{sd:.4f} on average" in text
    assert "2 repeats of 3 folds" in text
    assert "Predictions for 240 rows, each by the fold that held it out." in text
    assert "--part validation --importance" in text


def test_a_run_in_memory_has_the_same_report(run, tmp_path):
    page = nettrain.train(SPEC).report(tmp_path / "page.html")
    text = Parsed.of(page).words
    assert "Predictions for 240 rows, each by the fold that held it out." in text


def test_history_and_folds_of_a_run(run):
    assert [1, 2, 3, 4, 5, 6] == run.folds["fold"].to_list() == sorted({*run.history["fold"]})
    assert json.loads((run.folder / "summary.json").read_text())["out_of_fold"].keys() >= {"loss", "accuracy"}
    assert run.out_of_fold.height == 240
    alone = nettrain.open_run(run.folder / "folds" / "2")
    assert (None, None) == (alone.folds, alone.out_of_fold)
    joined = run.history.filter(run.history["fold"] == 2).drop("fold")
    assert joined.equals(alone.history.select(joined.columns))
