"""Lines of an experiment file with comments that say why: to be read by people, and back by `parse`."""

import textwrap
from typing import Any

from nettrain.experiment.document import dump

WIDTH = 110
COMMENT = 30  # column of comments behind values
LONGEST = 40  # characters of a name or value in a comment


class Page:
    """Lines of an experiment file, with comments behind values where they fit and above where not."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def remark(self, depth: int, text: str) -> None:
        """A comment on lines of its own."""
        indent = f"{'  ' * depth}# "
        self.lines += textwrap.wrap(
            text,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def line(self, depth: int, text: str, comment: str = "") -> None:
        """A line with a comment."""
        text = f"{'  ' * depth}{text}"
        full = f"{text:<{COMMENT - 1}}  # {comment}" if comment else text
        if len(full) > WIDTH:
            self.remark(depth, comment)
            full = text
        self.lines.append(full)

    def entry(self, depth: int, key: str, value: Any, comment: str = "") -> None:
        """A key and its value with a comment."""
        self.line(depth, f"{key}: {plain(value)}", comment)

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, ""])


def plain(value: Any) -> str:
    """A value on one line, as YAML spells it behind a key."""
    text = dump(value).removesuffix("...\n").rstrip("\n")
    if isinstance(value, list | dict) or "\n" in text:  # which may be long, and then would be folded
        return dump([value], one_line=True).strip()[1:-1]
    return text


def printable(text: str) -> str:
    """Text on one line, without what YAML does not allow even in a comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str) -> str:
    """A name or value in a comment, not too long."""
    shown = printable(text)
    return f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown or "(no name)"


def quoted(value: str) -> str:
    """A value in a comment, in quotes."""
    return f'"{shortened(value)}"'
