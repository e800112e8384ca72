"""Prediction intervals and quantiles in tables: how many rows they hold, and how wide they are."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nettrain.inference.intervals import ByTarget, IntervalFigures
from nettrain.output.numbers import count, figure

MAX_ROWS = 24  # of a table; the file has all
MAX_NAME = 24  # characters of a target's name


def intervals_by_split(figures: Mapping[str, ByTarget]) -> Table:
    """The share of rows that each interval holds and its mean width, for every split and target."""
    names = [name for by_target in figures.values() for name in by_target]
    several = len(set(names)) > 1
    table = _table("interval", *(["target"] if several else []), "rows", right=("holds", "width"))
    rows = [
        [percent(one["level"]), *([short(name)] if several else []), split, *_measured(one)]
        for name in dict.fromkeys(names)
        for k in range(len(next(iter(figures.values()))[name]["intervals"]))
        for split, by_target in figures.items()
        for one in [by_target[name]["intervals"][k]]
    ]
    return _filled(table, rows)


def intervals_by_target(figures: ByTarget) -> Table:
    """The same of the rows of one split."""
    several = len(figures) > 1
    table = _table("interval", *(["target"] if several else []), right=("holds", "width"))
    rows = [
        [percent(one["level"]), *([short(name)] if several else []), *_measured(one)]
        for name, described in figures.items()
        for one in described["intervals"]
    ]
    return _filled(table, rows)


def quantiles_by_target(figures: ByTarget) -> Table:
    """The share of rows below each quantile, and its pinball loss."""
    several = len(figures) > 1
    table = _table("quantile", *(["target"] if several else []), right=("rows below", "pinball loss"))
    rows = [
        [
            f"{one['level']:g}",
            *([short(name)] if several else []),
            percent(one["below"]),
            figure(one["loss"]),
        ]
        for name, described in figures.items()
        for one in described["quantiles"]
    ]
    return _filled(table, rows)


def distribution_lines(figures: ByTarget) -> list[str]:
    """What else there is to say of each target: the CRPS of Gaussians, and quantiles that cross."""
    lines = []
    for name, described in figures.items():
        of = f" of {short(name)}" if len(figures) > 1 else ""
        if described["crps"] is not None:
            lines.append(f"continuous ranked probability score{of}: {figure(described['crps'])}")
        if described["crossed"]:
            lines.append(
                f"quantiles{of} cross in {percent(described['crossed'])} of the rows:"
                " loss.crossing: never forbids it"
            )
    return lines


def percent(share: float) -> str:
    """A share in percent: 90 %, 89.3 %, 0.04 %."""
    return f"{100 * share:.3g} %" if share < 0.9995 or share == 1 else f"{100 * share:.5g} %"


def short(name: str) -> str:
    """The name, or its beginning when it is long."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def _measured(one: IntervalFigures) -> list[str]:
    return [percent(one["coverage"]), figure(one["width"])]


def _table(*columns: str, right: tuple[str, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right")
    return table


def _filled(table: Table, rows: list[list[str]]) -> Table:
    for row in rows[:MAX_ROWS]:
        table.add_row(*map(Text, row))
    if len(rows) > MAX_ROWS:
        table.add_row(Text(f"and {count(len(rows) - MAX_ROWS)} more", style="dim"))
    return table
