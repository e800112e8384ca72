"""Where output goes: consoles, notes and highlighted YAML."""

from collections.abc import Iterable

from rich.console import Console

__all__ = ["Console", "console", "print_notes", "print_yaml"]


def console(*, stderr: bool = False) -> Console:
    """Standard output, or standard error."""
    return Console(stderr=stderr)


def print_notes(notes: Iterable[str]) -> None:
    """Notes on standard error, one line each."""
    errors = console(stderr=True)
    for note in notes:
        errors.print(note, style="dim", markup=False, soft_wrap=True)


def print_yaml(text: str) -> None:
    """YAML in colours in a terminal, as it is elsewhere."""
    out = console()
    if out.is_terminal:
        from rich.syntax import Syntax  # with Pygments, which nothing else needs

        # soft_wrap, or lines wider than the terminal would be cut off
        out.print(Syntax("", "yaml", background_color="default").highlight(text), soft_wrap=True, end="")
    else:
        print(text, end="")
