"""Consoles, notes on standard error, and YAML with syntax highlighting.

No other file makes a console: names of classes, columns and folders are printed as they are, also where they
read `[red]` or `:smile:`, which Rich would take for markup. Control characters in them become escapes.
"""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from nettrain.errors import printable, readable

__all__ = ["Console", "console", "print_notes", "print_warnings", "print_yaml"]


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or standard error, for which text is only text."""
    return _EscapingConsole(stderr=stderr, markup=False, emoji=False, highlight=False)


class _EscapingConsole(Console):
    """A console to whose terminal no text can send a control sequence; Rich's own are apart from text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def print_notes(notes: Iterable[str]) -> None:
    """Print notes on standard error, one line each."""
    errors = console(stderr=True)
    for note in notes:
        errors.print(readable(note), style="dim", soft_wrap=True)


def print_warnings(warnings: Iterable[str]) -> None:
    """Print warnings on standard error, one line each."""
    errors = console(stderr=True)
    for warning in warnings:
        errors.print(readable(warning), style="yellow", soft_wrap=True)


def print_yaml(text: str) -> None:
    """Print YAML, highlighted in a terminal and as it is elsewhere."""
    out = console()
    if out.is_terminal:
        from rich.syntax import Syntax  # with Pygments, which nothing else needs

        # soft_wrap, or lines wider than the terminal would be cut off
        out.print(Syntax("", "yaml", background_color="default").highlight(text), soft_wrap=True, end="")
    else:
        print(text, end="")
