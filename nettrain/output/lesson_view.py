"""Lessons in the terminal: the list with their claims, and a lesson that was run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nettrain.lessons.files import contestant_name, experiment_files
from nettrain.lessons.observation import Observation
from nettrain.lessons.registry import Lesson
from nettrain.output.numbers import plural, seconds, short
from nettrain.workflow.comparison.population import ComparedEpoch, OnComparedEpoch
from nettrain.workflow.course import ListedLesson
from nettrain.workflow.lesson import LessonReport

HOLDS = {True: ("✓", "green"), False: ("✗", "bold red")}
WIDEST = 96  # columns: longer lines of prose are hard to read


def show_lessons(console: Console, lessons: Sequence[ListedLesson]) -> None:
    """Print all lessons under their themes, each with its claim."""
    for theme, group in groupby(lessons, key=lambda one: one.theme):
        console.print(Text(theme, style="bold cyan"))
        for one in group:
            console.print(Text(f"  {one.lesson.name}", style="bold"))
            _print_block(console, one.claim.text, 4)
        console.print()
    console.print(Text("nettrain lessons NAME runs one; docs/course.md is the course.", style="dim"))


@contextmanager
def lesson_status(console: Console, lesson: Lesson) -> Iterator[OnComparedEpoch]:
    """A function to call with every epoch: a status line in a terminal."""
    names = [contestant_name(file) for file in experiment_files(lesson.name)]
    with console.status(lesson.title) as status:

        def on_event(done: ComparedEpoch) -> None:
            training = ", ".join(names[entry] for entry in sorted(set(done.entries.tolist())))
            status.update(f"{lesson.name}: epoch {done.epoch.epoch} of {done.epoch.epochs}, {training}")

        yield on_event


def show_lesson(console: Console, report: LessonReport) -> None:
    """Print claim and formula, what was observed, the verdict, and what to think about and to try next."""
    lesson, claim = report.lesson, report.claim
    console.print(Text(lesson.title, style="bold cyan"))
    _print_block(console, claim.text, 2)
    console.print()
    for line in claim.formula:
        console.print(Text(f"      {line}", style="bold"))
    console.print()
    for observation in report.observations:
        _print_observation(console, observation)
    _print_verdict(console, report)
    console.print(Text("Think about it", style="bold"))
    _print_block(console, lesson.question, 2)
    console.print(Text("Try next", style="bold"))
    _print_follow_ups(console, lesson)


def _print_block(console: Console, text: str, left: int, style: str = "") -> None:
    """A paragraph, indented."""
    console.print(Padding(Text(text, style=style), (0, 0, 0, left)), width=min(console.width, WIDEST))


def _print_observation(console: Console, observation: Observation) -> None:
    mark, style = HOLDS[observation.holds]
    table = Table.grid(padding=(0, 1))
    table.add_row(Text(f"  {mark}", style=style), Text(observation.statement))
    held = Text(f"{observation.held} of {plural(observation.seeds, 'seed')}", style=style)
    figures = [f"{name} {short(value)}" for name, value in observation.figures.items()]
    table.add_row("", held.append(f": {', '.join(figures)}" if figures else "", "default"))
    console.print(table, width=min(console.width, WIDEST))


def _print_verdict(console: Console, report: LessonReport) -> None:
    text = "the claim holds" if report.holds else "the claim does not hold"
    trained = f"{plural(len(report.contestants), 'experiment')} in {seconds(report.seconds)}"
    console.print(Text.assemble((text, HOLDS[report.holds][1]), f"   {trained}"))
    console.print()


def _print_follow_ups(console: Console, lesson: Lesson) -> None:
    copy = f"nettrain lessons {lesson.name} --copy ."
    for command, meaning in ((copy, "its experiment files, for you to change"), *lesson.follow_ups):
        console.print(Text(f"  {command}", style="green"), soft_wrap=True)
        _print_block(console, meaning, 6, "dim")
