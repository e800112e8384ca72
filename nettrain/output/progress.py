"""The progress of a run: a live table in a terminal, some plain lines elsewhere."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.metrics.classes import Positive
from nettrain.experiment.monitors import RUNNING
from nettrain.output.fitting import first_fitting
from nettrain.output.layer_table import LayerRows
from nettrain.output.numbers import rate, seconds, spread
from nettrain.training.diagnostics.epoch_summary import EpochSummarizer, EpochSummary
from nettrain.training.events import AdviceGiven, EpochDone

POSITIVE = tuple(name for name, metric in metrics.items() if issubclass(metric, Positive))
REFRESH = 0.1  # seconds between two drawings
LINES = 20  # about as many lines where output is not a terminal
MAX_PAUSE = 10.0  # seconds after which a line is printed in any case
MAX_ROWS = 12  # of the live table
# columns that narrow terminals do without, from the widest table to the narrowest
WITHOUT: list[tuple[str, ...]] = [
    (),
    ("word",),
    ("word", "left"),
    ("word", "left", "time"),
    ("word", "left", "time", "objective"),
    ("word", "left", "time", "objective", "rate"),
]

FACTS: dict[str, Callable[[EpochSummary], str]] = {  # columns behind the figures
    "members": lambda row: str(row.members),
    "rate": lambda row: rate(row.learning_rate) if row.epoch else "",
    "time": lambda row: seconds(row.seconds) if row.epoch else "",
    "left": lambda row: seconds(row.left) if row.left else "",
}
Choose = Callable[[int, int | None, int], list[int]]


class ProgressDisplay(Protocol):
    """Shows the epochs of a run as they end."""

    def epoch(self, event: EpochDone) -> None: ...

    def advice(self, advice: AdviceGiven) -> None: ...

    def close(self) -> None: ...


class NoProgress:
    """Shows nothing."""

    def epoch(self, event: EpochDone) -> None:
        pass

    def advice(self, advice: AdviceGiven) -> None:
        pass

    def close(self) -> None:
        pass


class EpochSample:
    """A sample of a run's epochs in memory that does not grow with the run.

    It holds the first, the best and the latest, and of all others every k-th; k doubles as the run grows.
    """

    def __init__(self, limit: int = 512) -> None:
        self._limit, self._every, self._count = limit, 1, 0
        self._spread: list[EpochSummary] = []
        self._latest: deque[EpochSummary] = deque(maxlen=MAX_ROWS)
        self.best: EpochSummary | None = None

    def add(self, row: EpochSummary) -> None:
        """Add the next epoch."""
        if self._count % self._every == 0:
            self._spread.append(row)
        self._count += 1
        if len(self._spread) > self._limit:
            self._spread, self._every = self._spread[::2], 2 * self._every
        self._latest.append(row)
        self.best = row if row.better else self.best

    def latest(self, height: int) -> list[EpochSummary]:
        """The last epochs, and the best one above them when it is older."""
        rows = list(self._latest)
        return self._chosen(rows, latest, height)

    def thinned(self, height: int) -> list[EpochSummary]:
        """Epochs of the whole run, the first, the best and the last among them."""
        rows = {row.epoch: row for row in (*self._spread, *self._latest)}
        return self._chosen([rows[epoch] for epoch in sorted(rows)], thinned, height)

    def _chosen(self, rows: list[EpochSummary], choose: Choose, height: int) -> list[EpochSummary]:
        if self.best is not None and self.best not in rows:
            rows = sorted([*rows, self.best], key=lambda row: row.epoch)
        best = rows.index(self.best) if self.best is not None else None
        return [rows[k] for k in choose(len(rows), best, height)]


class LiveProgress(ProgressDisplay):
    """A table of the latest epochs above a bar; at the end, a dozen epochs of the whole run.

    With diagnostics the layers stand between them, and advice above all.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._summarizer = console, EpochSummarizer()
        self._sample, self._layers = EpochSample(), LayerRows()
        self._last: EpochSummary | None = None
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()
        self._drawn = 0.0

    def epoch(self, event: EpochDone) -> None:
        row = self._summarizer.summarize(event)
        if not event.evaluated:
            return
        self._sample.add(row)
        self._layers.add(event)
        self._last = row
        if monotonic() - self._drawn >= REFRESH:
            self._live.update(self._picture(self._sample.latest(self._height()), row), refresh=True)
            self._drawn = monotonic()

    def advice(self, advice: AdviceGiven) -> None:
        self._console.print(advice_line(advice))

    def close(self) -> None:
        if self._last is not None:
            shown = self._sample.thinned(self._height())
            self._live.update(self._picture(shown, self._last, over=True))
        self._live.stop()

    def _height(self) -> int:
        return max(3, min(MAX_ROWS, self._console.height - 8 - self._layers.height))

    def _picture(self, rows: list[EpochSummary], last: EpochSummary, *, over: bool = False) -> RenderableType:
        best = self._sample.best
        body = fitting_table(self._console, rows, best.epoch if best else None)
        layers = self._layers.table()
        return Group(body, *([] if layers is None else [layers]), _bar(last, over=over))


