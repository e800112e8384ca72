"""The progress of a comparison: a row for each entry in a terminal, some plain lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import figure
from nettrain.output.progress import REFRESH, title
from nettrain.store.run_overview import main_metric
from nettrain.workflow.comparison.population import ComparedEpoch, OnComparedEpoch

LINES = 8  # about as many lines for each population where output is not a terminal
MAX_PAUSE = 10.0  # seconds after which a line is printed in any case
SHOWN = 3  # figures of an entry
BAR = 12  # characters
LABEL = 30  # characters of a label


class EntryProgress:
    """The latest epoch of one entry, and its figures: means over the runs that still train."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.epoch, self.epochs = 0.0, 0
        self.figures: dict[str, float] = {}

    def update(self, epoch: ComparedEpoch, entry: int) -> None:
        """Take in an epoch of a population, if any run of the entry trains in it."""
        rows, event = np.flatnonzero(epoch.entries == entry), epoch.epoch
        if len(rows):
            self.epoch, self.epochs = event.epoch, event.epochs
            self.figures |= {name: float(values[rows].mean()) for name, values in event.figures.items()}


def shown_figures(names: Sequence[str]) -> list[str]:
    """The figures that progress has columns for: the losses, and the main metric of the best rows."""
    metric = main_metric(names)
    wanted = ["train_loss", "val_loss", f"val_{metric}", f"train_{metric}", "running_loss"]
    return [name for name in wanted if name in names][:SHOWN]


class _Display:
    """What both displays have: the state of every entry."""

    def __init__(self, console: Console, labels: Sequence[str]) -> None:
        self.console = console
        self.entries = [EntryProgress(label) for label in labels]
        self.changed = monotonic()

    def on_epoch(self, epoch: ComparedEpoch) -> None:
        """Show an epoch."""
        for k, entry in enumerate(self.entries):
            entry.update(epoch, k)
        self.show(epoch)

    def show(self, epoch: ComparedEpoch) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _LiveComparison(_Display):
    def __init__(self, console: Console, labels: Sequence[str]) -> None:
        super().__init__(console, labels)
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop", transient=True)
        self._live.start()
        self._drawn = 0.0

    def show(self, epoch: ComparedEpoch) -> None:
        if monotonic() - self._drawn >= REFRESH:
            self._live.update(self._table(), refresh=True)
            self._drawn = monotonic()

    def close(self) -> None:
        self._live.stop()

    def _table(self) -> Table:
        names = shown_figures([*dict.fromkeys(name for entry in self.entries for name in entry.figures)])
        table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        table.add_column("", no_wrap=True, overflow="ellipsis", style="bold", max_width=LABEL)
        for name in names:
            table.add_column(title(name), justify="right", no_wrap=True)
        table.add_column("epoch", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for entry in self.entries:
            cells = [figure(entry.figures[name]) if name in entry.figures else "" for name in names]
            count = f"{entry.epoch}/{entry.epochs}" if entry.epochs else ""
            bar = ProgressBar(total=entry.epochs or 1, completed=entry.epoch, width=BAR)
            table.add_row(Text(entry.label), *cells, count, bar)
        return table


class _PlainComparison(_Display):
    """Lines such as `epoch 12/60  val loss  sgd 0.71  adam 0.19`."""

    def show(self, epoch: ComparedEpoch) -> None:
        event = epoch.epoch
        due = event.epoch % max(1, event.epochs // LINES) == 0 or event.epoch == event.epochs
        if due or monotonic() - self.changed >= MAX_PAUSE:
            self.changed = monotonic()
            self.console.print(self._line(epoch), soft_wrap=True)

    def close(self) -> None:
        """Nothing is open."""

    def _line(self, epoch: ComparedEpoch) -> str:
        event = epoch.epoch
        name = next((one for one in ("val_loss", "train_loss") if one in event.figures), "running_loss")
        there = [self.entries[k] for k in dict.fromkeys(epoch.entries.tolist())]
        values = "  ".join(f"{one.label} {figure(one.figures.get(name))}" for one in there)
        return f"epoch {event.epoch:>{len(str(event.epochs))}}/{event.epochs}  {title(name)}  {values}"


@contextmanager
def show_comparing(console: Console, labels: Sequence[str], *, quiet: bool) -> Iterator[OnComparedEpoch]:
    """A function to call with every epoch, which shows the progress of the comparison."""
    if quiet:
        yield lambda epoch: None
        return
    display = _LiveComparison(console, labels) if console.is_terminal else _PlainComparison(console, labels)
    try:
        yield display.on_epoch
    finally:
        display.close()
