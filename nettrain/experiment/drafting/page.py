"""The lines of an experiment file with comments that say why, for people to read and `parse` to read back."""

import textwrap

from nettrain.experiment.document import dump

WIDTH = 110
COMMENT = 30  # column of the comments after values
MAX_QUOTED = 40  # characters of a name or value in a comment


class Page:
    """Lines of an experiment file; a comment stands after its value, or above it where it does not fit."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def remark(self, depth: int, text: str) -> None:
        """Add a comment on lines of its own."""
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
        """Add a line with a comment."""
        text = f"{'  ' * depth}{text}"
        full = f"{text:<{COMMENT - 1}}  # {comment}" if comment else text
        if len(full) > WIDTH:
            self.remark(depth, comment)
            full = text
        self.lines.append(full)

    def entry(self, depth: int, key: str, value: object, comment: str = "") -> None:
        """Add a key and its value with a comment."""
        self.line(depth, f"{key}: {plain(value)}", comment)

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, ""])


def plain(value: object) -> str:
    """A value on one line, as YAML writes it after a key."""
    text = dump(value).removesuffix("...\n").rstrip("\n")
    if isinstance(value, list | dict) or "\n" in text:  # which might be folded when long
        return dump([value], one_line=True).strip()[1:-1]
    return text


def printable(text: str) -> str:
    """Text on one line, without characters that YAML does not allow even in a comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str) -> str:
    """A name or value for a comment, not too long."""
    shown = printable(text)
    return f"{shown[:MAX_QUOTED]}…" if len(shown) > MAX_QUOTED else shown or "(no name)"


def quoted(value: str) -> str:
    """A value for a comment, in quotes."""
    return f'"{shortened(value)}"'
