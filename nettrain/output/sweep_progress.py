"""The progress of a sweep: a live view in a terminal, some plain lines elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.output.display import Display, NoDisplay
from nettrain.output.numbers import count, figure, plural, seconds
from nettrain.output.progress import title

REFRESH = 0.1  # seconds between two drawings
LINES = 10  # about as many lines where output is not a terminal
MAX_PAUSE = 10.0  # seconds after which a line is printed in any case
MIN_DONE = 0.02  # share of the work from which the remaining time can be estimated


@dataclass(frozen=True)
class RunningGroup:
    """Trials that train side by side."""

    members: int
    epoch: int
    epochs: int


@dataclass(frozen=True)
class SweepState:
    """How far a sweep has got: trials with a result, of all; `fresh` of them in this run of the sweep."""

    done: int
    total: int
    fresh: int
    spent: float  # seconds since the first worker began
    left: float  # share of this run's work
    metric: str
    groups: tuple[RunningGroup, ...] = ()
    best: int | None = None  # the best trial, its figure and its searched values
    figure: float = 0.0
    values: Mapping[str, object] | None = None
    front: int = 0  # trials on the front, where there are several goals

    @property
    def rate(self) -> float:
        """Trials per second."""
        return self.fresh / self.spent if self.spent > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate by the share of the work that is done, None at the beginning."""
        done = 1 - self.left
        return self.spent * self.left / done if done > MIN_DONE else None


class LiveSweepDisplay:
    """A bar, the best trial so far and the groups that are running."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._drawn = 0.0

    def show(self, state: SweepState) -> None:
        if monotonic() - self._drawn >= REFRESH or state.done == state.total:
            self._live.update(picture(state), refresh=True)
            self._drawn = monotonic()

    def close(self) -> None:
        self._live.stop()


class PlainSweepDisplay:
    """Some ten lines, more for a sweep that takes long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed, self._done = monotonic(), 0

    def show(self, state: SweepState) -> None:
        step = max(1, state.total // LINES)
        due = state.done // step > self._done // step or state.done == state.total != self._done
        if due or monotonic() - self._printed >= MAX_PAUSE:
            self._console.print(line(state), soft_wrap=True)
            self._printed = monotonic()
        self._done = state.done

    def close(self) -> None:
        pass


def sweep_progress(console: Console, *, quiet: bool) -> Display[SweepState]:
    """The display that suits this console."""
    if quiet:
        return NoDisplay()
    return LiveSweepDisplay(console) if console.is_terminal else PlainSweepDisplay(console)


def line(state: SweepState) -> str:
    """The state as plain text."""
    parts = [f"trial {state.done:>{len(str(state.total))}}/{state.total}", pace(state)]
    if state.best is not None:
        parts.append(f"best {title(state.metric)} {figure(state.figure)} in trial {state.best}")
    if state.front:
        parts.append(f"front of {state.front}")
    return "  ".join(part for part in parts if part)


def pace(state: SweepState) -> str:
    """Trials per second or minute, and the remaining time."""
    if not state.fresh:
        return ""
    speed = f"{state.rate:.1f}/s" if state.rate >= 1 else f"{60 * state.rate:.1f}/min"
    left = state.seconds_left
    return speed + (f", {seconds(left)} left" if left is not None and state.done < state.total else "")


def picture(state: SweepState) -> RenderableType:
    """The live view."""
    head = Table.grid(padding=(0, 2))
    head.add_row(
        ProgressBar(total=state.total, completed=state.done, width=32),
        Text(f"{count(state.done)}/{count(state.total)} trials", style="bold"),
        Text(pace(state), style="dim"),
    )
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bold", no_wrap=True)
    body.add_column(overflow="fold")
    if state.best is not None:
        value = Text.assemble((f"{title(state.metric)} {figure(state.figure)}", "bold green"))
        body.add_row("best", Text.assemble(f"trial {state.best}  ", value))
        for key, searched in (state.values or {}).items():
            body.add_row("", Text.assemble((f"{key} ", "dim"), shown(searched)))
    if state.front:
        body.add_row("front", plural(state.front, "trial"))
    for group in state.groups:
        text = f"{group.members} side by side, epoch {group.epoch}/{group.epochs}"
        body.add_row("running", Text(text, style="dim"))
    return Group(head, body)


def shown(value: object) -> str:
    """A searched value as an experiment file spells it, with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
