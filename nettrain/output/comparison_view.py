"""A comparison in the terminal: what is compared, the table, the curves, and what it says."""

import numpy as np
from rich.console import Console
from rich.text import Text

from nettrain.files import write_atomic
from nettrain.output.compared_curves import LOG_RATIO, ComparedCurve, compared_curves, highest_shown
from nettrain.output.comparison_table import comparison_table
from nettrain.output.comparison_words import verdict
from nettrain.output.console import print_notes
from nettrain.output.numbers import plural, seconds
from nettrain.output.progress import title
from nettrain.output.report import head, labelled
from nettrain.output.terminal_plot import MIN_EPOCHS, Pen, PlotAxis, print_plot
from nettrain.store.comparison_folder import ComparisonFolder
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.plan import PlannedComparison
from nettrain.workflow.comparison.worlds import compared_world

COLORS = ("blue", "red", "green", "magenta", "yellow", "cyan", "white")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LABEL = 9  # characters of the labels in front of lines


def show_plan(console: Console, plan: PlannedComparison) -> None:
    """Print what all experiments share, what is trained, and notes."""
    facts = {"all": ", ".join(plan.common), "trains": planned(plan)}
    head(console, plan.name, {name: text for name, text in facts.items() if text}, plan.notes)


def planned(plan: PlannedComparison) -> str:
    """How much is trained: `3 experiments with 5 seeds each, 15 networks as one population`."""
    if not plan.runs:
        return ""
    entries = len({run.entry for run in plan.runs})
    seeds = {len([run for run in plan.runs if run.entry == k]) for k in range(len(plan.labels))} - {0}
    over = "folds" if all(run.fold is not None for run in plan.runs) else "seeds"
    several = f" with {seeds.pop()} {over} each" if len(seeds) == 1 and seeds != {1} else ""
    groups = plan.population_count
    count = sum(len(run.members) for run in plan.runs)
    side = " side by side" if groups == 1 else f" in {groups} populations, one after the other"
    return f"{plural(entries, 'experiment')}{several}, {plural(count, 'network')}{side if count > 1 else ''}"


def show_comparison(console: Console, comparison: Comparison, folder: ComparisonFolder) -> None:
    """Print the figures side by side, the curves, the verdict, and where the files are."""
    console.print(comparison_table(console, comparison))
    _plot(console, comparison)
    console.print(verdict(comparison))
    console.print()
    console.print(labelled({"time": seconds(comparison.seconds), "files": ", ".join(folder.file_names())}))
    for name, text in {"folder": str(folder.path)}.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def draw_comparison(plan: PlannedComparison, comparison: Comparison, folder: ComparisonFolder) -> None:
    """Write the pictures, or say why there is none, which goes without saying after an interruption."""
    from nettrain.output.figures.comparison import comparison_picture

    picture = comparison_picture(comparison, plan.name)
    if picture is not None:
        write_atomic(folder.picture, picture)
    elif not comparison.interrupted:
        print_notes([f"{folder.picture.name}: no curves to draw"])
    seen = compared_world(plan, comparison)
    if seen is not None:
        from nettrain.output.figures.boundary.picture import boundary_picture

        what = "decision regions" if seen.world.splits_plane else "predictions"
        seeds = (
            f" of the first {comparison.over}"
            if any(len(entry.runs) > 1 for entry in comparison.entries)
            else ""
        )
        write_atomic(folder.boundary, boundary_picture(seen, f"{plan.name}: {what}{seeds}"))


def _plot(console: Console, comparison: Comparison) -> None:
    """The validation loss by epoch, or else the training loss, with a colour or letter for each entry.

    Where losses cannot be compared, it is the figure by which the best is chosen.
    """
    name, curves = _plotted(comparison)
    drawn = [curve for curve in curves if np.isfinite(curve.middle).sum() >= MIN_EPOCHS]
    if not drawn:
        return
    order = {entry.label: k for k, entry in enumerate(comparison.entries)}
    pens = {label: Pen(COLORS[k % len(COLORS)], LETTERS[k % len(LETTERS)]) for label, k in order.items()}
    plain = [curve.plain(highest_shown(drawn)) for curve in drawn]
    print_plot(console, plain, PlotAxis.of_curves(f"{title(name)} by epoch", plain, LOG_RATIO), pens)


def _plotted(comparison: Comparison) -> tuple[str, list[ComparedCurve]]:
    names = ["val_loss", "train_loss"]
    if "val_loss" in comparison.incomparable and comparison.decisive not in comparison.incomparable:
        names = [comparison.decisive, *names]
    for name in names:
        curves = compared_curves(comparison, name)
        if curves:
            return name, curves
    return "", []
