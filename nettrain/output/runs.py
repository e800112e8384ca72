"""A table of runs with the settings in which they differ."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nettrain.catalogue.metrics import metrics
from nettrain.output.numbers import count, figure, setting
from nettrain.store.run_overview import RunOverview

STATUS = {"finished": "", "diverged": "red", "unfinished": "yellow", "interrupted": "yellow"}
# columns that narrow terminals do without, so that all names and at least one key fit
WITHOUT: list[set[str]] = [set(), {"when"}, {"when", "status"}, {"when", "status", "epochs"}]
MAX_SETTING = 20  # characters
MIN_NAME = 12  # characters of a folder's name, which may take several lines


def runs_table(console: Console, runs: Sequence[RunOverview], keys: Sequence[str]) -> None:
    """Print a row for each run with as many of the keys as fit; name the others below."""
    figures = shown_figures(runs)
    for without in WITHOUT:
        fitting = fitting_keys(console, runs, figures, keys, without)
        if fitting or (not keys and fits(console, table(runs, figures, [], without))):
            break
    console.print(table(runs, figures, keys[:fitting], without))
    left = len(keys) - fitting
    if left:
        names = ", ".join(keys[fitting:])
        console.print(Text(f"{count(left)} more keys differ: {names}", style="dim"))


def shown_figures(runs: Sequence[RunOverview]) -> list[str]:
    """The validation loss, and the first headline metrics on validation and test rows."""
    known = dict.fromkeys(name for run in runs for name in run.figures)
    chosen = ["val_loss"] if "val_loss" in known else []
    for split in dict.fromkeys(name.partition("_")[0] for name in known if _is_headline(name)):
        chosen.append(next(name for name in known if name.startswith(f"{split}_") and _is_headline(name)))
    return chosen or list(known)[:1]


def _is_headline(figure: str) -> bool:
    split, _, name = figure.partition("_")
    return split != "train" and name in metrics and metrics[name].headline


def fitting_keys(
    console: Console,
    runs: Sequence[RunOverview],
    figures: Sequence[str],
    keys: Sequence[str],
    without: set[str],
) -> int:
    """How many of the keys fit beside the other columns."""
    for number in range(len(keys), 0, -1):
        if fits(console, table(runs, figures, keys[:number], without)):
            return number
    return 0


def fits(console: Console, runs: Table) -> bool:
    """Whether the console is wide enough for each cell to take one line."""
    wide = console.options.update(width=10_000)
    return Measurement.get(console, wide, runs).maximum <= console.width


def table(
    runs: Sequence[RunOverview], figures: Sequence[str], keys: Sequence[str], without: set[str]
) -> Table:
    """The runs with these figures and keys, `without` some of the columns when, status and epochs."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    drawn.add_column("run", overflow="fold", style="bold", min_width=MIN_NAME)
    facts = [name for name in ("when", "status", "epochs") if name not in without]
    for name in facts:
        drawn.add_column(name, justify="right" if name == "epochs" else "left", no_wrap=True)
    for name in figures:
        drawn.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for key in keys:
        drawn.add_column(short(key, keys), overflow="fold", style="cyan")
    for run in runs:
        cells = {
            "when": Text(f"{run.when:%Y-%m-%d %H:%M}", style="dim"),
            "status": Text(run.status, style=STATUS.get(run.status, "red")),
            "epochs": Text("–" if run.epochs is None else count(run.epochs)),
        }
        drawn.add_row(
            Text(str(run.path)),
            *(cells[name] for name in facts),
            *(figure(run.figures.get(name)) for name in figures),
            *(Text(_setting(run, key)) for key in keys),
        )
    return drawn


def short(key: str, keys: Sequence[str]) -> str:
    """The end of a dotted key, as long as it must be to differ from those of the other keys."""
    parts = key.split(".")
    for start in range(len(parts) - 1, -1, -1):
        name = ".".join(parts[start:])
        if sum(other == name or other.endswith(f".{name}") for other in keys) == 1:
            return name
    return key


def _setting(run: RunOverview, key: str) -> str:
    text = setting(run.settings[key]) if key in run.settings else "–"
    return text if len(text) <= MAX_SETTING else f"{text[: MAX_SETTING - 1]}…"
