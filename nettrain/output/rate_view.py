"""A range test in the terminal: a row for each value, the curve, and the suggestion to paste."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.checks.range_test.population import RangeTest
from nettrain.output.numbers import figure, plural, rate, seconds
from nettrain.output.rate_curves import rate_curves
from nettrain.output.report import head
from nettrain.output.terminal_plot import MIN_EPOCHS, PlotAxis, print_plot
from nettrain.workflow.find_rate import RateFinding

STYLES = {"too low": "dim", "good": "green", "too high": "yellow", "rises": "yellow", "diverged": "red"}
MOST_ROWS = 32  # of the table; a ramp has more values


@contextmanager
def finding_status(console: Console, *, quiet: bool = False) -> Iterator[None]:
    """A status line in a terminal while values are tried."""
    if quiet:
        yield
        return
    with console.status("reading the data and trying values"):
        yield


def show_finding(console: Console, finding: RateFinding, picture: Path | None = None) -> None:
    """Print the values with their losses and verdicts, the curve, and the suggestion."""
    test = finding.test
    head(console, finding.experiment, {"test": described(test)}, finding.notes)
    console.print(values_table(test))
    curves = [curve for curve in rate_curves(test) if np.isfinite(curve.values).sum() >= MIN_EPOCHS]
    if curves:
        print_plot(console, curves, _axis(test))
    took = f"in {seconds(finding.seconds)}" + (f"; {picture}" if picture else "")
    if finding.override is None:
        console.print(Text(f"no suggestion: no value lowers the loss, {took}", style="bold red"))
    else:
        console.print(Text.assemble((finding.override, "bold green"), f"   {took}"), soft_wrap=True)


def described(test: RangeTest) -> str:
    """What was trained: `32 rates × 3 networks, 510 steps each`."""
    name = test.number.name.replace("_", " ")
    if test.method == "ramp":
        return f"one network, whose {name} grew in each of {plural(test.steps, 'step')}"
    networks = f", each by {plural(test.networks, 'network')}" if test.networks > 1 else ""
    return f"{len(test.values)} values of {name}{networks}, {plural(test.steps, 'step')} at each"


def values_table(test: RangeTest) -> Table:
    """A row for each value; the ones that are suggested from are good."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(test.number.name.replace("_", " "), justify="right")
    validation = test.losses.validation
    table.add_column("train loss", justify="right")
    if validation is not None:
        table.add_column("val loss", justify="right")
    table.add_column("verdict")
    rows = np.unique(np.linspace(0, len(test.values) - 1, min(len(test.values), MOST_ROWS)).astype(int))
    for k in rows.tolist():
        losses = [test.losses.training[k], *([] if validation is None else [validation[k]])]
        cells = [_value(test.values[k]), *map(_loss, losses)]
        verdict = test.verdicts[k]
        table.add_row(*map(Text, cells), Text(verdict, style=STYLES[verdict]))
    return table


def _axis(test: RangeTest) -> PlotAxis:
    ends = _value(test.values[0]), _value(test.values[-1])
    heading = f"loss by {test.number.name.replace('_', ' ')}"
    if test.suggestion is None or (test.logarithmic and test.suggestion <= 0):
        return PlotAxis(heading, ends)
    at = math.log10(test.suggestion) if test.logarithmic else test.suggestion
    return PlotAxis(heading, ends, _value(test.suggestion), at)


def _value(value: float) -> str:
    return rate(float(value))


def _loss(value: float) -> str:
    return figure(float(value)) if np.isfinite(value) else "–"
