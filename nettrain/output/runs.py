"""A table of runs with the settings in which they differ."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.experiment.keys import shortest_end
from nettrain.output.fitting import fits
from nettrain.output.numbers import count, figure, seconds, setting
from nettrain.output.progress import title
from nettrain.store.run_overview import RunOverview

STATUS = {"finished": "", "diverged": "red", "unfinished": "yellow", "interrupted": "yellow"}
FACTS = ("when", "time", "status", "epochs")
# by narrow terminals, in this order; never the status
DROPPED = ("time", "when", "epochs", "val loss", "val")
MAX_SETTING = 20  # characters
MIN_PATH = 16  # characters of a folder's path, of which the front is cut
PATH_SHARE = 3  # of the width: a third may be the path

Column = Callable[[RunOverview], str]


def runs_table(console: Console, runs: Sequence[RunOverview], keys: Sequence[str]) -> None:
    """Print a row for each run with as many of the keys as fit; name the others below."""
    longest = max(MIN_PATH, console.width // PATH_SHARE)
    for number in range(len(DROPPED) + 1):
        shown = _RunsTable(runs, figure_columns(runs), set(DROPPED[:number]), longest)
        fitting = next((n for n in range(len(keys), -1, -1) if shown.fits(console, keys[:n])), 0)
        if fitting or (not keys and shown.fits(console, [])):
            break
    console.print(shown.table(keys[:fitting]))
    left = len(keys) - fitting
    if left:
        names, differ = ", ".join(keys[fitting:]), "keys differ" if left > 1 else "key differs"
        console.print(Text(f"{count(left)} more {differ}: {names}", style="dim"))


def figure_columns(runs: Sequence[RunOverview]) -> dict[str, Column]:
    """The validation loss, and each run's main metric on validation and test rows, by heading.

    Runs of different tasks have different main metrics: then a column names them.
    """
    metrics = {run.main_metric for run in runs if run.main_metric}
    loss = {"val loss": _figure("val", "loss")} if any("val_loss" in run.figures for run in runs) else {}
    if not metrics:
        return loss or {"train loss": _figure("train", "loss")}
    splits = [split for split in ("val", "test") if any(_has_main(run, split) for run in runs)]
    if any(run.main_metric and not any(_has_main(run, split) for split in splits) for run in runs):
        splits = ["train", *splits]
    if len(metrics) == 1:
        name = next(iter(metrics))
        return loss | {f"{split} {title(name)}": _figure(split, name) for split in splits}
    named: dict[str, Column] = {"metric": lambda run: title(run.main_metric) or "–"}
    return named | {split: _figure(split) for split in splits}


def _has_main(run: RunOverview, split: str) -> bool:
    return f"{split}_{run.main_metric}" in run.figures


def _figure(split: str, metric: str = "") -> Column:
    """A column of one metric, by default the main one of each run."""
    return lambda run: figure(run.figures.get(f"{split}_{metric or run.main_metric}"))


@dataclass(frozen=True)
class _RunsTable:
    """A table of runs without some columns, and with paths of at most so many characters."""

    runs: Sequence[RunOverview]
    figures: Mapping[str, Column]
    without: AbstractSet[str]
    longest: int

    def fits(self, console: Console, keys: Sequence[str]) -> bool:
        """Whether the console is wide enough for each cell to take one line."""
        return fits(console, self.table(keys))

    def table(self, keys: Sequence[str]) -> Table:
        """A row for each run, with these keys."""
        drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        drawn.add_column("run", overflow="fold", style="bold")
        facts = [name for name in FACTS if name not in self.without]
        for name in facts:
            drawn.add_column(name, justify="right" if name in ("epochs", "time") else "left", no_wrap=True)
        figures = {name: column for name, column in self.figures.items() if not self._is_left_out(name)}
        for name in figures:
            drawn.add_column(name, justify="left" if name == "metric" else "right", no_wrap=True)
        for key in keys:
            drawn.add_column(shortest_end(key, keys), overflow="fold", style="cyan")
        for run in self.runs:
            cells = _facts(run)
            drawn.add_row(
                Text(cut_at_front(str(run.path), self.longest)),
                *(cells[name] for name in facts),
                *(column(run) for column in figures.values()),
                *(Text(_setting(run, key)) for key in keys),
            )
        return drawn

    def _is_left_out(self, figure: str) -> bool:
        """Whether a column of figures is left out: `val` stands for that of the main metric."""
        of_main = figure.startswith("val") and figure != "val loss"
        return figure in self.without or ("val" in self.without and of_main and len(self.figures) > 1)


def _facts(run: RunOverview) -> dict[str, Text]:
    return {
        "when": Text(f"{run.when:%Y-%m-%d %H:%M}", style="dim"),
        "time": Text("–" if run.seconds is None else seconds(run.seconds), style="dim"),
        "status": Text(run.status, style=STATUS.get(run.status, "red")),
        "epochs": Text("–" if run.epochs is None else count(run.epochs)),
    }


def cut_at_front(path: str, longest: int) -> str:
    """The path, or as many of its last folders as fit; of a long name its end."""
    if len(path) <= longest:
        return path
    parts = path.split("/")
    ends = ("/".join(["…", *parts[start:]]) for start in range(1, len(parts)))
    return next((end for end in ends if len(end) <= longest), f"…{path[1 - longest :]}")


def _setting(run: RunOverview, key: str) -> str:
    text = setting(run.settings[key]) if key in run.settings else "–"
    if "/" in text:
        return cut_at_front(text, MAX_SETTING)
    return text if len(text) <= MAX_SETTING else f"{text[: MAX_SETTING - 1]}…"
