"""A lesson that was run, in the terminal: claim, curves, what was observed, what to try next."""

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.files import write_atomic
from nettrain.lessons.files import contestant_name, experiment_files
from nettrain.lessons.observation import Observation
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import Lesson
from nettrain.output.comparison_progress import show_comparing
from nettrain.output.comparison_view import COLORS, LETTERS
from nettrain.output.history_curves import RATIO, Curve
from nettrain.output.lesson_list import WIDEST, print_block
from nettrain.output.numbers import plural, seconds, short
from nettrain.output.terminal_plot import MIN_EPOCHS, Pen, PlotAxis, print_plot
from nettrain.workflow.comparison.population import OnComparedEpoch
from nettrain.workflow.lesson import LessonReport

HOLDS = {True: ("✓", "green"), False: ("✗", "bold red")}


def lesson_progress(console: Console, lesson: Lesson) -> AbstractContextManager[OnComparedEpoch]:
    """A function to call with every epoch, which shows the progress of all contestants in a terminal."""
    names = [contestant_name(file) for file in experiment_files(lesson.name)]
    return show_comparing(console, names, quiet=not console.is_terminal)


def draw_lesson(report: LessonReport, folder: Path) -> Path:
    """Write the picture of a lesson into the folder. Returns its path."""
    from nettrain.output.figures.lesson import lesson_picture

    path = folder / f"{report.lesson.name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lesson_picture(report.lesson.panels(report.contestants)))
    return path


def show_lesson(console: Console, report: LessonReport, picture: Path | None = None) -> None:
    """Print claim, formula and curves, what was observed, and what to think about and to try next."""
    lesson, claim = report.lesson, report.claim
    console.print(Text(lesson.title, style="bold cyan"))
    print_block(console, claim.text, 2)
    console.print()
    for line in claim.formula:
        console.print(Text(f"      {line}", style="bold"))
    console.print()
    for panel in lesson.panels(report.contestants):
        plot_panel(console, panel)
    for observation in report.observations:
        _print_observation(console, observation)
    _print_verdict(console, report, picture)
    console.print(Text("Think about it", style="bold"))
    print_block(console, lesson.question, 2)
    console.print(Text("Try next", style="bold"))
    _print_follow_ups(console, lesson)


def plot_panel(console: Console, panel: Panel) -> None:
    """Plot the medians of a panel, with a colour or a letter for each contestant.

    Points that are not joined, and lines of hardly any points, are left to the picture.
    """
    medians = [_median(line) for line in panel.lines if not line.points]
    curves = [curve for curve in medians if len(curve.epochs) >= MIN_EPOCHS]
    if not curves:
        return
    order = {line.name: number for number, line in enumerate(panel.lines)}
    pens = {name: Pen(COLORS[k % len(COLORS)], LETTERS[k % len(LETTERS)]) for name, k in order.items()}
    ratio = {None: RATIO, True: 1.0, False: float("inf")}[panel.log]
    print_plot(
        console, curves, PlotAxis.of_curves(f"{panel.y_label} by {panel.x_label}", curves, ratio), pens
    )
    console.print()


def _median(line: Line) -> Curve:
    """The median over the seeds, where it is finite."""
    finite = np.isfinite(line.y).any(axis=0)
    values = np.where(np.isfinite(line.y), line.y, np.nan)[:, finite]
    return Curve(line.x[finite], np.nanmedian(values, axis=0)[None], line.name)


def _print_observation(console: Console, observation: Observation) -> None:
    mark, style = HOLDS[observation.holds]
    table = Table.grid(padding=(0, 1))
    table.add_row(Text(f"  {mark}", style=style), Text(observation.statement))
    held = Text(f"{observation.held} of {plural(observation.seeds, 'seed')}", style=style)
    figures = [f"{name} {short(value)}" for name, value in observation.figures.items()]
    table.add_row("", held.append(f": {', '.join(figures)}" if figures else "", "default"))
    console.print(table, width=min(console.width, WIDEST))


def _print_verdict(console: Console, report: LessonReport, picture: Path | None) -> None:
    text = "the claim holds" if report.holds else "the claim does not hold"
    trained = f"{plural(len(report.contestants), 'experiment')} in {seconds(report.seconds)}"
    drawn = f"; {picture}" if picture else ""
    console.print(Text.assemble((text, HOLDS[report.holds][1]), f"   {trained}{drawn}"), soft_wrap=True)
    console.print()


def _print_follow_ups(console: Console, lesson: Lesson) -> None:
    copy = f"nettrain lessons {lesson.name} --copy ."
    for command, meaning in ((copy, "its experiment files, for you to change"), *lesson.follow_ups):
        console.print(Text(f"  {command}", style="green"), soft_wrap=True)
        print_block(console, meaning, 6, "dim")
