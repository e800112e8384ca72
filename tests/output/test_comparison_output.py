"""A comparison in the terminal and as a picture, from figures that are given."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread
from rich.console import Console

from nettrain.output.compared_curves import compared_curves, compared_names, highest_shown
from nettrain.output.comparison_progress import show_comparing
from nettrain.output.comparison_table import comparison_table
from nettrain.output.comparison_view import draw_comparison
from nettrain.output.comparison_words import verdict
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.comparison import comparison_picture
from nettrain.output.figures.series import series_style
from nettrain.store.comparison_folder import ComparisonFolder
from nettrain.training.events import EpochDone
from nettrain.workflow.compare import Comparison, run_comparison
from nettrain.workflow.comparison.entries import ComparedEntry
from nettrain.workflow.comparison.plan import plan_comparison
from nettrain.workflow.comparison.population import ComparedEpoch
from nettrain.workflow.comparison.sources import find_sources

pytestmark = pytest.mark.usefixtures("step_by_step")


class FakeRun:
    """A run with given figures."""

    def __init__(self, seed, figures, curve=(), *, status="finished", why="", improving=False):
        self.seed, self.status, self.divergence = seed, status, why
        self.fold, self.pair, self.held_out = None, seed, 0.0
        self.stop_reason, self.best_epoch, self.seconds, self.parameters = "epochs", None, 0.25, 67
        self.epochs, self.still_improving = len(curve), improving
        self.metrics = {}
        for name, value in figures.items():
            split, _, metric = name.partition("_")
            self.metrics.setdefault(split, {})[metric] = value
        self.figures = [f"{split}_{metric}" for split, of in self.metrics.items() for metric in of]
        epochs = np.arange(len(curve))
        self.history = pl.DataFrame({"epoch": epochs, "train_loss": curve, "val_loss": curve,
                                     "train_accuracy": [0.5] * len(curve)})  # fmt: skip

    def value(self, figure):
        split, _, metric = figure.partition("_")
        return float("nan") if self.status == "diverged" else self.metrics[split].get(metric, float("nan"))


def entry(label, accuracies, *, curve=(2.0, 1.0, 0.5), status="finished", why=""):
    runs = [
        FakeRun(
            seed,
            {"val_loss": 1 - a, "val_accuracy": a, "test_accuracy": a - 0.1},
            curve,
            status=status,
            why=why,
        )
        for seed, a in enumerate(accuracies)
    ]
    return ComparedEntry(label, label, {"experiment": label}, {}, tuple(runs))


def comparison(*entries, **incomparable):
    return Comparison(tuple(entries), ("optimizer.name",), ("iris", "epochs 3"), incomparable, ())


FIVE = comparison(entry("adam", [0.90, 0.92, 0.91, 0.95, 0.92]), entry("sgd", [0.80, 0.85, 0.79, 0.85, 0.81]))
NEAR = comparison(
    entry("a", [0.90, 0.80, 0.85]), entry("b", [0.80, 0.85, 0.86]), entry("c", [0.90, 0.80, 0.85])
)
ONE = comparison(entry("wide", [0.9]), entry("narrow", [0.8]))
SICK = comparison(
    entry("rate 0.1", [0.9, 0.8]),
    entry("rate [red]", [0, 0], curve=(2.0, 40.0, float("inf")), status="diverged", why="too large"),
)


def printed(content, width=80):
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    console.print(content(console) if callable(content) else content)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def table(one, width=80):
    return printed(lambda console: comparison_table(console, one), width)


def test_few_entries_stand_side_by_side():
    expected = """
                               adam                sgd
 ─────────────────────────────────────────────────────
 val loss        0.08000 ±0.01871 ●     0.1800 ±0.0283
 val accuracy      0.9200 ±0.0187 ●     0.8200 ±0.0283
 test accuracy     0.8200 ±0.0187 ●     0.7200 ±0.0283
 epochs                           3                  3
 time                        250 ms             250 ms
