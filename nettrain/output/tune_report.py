"""What a tuning prints at its end."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from nettrain.output.numbers import count, seconds
from nettrain.output.report import labelled
from nettrain.output.sweep_report import LABEL, Leader, fitting_table, influence_table
from nettrain.store.tune_summary import TuneSummary
from nettrain.sweep.influence import Influence
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.values import Values

SHOWN = 5  # of the best trials
STATUSES = ("finished", "pruned", "diverged", "failed")


def tune_report(
    console: Console,
    summary: TuneSummary,
    best: Sequence[TrialResult],
    values: Mapping[int, Values],
    influences: Sequence[Influence],
    keys: Sequence[str],
    folder: Path,
) -> None:
    """The whole report: `best` are trials, the best first, with their `values`; `keys` is what was tried."""
    leaders = [Leader(one.trial, one.epochs, one.figures, values[one.trial], one.sd) for one in best[:SHOWN]]
    if leaders:
        console.print(fitting_table(console, leaders, summary["metric"], keys))
    if influences:
        console.print(influence_table(influences))
    console.print(labelled({"trials": trials(summary), "time": times(summary)}))
    last = {"folder": str(folder)}
    if leaders:
        last["next"] = f"nettrain train {shlex.quote(str(folder / 'best.yaml'))}"
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def trials(summary: TuneSummary) -> str:
    """`60 finished, 4 pruned of 64; the clock stopped 3`."""
    counts = [f"{count(n)} {name}" for name in STATUSES if (n := summary["trials"][name])]
    late = f"; the clock stopped {summary['out_of_time']}" if summary["out_of_time"] else ""
    return f"{', '.join(counts) or 'none'} of {count(summary['trials']['total'])}{late}"


def times(summary: TuneSummary) -> str:
    """`9 min 58 s of 10 min: look 3 s, search 6 min, …`."""
    phases = [f"{name} {seconds(spent)}" for name, spent in summary["phases"].items() if spent]  # type: ignore[arg-type]
    return f"{seconds(summary['seconds'])} of {summary['minutes']:g} min: {', '.join(phases)}"
