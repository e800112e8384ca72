"""Pieces of code that are put together, with parentheses where a language needs them."""

from dataclasses import dataclass

ATOM = 100  # binds as tightly as a name or a call; the operators of a language are below


@dataclass(frozen=True)
class Code:
    """A piece of code, and how tightly its outermost operator binds."""

    text: str
    binds: int = ATOM

    def at_least(self, binds: int) -> str:
        """The code in parentheses, unless it binds that tightly."""
        return self.text if self.binds >= binds else f"({self.text})"
