"""The progress of a cross-validation: a row for each fold in a terminal, a line for each elsewhere."""

from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nettrain.output.display import Display, NoDisplay
from nettrain.output.members import shown_reason
from nettrain.output.numbers import epoch, figure, plural, seconds, spread
from nettrain.output.progress import MAX_PAUSE, REFRESH, title
from nettrain.store.fold_summary import EndedFold
from nettrain.store.run_overview import main_metric
from nettrain.workflow.cross_validation import FoldDone, FoldEvent
from nettrain.workflow.folds.training import FoldsEpoch

FRAME = 7  # lines of the view around the rows of folds


@dataclass
class FoldProgress:
    """How far a fold has got: its latest figures by name, and how it `ended`, "" while it trains."""

    number: int
    epoch: float = 0.0
    epochs: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    ended: str = ""


class FoldTracker:
    """How far all folds have got, by events."""

    def __init__(self, total: int) -> None:
        self.total, self.folds, self.started = total, dict[int, FoldProgress](), monotonic()

    @property
    def done(self) -> int:
        """How many folds have ended."""
        return sum(bool(fold.ended) for fold in self.folds.values())

    @property
    def left(self) -> float | None:
        """Seconds that are left by the share of epochs that is done; None before there is one."""
        share = sum(
            1.0 if fold.ended else fold.epoch / max(fold.epochs, 1) for fold in self.folds.values()
        ) / max(self.total, 1)
        spent = monotonic() - self.started
        return spent * (1 - share) / share if share else None

    def add(self, event: FoldEvent) -> list[FoldProgress]:
        """Take an event in; returns the folds that it is about."""
        if isinstance(event, FoldDone):
            return [self._end(event.fold)]
        return self._epoch(event)

    def _end(self, ended: EndedFold) -> FoldProgress:
        fold, summary = self._of(ended.number), ended.summary
        fold.epoch = summary["epochs_run"]
        fold.ended = shown_reason(summary["stop_reason"])
        known = {
            name: value for name, value in summary["metrics"].get("val", {}).items() if value is not None
        }
        fold.figures = {f"val_{name}": value for name, value in known.items()}
        return fold

    def _epoch(self, event: FoldsEpoch) -> list[FoldProgress]:
        done, about = event.epoch, []
        for number in np.unique(event.folds).tolist():
            fold, members = self._of(number), event.folds == number
            fold.epoch, fold.epochs = done.epoch, done.epochs
            if done.evaluated:
                fold.figures = {name: float(of[members].mean()) for name, of in done.figures.items()}
            about.append(fold)
        return about

    def _of(self, number: int) -> FoldProgress:
        return self.folds.setdefault(number, FoldProgress(number))


class LiveFoldDisplay:
    """A row for each fold above a bar, which disappear when all have ended."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._tracker = console, FoldTracker(total)
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._live.start()
        self._drawn = 0.0

    def show(self, event: FoldEvent) -> None:
        self._tracker.add(event)
        if monotonic() - self._drawn >= REFRESH:
            self._live.update(picture(self._tracker, self._console.height - FRAME), refresh=True)
            self._drawn = monotonic()

    def close(self) -> None:
        self._live.stop()


class PlainFoldDisplay:
    """A line for each fold that has ended, and one now and then for those that train."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._tracker, self._printed = console, FoldTracker(total), monotonic()

    def show(self, event: FoldEvent) -> None:
        about = self._tracker.add(event)
        if isinstance(event, FoldDone):
            self._print(ended_line(about[0], self._tracker.total))
        elif monotonic() - self._printed >= MAX_PAUSE:
            self._print(training_line(about, self._tracker))

    def close(self) -> None:
        pass

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._printed = monotonic()


def fold_progress(console: Console, total: int, *, quiet: bool) -> Display[FoldEvent]:
    """The display that suits this console."""
    if quiet:
        return NoDisplay()
    return LiveFoldDisplay(console, total) if console.is_terminal else PlainFoldDisplay(console, total)


def ended_line(fold: FoldProgress, total: int) -> str:
    """`fold 2/5  early stopping after 37 epochs  val loss 0.1404  val accuracy 1.000`."""
    figures = [f"{title(name)} {figure(value)}" for name, value in telling(fold.figures).items()]
    reason = "" if fold.ended == "epochs" else f"{fold.ended} "
    ended = f"{reason}after {plural(int(fold.epoch), 'epoch')}"
    return "  ".join([f"fold {fold.number:>{len(str(total))}}/{total}", ended, *figures])


def training_line(folds: list[FoldProgress], tracker: FoldTracker) -> str:
    """`folds 1 to 5  epoch 12/100  val loss 0.1404 ±0.0213  12 s left`."""
    numbers = [fold.number for fold in folds]
    which = f"fold {numbers[0]}" if len(folds) == 1 else f"folds {min(numbers)} to {max(numbers)}"
    figures = []
    for name in telling(folds[0].figures):
        values = np.array([fold.figures[name] for fold in folds])
        sd = float(values.std(ddof=1)) if len(values) > 1 else None
        figures.append(f"{title(name)} {spread(float(values.mean()), sd)}")
    left = [f"{seconds(tracker.left)} left"] if tracker.left else []
    return "  ".join([which, f"epoch {epoch(folds[0].epoch)}/{folds[0].epochs}", *figures, *left])


def telling(figures: dict[str, float]) -> dict[str, float]:
    """The loss and the main metric of held-out rows, as far as they are there."""
    held_out = {name: value for name, value in figures.items() if name.startswith("val_")}
    names = ("val_loss", f"val_{main_metric(held_out)}")
    return {name: held_out[name] for name in names if name in held_out}


def picture(tracker: FoldTracker, height: int) -> RenderableType:
    """The live view, with at most so many folds: those that train, and the last that have ended."""
    folds = sorted(tracker.folds.values(), key=lambda fold: (not fold.ended, fold.number))
    shown = sorted(folds[-max(3, height) :], key=lambda fold: fold.number)
    names = list(dict.fromkeys(name for fold in shown for name in telling(fold.figures)))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in ("fold", "epoch", *map(title, names)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for fold in shown:
        of = "" if fold.ended else f"/{fold.epochs}"
        cells = (figure(fold.figures[name]) if name in fold.figures else "" for name in names)
        state = fold.ended or Text("trains", style="dim")
        style = "" if fold.ended else "bold"
        table.add_row(str(fold.number), f"{epoch(fold.epoch)}{of}", *cells, state, style=style)
    bar = Table.grid(padding=(0, 2))
    left = tracker.left
    bar.add_row(
        ProgressBar(total=tracker.total, completed=tracker.done, width=32),
        Text(f"{tracker.done}/{tracker.total} folds", style="bold"),
        Text(f"{seconds(left)} left" if left else "", style="dim"),
    )
    return Group(table, bar)
