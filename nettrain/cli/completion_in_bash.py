"""Completion in bash, which takes `optimizer=ada` and `builtin:ir` for three words each.

`=` and `:` are among COMP_WORDBREAKS, so bash passes what stands between them as words of their own, and
replaces only the part behind the last of them. Typer knows nothing of this. Here the words are put together
before Typer sees them, and of what it suggests bash gets the part that it will insert.
"""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

VARIABLE = "_NETTRAIN_COMPLETE"
BREAKS = re.compile("[=:]+")
SPECIAL = re.compile(r"([^\w@%+=:,./~-])")  # what bash would not take as part of a word
BEGINNINGS = ("=", "/")  # ends of suggestions that something follows at once


@dataclass(frozen=True)
class TypedLine:
    """The words before the cursor, the last of them incomplete; bash has `head`, its beginning, already."""

    words: tuple[str, ...]
    head: str

    @staticmethod
    def of(pieces: Sequence[str], current: int) -> "TypedLine":
        """The line of which bash made these pieces, with the cursor in the piece at `current`."""
        words: list[str] = []
        head = ""
        for number, piece in enumerate(pieces[: current + 1]):
            is_break = bool(BREAKS.fullmatch(piece))
            joined = len(words) > 1 and (is_break or bool(BREAKS.fullmatch(pieces[number - 1])))
            head = words[-1] if joined else ""
            if joined:
                words[-1] += piece
            else:
                words.append(piece)
            head = words[-1] if is_break and joined else head
        return TypedLine(tuple(words), head)


def asks_for_completion() -> bool:
    """Whether bash asks for suggestions, with each word on a line of its own, as in Typer's script."""
    return os.environ.get(VARIABLE) == "complete_bash" and "\n" in os.environ.get("COMP_WORDS", "")


def complete(app: Callable[[], object]) -> None:
    """Print the suggestions of the Typer application for the words that bash passes in the environment."""
    line = TypedLine.of(os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"]))
    suggestions = _suggestions(app, line.words)
    if len(suggestions) == 1 and suggestions[0].endswith(BEGINNINGS):
        # with what may follow, or bash would end the word with a blank
        suggestions += _suggestions(app, [*line.words[:-1], shlex.quote(suggestions[0])])
    quoted = line.words[-1].startswith(('"', "'"))
    for suggestion in dict.fromkeys(suggestions):
        text = suggestion.removeprefix(line.head)
        print(text if quoted else SPECIAL.sub(r"\\\1", text))


def _suggestions(app: Callable[[], object], words: Sequence[str]) -> list[str]:
    """What Typer suggests for the last of these words."""
    os.environ["COMP_WORDS"] = "\n".join(words)
    os.environ["COMP_CWORD"] = str(len(words) - 1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        app()
    return printed.getvalue().splitlines()
