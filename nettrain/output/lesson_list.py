"""The list of lessons in the terminal, each with its claim."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from nettrain.workflow.course import ListedLesson

WIDEST = 96  # columns: longer lines of prose are hard to read


def show_lessons(console: Console, lessons: Sequence[ListedLesson]) -> None:
    """Print all lessons under their themes, each with its claim."""
    for theme, group in groupby(lessons, key=lambda one: one.theme):
        console.print(Text(theme, style="bold cyan"))
        for one in group:
            console.print(Text(f"  {one.lesson.name}", style="bold"))
            print_block(console, one.claim.text, 4)
        console.print()
    console.print(Text("nettrain lessons NAME runs one; docs/course.md is the course.", style="dim"))


def print_block(console: Console, text: str, left: int, style: str = "") -> None:
    """A paragraph, indented."""
    console.print(Padding(Text(text, style=style), (0, 0, 0, left)), width=min(console.width, WIDEST))