"""
    assert expected.splitlines() == table(FIVE).splitlines()


def test_many_entries_have_a_row_each_and_columns_as_far_as_there_is_room():
    many = comparison(*(entry(f"learning_rate {k}", [0.5 + k / 100, 0.6 + k / 100]) for k in range(10)))
    wide, narrow = table(many, 110), table(many, 60)
    assert "val loss" in wide
    assert "time" in wide
    assert "val accuracy" in narrow
    assert "val loss" not in narrow
    assert "time" not in narrow
    for text, width in ((wide, 110), (narrow, 60)):
        assert max(map(len, text.splitlines())) <= width
        assert 10 == sum("learning_rate" in line for line in text.splitlines())
    assert ["learning_rate 9"] == [line[1:16] for line in narrow.splitlines() if "●" in line]
    least = comparison_table(Console(width=20), many)
    assert ["", "val accuracy"] == [str(column.header) for column in least.columns]


def test_a_difference_beyond_the_spread():
    # differences 0.10 0.07 0.12 0.10 0.11: mean 0.1, sd 0.01871, t = 11.95 with 4 degrees of freedom
    expected = """\
adam is best by val accuracy
  than sgd  better by 0.1000 ±0.0187 in 5 of 5 seeds (p < 0.001)
p: how often chance alone makes such a difference (paired t-test over seeds)"""
    assert expected == printed(verdict(FIVE))


def test_a_difference_within_the_spread_and_a_tie():
    # differences 0.10, -0.05, -0.01: mean 0.0133, sd 0.0777, t = 0.297 with 2 degrees of freedom
    expected = """\
a; c are best by val accuracy
  than b  within the spread of seeds: better by 0.0133 ±0.0777 in 1 of 3 seeds
          (p = 0.79)
p: how often chance alone makes such a difference (paired t-test over seeds)"""
    assert expected == printed(verdict(NEAR))
    same = comparison(entry("a", [0.9, 0.8]), entry("b", [0.9, 0.8]))
    assert "all have the same val accuracy" == printed(verdict(same))
    assert "●" not in table(same)


def test_the_best_may_be_worse_where_the_other_did_not_diverge():
    # in seeds 2 to 4: -0.03, -0.05, -0.07; the first two seeds of b have no figures
    easy, hard = entry("a", [0.9, 0.9, 0.6, 0.6, 0.6]), entry("b", [0.0, 0.0, 0.63, 0.65, 0.67])
    for run in hard.runs[:2]:
        run.status = "diverged"
    lines = printed(verdict(comparison(easy, hard)))
    assert "a is best by val accuracy" in lines
    assert "than b  worse by 0.0500 ±0.0200 in 3 of 3 seeds (p = 0.049)" in lines


def test_the_best_may_be_the_same_where_the_other_did_not_diverge():
    first, second = entry("a", [0.9, 0.8, 0.1]), entry("b", [0.9, 0.8, 0.0])
    second.runs[2].status = "diverged"
    lines = printed(verdict(comparison(first, second)))
    assert "b is best by val accuracy" in lines
    assert "than a  the same in all 2 seeds" in lines


def test_a_difference_too_small_for_the_digits_of_the_figures():
    # differences 0, 0, 3e-9: mean 1e-9, sd 1.732e-9, t = 1 with 2 degrees of freedom
    lines = printed(verdict(comparison(entry("a", [0.9, 0.8, 0.7]), entry("b", [0.9, 0.8, 0.7 - 3e-9]))))
    assert "better by 1.00e-09 ±1.73e-09 in 1 of 3 seeds, equal in 2" in " ".join(lines.split())
    assert "(p = 0.42)" in lines


def test_one_seed_claims_nothing():
    expected = """\
wide is best by val accuracy
  than narrow  better by 0.1000
