"""A table of runs, and of what they differ in."""

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
# what a narrow terminal goes without, so that all names, and of keys the first, fit
NARROWER: list[set[str]] = [set(), {"when"}, {"when", "status"}, {"when", "status", "epochs"}]
LONGEST = 20  # characters of a setting
SHORTEST = 12  # that a folder's name gets at least, on several lines if need be


def runs_table(console: Console, runs: Sequence[RunOverview], keys: Sequence[str]) -> None:
    """A line for each run; of the keys that differ as many as fit, the others by name."""
    figures = shown_figures(runs)
    for narrower in NARROWER:
        fitting = fitted(console, runs, figures, keys, narrower)
        if fitting or (not keys and fits(console, table(runs, figures, [], narrower))):
            break
    console.print(table(runs, figures, keys[:fitting], narrower))
    left = len(keys) - fitting
    if left:
        names = ", ".join(keys[fitting:])
        console.print(Text(f"{count(left)} more keys differ: {names}", style="dim"))


def shown_figures(runs: Sequence[RunOverview]) -> list[str]:
    """The validation loss, and the first headline metrics on validation and test rows."""
    known = dict.fromkeys(name for run in runs for name in run.figures)
    heads = [name for name in known if _headline(name.partition("_")[2]) and not name.startswith("train")]
    chosen: dict[str, None] = {}
    for name in ["val_loss", *heads]:
        side = name.partition("_")[0]
        if name in known and (
            name == "val_loss" or not any(c.startswith(side) and c != "val_loss" for c in chosen)
        ):
            chosen[name] = None
    return list(chosen) or list(known)[:1]


def _headline(name: str) -> bool:
    return name in metrics and metrics[name].headline


def fitted(
    console: Console,
    runs: Sequence[RunOverview],
    figures: Sequence[str],
    keys: Sequence[str],
    without: set[str],
) -> int:
    """How many of the keys fit beside the rest."""
    for number in range(len(keys), 0, -1):
        if fits(console, table(runs, figures, keys[:number], without)):
            return number
    return 0


def fits(console: Console, made: Table) -> bool:
    """Whether the console is wide enough to write each cell on one line."""
    wide = console.options.update(width=10_000)
    return Measurement.get(console, wide, made).maximum <= console.width


def table(
    runs: Sequence[RunOverview], figures: Sequence[str], keys: Sequence[str], without: set[str]
) -> Table:
    """The table without the columns that are named."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    made.add_column("run", overflow="fold", style="bold", min_width=SHORTEST)
    sides = [name for name in ("when", "status", "epochs") if name not in without]
    for name in sides:
        made.add_column(name, justify="right" if name == "epochs" else "left", no_wrap=True)
    for name in figures:
        made.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for key in keys:
        made.add_column(short(key, keys), overflow="fold", style="cyan")
    for run in runs:
        cells = {
            "when": Text(f"{run.when:%Y-%m-%d %H:%M}", style="dim"),
            "status": Text(run.status, style=STATUS.get(run.status, "red")),
            "epochs": Text("–" if run.epochs is None else count(run.epochs)),
        }
        made.add_row(
            Text(str(run.path)),
            *(cells[name] for name in sides),
            *(figure(run.figures.get(name)) for name in figures),
            *(Text(_setting(run, key)) for key in keys),
        )
    return made


def short(key: str, keys: Sequence[str]) -> str:
    """The end of a dotted key, as long as it takes to tell it from the others."""
    parts = key.split(".")
    for start in range(len(parts) - 1, -1, -1):
        name = ".".join(parts[start:])
        if sum(other == name or other.endswith(f".{name}") for other in keys) == 1:
            return name
    return key


def _setting(run: RunOverview, key: str) -> str:
    text = setting(run.settings[key]) if key in run.settings else "–"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
