"""The progress of a tuning, whose end is known: a bar of its time, or a line now and then."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.output.display import Display, NoDisplay
from nettrain.output.numbers import figure, plural, seconds
from nettrain.output.progress import title
from nettrain.output.sweep_progress import RunningGroup, shown

REFRESH = 0.1  # seconds between two drawings
LINES = 12  # about as many lines where output is not a terminal
PHASES = {
    "search": "new settings",
    "seeds": "the best with other seeds",
    "ensemble": "the ensemble",
    "trust": "how far figures can be trusted",
}


@dataclass(frozen=True)
class TuneState:
    """The phase of a tuning, the seconds that it has taken and has left, and its best trial so far."""

    phase: str
    spent: float
    left: float
    done: int  # trials
    metric: str
    groups: tuple[RunningGroup, ...] = ()
    best: int | None = None
    figure: float = 0.0
    values: Mapping[str, object] | None = None


class LiveTuneDisplay:
    """A bar of the time, the phase, the best trial so far and what is running."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._drawn, self._phase = 0.0, ""

    def show(self, state: TuneState) -> None:
        if monotonic() - self._drawn >= REFRESH or state.phase != self._phase:
            self._live.update(picture(state), refresh=True)
            self._drawn, self._phase = monotonic(), state.phase

    def close(self) -> None:
        self._live.stop()


class PlainTuneDisplay:
    """A line when a phase begins, and some ten in between."""

    def __init__(self, console: Console) -> None:
        self._console, self._phase, self._printed = console, "", 0.0

    def show(self, state: TuneState) -> None:
        pause = (state.spent + state.left) / LINES
        if state.phase != self._phase or monotonic() - self._printed >= pause:
            self._console.print(line(state), soft_wrap=True)
            self._phase, self._printed = state.phase, monotonic()

    def close(self) -> None:
        pass


def tune_progress(console: Console, *, quiet: bool) -> Display[TuneState]:
    """The display that suits this console."""
    if quiet:
        return NoDisplay()
    return LiveTuneDisplay(console) if console.is_terminal else PlainTuneDisplay(console)


def line(state: TuneState) -> str:
    """The state as plain text."""
    parts = [seconds(state.spent), PHASES[state.phase], f"{plural(state.done, 'trial')} done"]
    if state.best is not None:
        parts.append(f"best {title(state.metric)} {figure(state.figure)} in trial {state.best}")
    return "  ".join(parts)


def picture(state: TuneState) -> RenderableType:
    """The live view."""
    head = Table.grid(padding=(0, 2))
    head.add_row(
        ProgressBar(total=state.spent + state.left, completed=state.spent, width=24),
        Text(PHASES[state.phase], style="bold"),
        Text(f"{plural(state.done, 'trial')}, {seconds(state.left)} left", style="dim"),
    )
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bold", no_wrap=True)
    body.add_column(overflow="fold")
    if state.best is not None:
        value = Text.assemble((f"{title(state.metric)} {figure(state.figure)}", "bold green"))
        body.add_row("best", Text.assemble(f"trial {state.best}  ", value))
        for key, searched in (state.values or {}).items():
            body.add_row("", Text.assemble((f"{key} ", "dim"), shown(searched)))
    for group in state.groups:
        text = f"{plural(group.members, 'network')} in epoch {group.epoch}"
        body.add_row("running", Text(text, style="dim"))
    return Group(head, body)
