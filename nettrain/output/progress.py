"""The progress of a run: a live table in a terminal, thinned plain lines elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.engine.events import EpochDone
from nettrain.output.numbers import figure, rate, seconds

REFRESH = 0.1  # seconds between two drawings
LINES = 20  # about as many lines when output is no terminal
PAUSE = 10.0  # seconds after which a line comes in any case
ROWS = 12  # of the live table
# what a narrow terminal goes without, the least needed first
NARROWER = [
    (),
    ("word",),
    ("word", "left"),
    ("word", "left", "time"),
    ("word", "left", "time", "objective"),
    ("word", "left", "time", "objective", "rate"),
]


@dataclass(frozen=True)
class Row:
    """One epoch of the first member that is still training."""

    epoch: int
    epochs: int
    figures: dict[str, float]
    learning_rate: float
    seconds: float
    left: float
    better: bool


class Progress(Protocol):
    """Something that is told every epoch."""

    def epoch(self, event: EpochDone) -> None: ...

    def close(self) -> None: ...


class Quiet:
    """Shows nothing."""

    def epoch(self, event: EpochDone) -> None:
        pass

    def close(self) -> None:
        pass


class _Clock:
    """Turns events into rows with the time that is left."""

    def __init__(self) -> None:
        self._epoch_seconds = 0.0

    def row(self, event: EpochDone) -> Row:
        # the latest epochs count most, since the first one is slower and machines have moods
        spent = event.seconds
        self._epoch_seconds = 0.9 * self._epoch_seconds + 0.1 * spent if self._epoch_seconds else spent
        left = self._epoch_seconds * (event.epochs - event.epoch)
        return Row(
            event.epoch,
            event.epochs,
            {name: float(values[0]) for name, values in event.figures.items()},
            float(event.learning_rate[0]),
            event.seconds,
            left,
            bool(event.better[0]),
        )


class LiveTable(Progress):
    """A table of the latest epochs above a bar; at the end, of the whole run in a dozen rows."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, _Clock()
        self._rows: list[Row] = []
        self._best = 0
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()
        self._drawn = 0.0

    def epoch(self, event: EpochDone) -> None:
        row = self._clock.row(event)
        if not event.evaluated:
            return
        self._best = len(self._rows) if row.better else self._best
        self._rows.append(row)
        if monotonic() - self._drawn >= REFRESH:
            self._draw(latest(len(self._rows), self._best, self._height()))

    def close(self) -> None:
        if self._rows:
            shown = thinned(len(self._rows), self._best, self._height())
            self._live.update(self._picture(shown, over=True))
        self._live.stop()

    def _height(self) -> int:
        return max(3, min(ROWS, self._console.height - 8))

    def _draw(self, shown: list[int]) -> None:
        self._live.update(self._picture(shown), refresh=True)
        self._drawn = monotonic()

    def _picture(self, shown: list[int], *, over: bool = False) -> RenderableType:
        rows, best = [self._rows[k] for k in shown], self._rows[self._best].epoch
        body = fitting_table(self._console, rows, best)
        return Group(body, _bar(self._rows[-1], over=over))


class Plain(Progress):
    """Some twenty lines, more for a run that takes long, and at its end the best and the last epoch."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, _Clock()
        self._printed = monotonic()
        self._best: Row | None = None
        self._row: Row | None = None
        self._shown: set[int] = set()

    def epoch(self, event: EpochDone) -> None:
        self._row = row = self._clock.row(event)
        self._best = row if row.better else self._best
        due = row.epoch in (1, row.epochs) or row.epoch % max(1, row.epochs // LINES) == 0
        if due or monotonic() - self._printed >= PAUSE:
            self._print(row)

    def close(self) -> None:
        for row in (self._best, self._row):
            if row is not None and row.epoch not in self._shown:
                self._print(row)

    def _print(self, row: Row) -> None:
        self._console.print(line(row), markup=False, highlight=False, soft_wrap=True)
        self._printed = monotonic()
        self._shown.add(row.epoch)


def progress(console: Console, *, quiet: bool) -> Progress:
    """The progress that suits this console."""
    if quiet:
        return Quiet()
    return LiveTable(console) if console.is_terminal else Plain(console)


def line(row: Row) -> str:
    """One epoch as plain text."""
    width = len(str(row.epochs))
    figures = "  ".join(f"{title(name)} {figure(value)}" for name, value in visible(row.figures).items())
    mark = "  best" if row.better else ""
    took = seconds(row.seconds) + (f", {seconds(row.left)} left" if row.left else "")
    return f"epoch {row.epoch:>{width}}/{row.epochs}  {figures}  rate {rate(row.learning_rate)}  {took}{mark}"


def fitting_table(console: Console, rows: list[Row], best: int) -> Table:
    """The table of epochs, without its least needed columns where the terminal is narrow."""
    for without in NARROWER:
        table = epoch_table(rows, best, without)
        if Measurement.get(console, console.options.update(width=1000), table).maximum <= console.width:
            break
    return table


def epoch_table(rows: list[Row], best: int, without: tuple[str, ...] = ()) -> Table:
    """Epochs as a table, a mark at the best."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    names = list(dict.fromkeys(name for row in rows for name in visible(row.figures)))
    names = [name for name in names if name not in without]
    sides: dict[str, Callable[[Row], str]] = {
        "rate": lambda row: rate(row.learning_rate),
        "time": lambda row: seconds(row.seconds),
        "left": lambda row: seconds(row.left) if row.left else "",
    }
    sides = {name: show for name, show in sides.items() if name not in without}
    table.add_column("epoch", justify="right", no_wrap=True)
    for name in names:
        table.add_column(title(name), justify="right", no_wrap=True)
    for name in sides:
        table.add_column(name, justify="right", no_wrap=True, style="dim")
    table.add_column("", no_wrap=True)
    mark = "●" if "word" in without else "● best"
    for row in rows:
        is_best = row.epoch == best
        table.add_row(
            str(row.epoch),
            *(figure(row.figures.get(name)) for name in names),
            *(show(row) for show in sides.values()),
            mark if is_best else "",
            style="bold green" if is_best else "",
        )
    return table


def visible(figures: dict[str, float]) -> dict[str, float]:
    """The objective is shown only where penalties make it differ from the loss."""
    same = figures.get("objective") == figures.get("train_loss")
    return {name: value for name, value in figures.items() if not (same and name == "objective")}


def title(name: str) -> str:
    """A figure's name as a heading."""
    return name.replace("_", " ")


def latest(count: int, best: int, height: int) -> list[int]:
    """Positions of the last epochs, and of the best one above them when it is older."""
    start = max(0, count - height)
    recent = list(range(start, count))
    return recent if best >= start else [best, *recent[1:]]


def thinned(count: int, best: int, height: int) -> list[int]:
    """Positions spread over the whole run: the first, the last and the best among them."""
    if count <= height:
        return list(range(count))
    steps = height - 2
    spread = {round(k * (count - 1) / steps) for k in range(steps + 1)}
    return sorted(spread | {best})


def _bar(row: Row, *, over: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    all_done = row.epoch == row.epochs
    state = "done" if all_done else "stopped" if over else f"{seconds(row.left)} left"
    table.add_row(
        ProgressBar(total=row.epochs, completed=row.epoch, width=32),
        Text(f"{row.epoch}/{row.epochs} epochs", style="bold"),
        Text(state, style="dim"),
    )
    return table