one seed: --repeat 5 tells whether the difference is real"""
    assert expected == printed(verdict(ONE))
    two = comparison(entry("a", [0.9, 0.8]), entry("b", [0.7, 0.6]))
    assert "2 seeds are too few to tell chance from a difference: --repeat 5" in printed(verdict(two))


def test_two_folds_have_no_p_and_no_advice_to_repeat():
    two = comparison(entry("a", [0.9, 0.8]), entry("b", [0.7, 0.6]))
    for run in (run for one in two.entries for run in one.runs):
        run.fold = run.seed + 1
    assert "a is best by val accuracy\n  than b  better by 0.2000 ±0.0000 in 2 of 2 folds" == printed(
        verdict(two)
    )


def test_a_difference_in_all_of_few_seeds_may_be_chance():
    few = comparison(entry("a", [0.9, 0.8, 0.85]), entry("b", [0.7, 0.79, 0.6]))
    assert (
        "in 3 seeds even a difference in all may be chance: --repeat 5"
        == printed(verdict(few)).splitlines()[-1]
    )


def test_what_diverged_and_what_is_not_compared_is_said():
    assert "rate [red] diverged in 2 of 2 seeds: too large" == printed(verdict(SICK))
    assert "diverged" in table(SICK)
    assert "2 of 2" in table(SICK)
    reasons = {"val_loss": "other losses", "test_loss": "other losses"}
    text = printed(verdict(comparison(*FIVE.entries, **reasons)))
    assert "loss not compared: other losses" == text.splitlines()[-1]
    assert "●" not in next(
        line for line in table(comparison(*FIVE.entries, **reasons)).splitlines() if "loss" in line
    )


def test_what_was_still_improving_is_said():
    slow = ComparedEntry("slow", "", {}, {}, (FakeRun(0, {"val_accuracy": 0.5}, improving=True),))
    line = "still improving when the epochs ran out: slow; more may change the order"
    assert line == printed(verdict(comparison(slow, entry("fast", [0.9])))).splitlines()[-1]
    assert "ran out: all; more" in printed(verdict(comparison(slow, slow)))
    apart = comparison(slow, entry("fast", [0.9]), val_accuracy="other rows")
    assert "still improving when the epochs ran out: slow" in printed(verdict(apart)).splitlines()
    assert "order" not in printed(verdict(apart))


def test_an_interrupted_run_that_was_read_has_its_status_in_the_table():
    text = table(comparison(entry("short", [0.9], status="interrupted"), entry("whole", [0.8])))
    assert ["status", "interrupted", "finished"] == next(
        line.split() for line in text.splitlines() if line.strip().startswith("status")
    )
    assert "status" not in table(ONE)


def test_p_is_adjusted_for_the_number_of_tests_that_is_printed():
    # the second is as good as the best by its mean, and tested too; the last has too few seeds
    four = comparison(
        entry("a", [0.9, 0.8, 0.7]),
        entry("b", [0.8, 0.9, 0.7]),
        entry("c", [0.55, 0.5, 0.4]),
        entry("d", [0.6, 0.5]),
    )
    known = [test for test in four.tests() if test.p is not None]
    assert 2 == len(known)
    alone = four.test(0, 2, "val_accuracy").p
    assert pytest.approx(2 * alone) == min(test.p for test in known)
    assert "adjusted for 2 comparisons" in printed(verdict(four), 200)


def test_a_difference_of_one_seed_has_four_digits():
    near = comparison(entry("a", [0.9003124]), entry("b", [0.9]))
    assert "than b  better by 0.0003124" in printed(verdict(near))


def test_curves_are_means_and_bands_and_ended_runs_keep_their_value():
    runs = (FakeRun(0, {"val_loss": 1.0}, [4.0, 2.0]), FakeRun(1, {"val_loss": 1.0}, [6.0, 4.0, 1.0]))
    one = comparison(ComparedEntry("a", "a", {}, {}, runs))
    (curve,) = compared_curves(one, "val_loss")
    assert [0, 1, 2] == curve.epochs.tolist()
    assert [5.0, 3.0, 1.5] == curve.middle.tolist()
    assert [[4, 2, 1], [6, 4, 2]] == [curve.lowest.tolist(), curve.highest.tolist()]
    assert {"loss": ["train_loss", "val_loss"]} == compared_names(one)


def test_what_diverges_is_cut_above_where_all_began():
    curves = compared_curves(SICK, "val_loss")
    assert 3.0 == highest_shown(curves)  # 1.5 times the loss before training, 2
    assert (True, True) == curves[1].diverged
    assert [1.0, 1.0] == curves[1].ends.tolist()
    assert [2.0, 3.0] == curves[1].plain(3.0).values[0, :2].tolist()


def test_the_picture_is_the_same_every_time_and_has_all_labels():
    first, second = comparison_picture(SICK, "rates"), comparison_picture(SICK, "rates")
    assert first == second
    assert 3 == imread(io.BytesIO(first)).ndim
    drawn = comparison_picture(SICK, "rates", render=svg).decode()
    for text in ("rate 0.1", "rate [red] (× 2 of 2 diverged)", "training rows", "validation rows", "iris, epochs 3",
                 "accuracy", "lines: mean of 2 seeds; bands: all of them"):  # fmt: skip
        assert text in drawn
    assert (
        comparison_picture(comparison(entry("a", [0.9], curve=()), entry("b", [0.8], curve=())), "x") is None
    )


def test_series_are_apart_by_colour_and_line():
    styles = [series_style(k) for k in range(35)]
    assert 35 == len({*map(str, styles)})


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_has_every_entry(terminal):
    stream = io.StringIO()
    console = Console(
        file=stream, width=80, force_terminal=terminal, markup=False, emoji=False, highlight=False
    )
    with show_comparing(console, ["sgd [red]", "adam"], quiet=False) as on_epoch:
        for epoch in range(21):
            figures = {"val_loss": np.array([1.0, 3.0, 0.5]), "train_loss": np.array([2.0, 2.0, 0.25])}
            event = EpochDone(
                epoch, 20, epoch, np.arange(3), np.zeros(3), figures, np.zeros(3, bool), True, 0.0, 0.0
            )
            on_epoch(ComparedEpoch(np.array([0, 0, 1]), event))
    text = stream.getvalue()
    assert "sgd [red]" in text
    assert "adam" in text
    if not terminal:
        assert "epoch 20/20  val loss  sgd [red] 2.000  adam 0.5000" == text.splitlines()[-1]
        assert 5 < len(text.splitlines()) < 15
    with show_comparing(console, ["a"], quiet=True) as silent:
        silent(None)


@pytest.mark.parametrize(
    ("source", "repeat", "title"),
    [
        ("synthetic:moons", 2, "shapes: decision regions of the first seed"),
        ("synthetic:sine", 1, "shapes: predictions"),
    ],
)
def test_a_small_world_is_drawn_beside_the_curves(source, repeat, title, tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(
        "nettrain.output.figures.boundary.picture.boundary_picture",
        lambda seen, name: titles.append(name) or b"a picture",
    )
    shapes = {"experiment": "shapes", "data": {"source": source}, "model": {"hidden": [2]}}
    vary = {"optimizer": ["adam", "sgd"]}
    plan = plan_comparison(find_sources([{**shapes, "training": {"epochs": 1}}], vary=vary), repeat=repeat)
    draw_comparison(plan, run_comparison(plan), ComparisonFolder(tmp_path))
    assert ([title], b"a picture") == (titles, (tmp_path / "boundary.png").read_bytes())


def test_an_entry_without_a_figure_has_no_curve_of_it():
    one, other = entry("a", [0.9]), entry("b", [0.8])
    other.runs[0].history = other.runs[0].history.drop("val_loss")
    curves = compared_curves(comparison(one, other), "val_loss")
    assert ["a"] == [curve.label for curve in curves]


@pytest.mark.parametrize(
    ("interrupted", "note"),
    [(False, "compare.png: no curves to draw\n"), (True, "")],
    ids=["ended", "interrupted"],
)
def test_without_curves_there_is_a_note_in_place_of_the_picture(
    interrupted, note, tmp_path, monkeypatch, capsys
):
    """But not beside the line that says that it was interrupted."""
    monkeypatch.setattr("nettrain.output.comparison_view.compared_world", lambda *_: None)
    compared = replace(comparison(entry("adam", [0.9], curve=())), interrupted=interrupted)
    draw_comparison(SimpleNamespace(name="a"), compared, ComparisonFolder(tmp_path))
    assert (note, []) == (capsys.readouterr().err, [*tmp_path.iterdir()])
