"""The registry of lines of advice."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc

from nettrain.checks.advice.evidence import Evidence

Look = Callable[[Evidence], str | None]


@dataclass(frozen=True)
class AdviceLine:
    """A line by name: `look` returns its text when it is due.

    It is not given in a run that has been given one of `unless`, of which it then is a consequence. With
    `needs_layers` the diagnostics decide, otherwise the history is enough.
    """

    name: str
    look: Look
    unless: tuple[str, ...]
    needs_layers: bool

    @property
    def meaning(self) -> str:
        """When it is due, in one sentence."""
        return (getdoc(self.look) or "").partition("\n\n")[0].replace("\n", " ")


ADVICE: dict[str, AdviceLine] = {}  # by name


def advice_line(
    name: str, *, unless: tuple[str, ...] = (), needs_layers: bool = False
) -> Callable[[Look], Look]:
    """Decorator: the function is the line of this name; its docstring says when it is due."""

    def decorate(look: Look) -> Look:
        if name in ADVICE:
            raise ValueError(f"advice {name!r} is registered twice")
        ADVICE[name] = AdviceLine(name, look, unless, needs_layers)
        return look

    return decorate


def causes_first() -> list[AdviceLine]:
    """All lines: those that are a consequence of no other one come first."""
    return sorted(ADVICE.values(), key=lambda line: bool(line.unless))