class PlainProgress(ProgressDisplay):
    """Some twenty lines, more for a run that takes long; at the end the best and the last epoch."""

    def __init__(self, console: Console) -> None:
        self._console, self._summarizer, self._layers = console, EpochSummarizer(), LayerRows()
        self._printed = monotonic()
        self._best: EpochSummary | None = None
        self._row: EpochSummary | None = None
        self._shown: set[float] = set()

    def epoch(self, event: EpochDone) -> None:
        self._row = row = self._summarizer.summarize(event)
        self._layers.add(event)
        self._best = row if row.better else self._best
        due = row.epoch == 1 or row.epoch % max(1, row.epochs // LINES) == 0
        if row.epoch == row.epochs:  # `close` prints it, behind the best
            return
        if due or monotonic() - self._printed >= MAX_PAUSE:
            self._print(row)

    def advice(self, advice: AdviceGiven) -> None:
        self._console.print(f"advice, epoch {advice.epoch:g}: {advice.line}", soft_wrap=True, markup=False)

    def close(self) -> None:
        """Print the best and the last epoch, unless they were; no time is left then. Then the layers."""
        for row in (self._best, self._row):
            if row is not None and row.epoch not in self._shown:
                self._print(replace(row, left=0.0))
        if (layers := self._layers.table()) is not None:
            self._console.print(layers)

    def _print(self, row: EpochSummary) -> None:
        self._console.print(line(row), soft_wrap=True)
        self._printed = monotonic()
        self._shown.add(row.epoch)


def advice_line(advice: AdviceGiven) -> Table:
    """A line of advice, wrapped beside its label."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(f"advice, epoch {advice.epoch:g}", style="bold yellow"), Text(advice.line))
    return grid


def progress(console: Console, *, quiet: bool) -> ProgressDisplay:
    """The display that suits this console."""
    if quiet:
        return NoProgress()
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


def line(row: EpochSummary) -> str:
    """One epoch as plain text."""
    width = len(str(row.epochs))
    shown = {name: spread(value, row.spreads.get(name)) for name, value in visible(row.figures).items()}
    figures = "  ".join(f"{title(name)} {value}" for name, value in shown.items())
    several = f"  {row.members} of {row.of} members" if row.of > 1 else ""
    mark = "  best" if row.better else ""
    took = seconds(row.seconds) + (f", {seconds(row.left)} left" if row.left else "")
    steps = f"  rate {rate(row.learning_rate)}{several}  {took}" if row.epoch else several  # epoch 0 has none
    epoch = f"epoch {row.epoch:>{width}}/{row.epochs}"
    return f"{epoch}  {figures}{steps}{mark}"


def fitting_table(console: Console, rows: list[EpochSummary], best: float | None) -> Table:
    """The table of epochs, without its least needed columns where the terminal is narrow."""
    return first_fitting(console, (epoch_table(rows, best, without) for without in WITHOUT))


def epoch_table(rows: list[EpochSummary], best: float | None, without: tuple[str, ...] = ()) -> Table:
    """Epochs as a table, the best one marked."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    names = list(dict.fromkeys(name for row in rows for name in visible(row.figures)))
    names = [name for name in names if name not in without]
    hidden = (*without, "members") if all(row.of == 1 for row in rows) else without
    facts = {name: show for name, show in FACTS.items() if name not in hidden}
    table.add_column("epoch", justify="right", no_wrap=True)
    for name in names:
        table.add_column(title(name), justify="right", no_wrap=True)
    for name in facts:
        table.add_column(name, justify="right", no_wrap=True, style="dim")
    table.add_column("", no_wrap=True)
    mark = "●" if "word" in without else "● best"
    for row in rows:
        is_best = row.epoch == best
        table.add_row(
            str(row.epoch),
            *(spread(row.figures.get(name), row.spreads.get(name)) for name in names),
            *(show(row) for show in facts.values()),
            mark if is_best else "",
            style="bold green" if is_best else "",
        )
    return table


def visible(figures: dict[str, float]) -> dict[str, float]:
    """The figures worth a column.

    That is without the objective where no penalty makes it differ from the running loss, and without the
    running loss where the training rows were evaluated. What is evaluated comes first.
    """
    left_out = {"objective"} if figures.get("objective") == figures.get("running_loss") else set()
    left_out |= {"running_loss"} if "train_loss" in figures else set()
    evaluated_first = sorted(figures.items(), key=lambda item: item[0] in RUNNING)
    return {name: value for name, value in evaluated_first if name not in left_out}


def title(name: str) -> str:
    """A figure's name as a heading."""
    return name.replace("_", " ")


def heading(metric: str, positive: str) -> str:
    """A metric's name as a heading, with the `positive` class where the metric is of that class alone."""
    return f"{title(metric)} of {positive}" if positive and metric in POSITIVE else title(metric)


def latest(count: int, best: int | None, height: int) -> list[int]:
    """Positions of the last epochs, and of the best one above them when it is older."""
    start = max(0, count - height)
    recent = list(range(start, count))
    return recent if best is None or best >= start else [best, *recent[1:]]


def thinned(count: int, best: int | None, height: int) -> list[int]:
    """Positions spread over the whole run: the first, the last and the best among them."""
    if count <= height:
        return list(range(count))
    steps = height - 2
    chosen = {round(k * (count - 1) / steps) for k in range(steps + 1)}
    return sorted(chosen if best is None else chosen | {best})


def _bar(row: EpochSummary, *, over: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    state = "done" if row.epoch == row.epochs else "stopped" if over else f"{seconds(row.left)} left"
    table.add_row(
        ProgressBar(total=row.epochs, completed=row.epoch, width=32),
        Text(f"{row.epoch}/{row.epochs} epochs", style="bold"),
        Text(state, style="dim"),
    )
    return table
