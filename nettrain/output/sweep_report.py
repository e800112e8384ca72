"""What a sweep prints at its end: the best trials, what mattered, warnings, files and the next command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.experiment.sweep_goals import PARAMETERS, SECONDS
from nettrain.output.fitting import first_fitting
from nettrain.output.importance_table import show_importance
from nettrain.output.numbers import count, figure, plural, rate, seconds, spread
from nettrain.output.progress import title
from nettrain.output.report import labelled
from nettrain.output.short_keys import short_keys
from nettrain.output.sweep_progress import shown
from nettrain.store.sweep_summary import SweepSummary
from nettrain.sweep.anova.analysis import Anova, NoAnova
from nettrain.sweep.influence import Influence

MAX_TRIALS = 10  # in the table
MAX_FAILURES = 3  # whose reasons are printed; the summary has all
LABEL = 9


@dataclass(frozen=True)
class Leader:
    """One of the best trials: its number, epochs, figures by name, and searched values by key.

    `sd` are the standard deviations of the figures over folds, if there are any.
    """

    trial: int
    epochs: int
    figures: Mapping[str, float]
    values: Mapping[str, object]
    sd: Mapping[str, float] = field(default_factory=dict)


def sweep_report(
    console: Console,
    summary: SweepSummary,
    leaders: Sequence[Leader],
    influences: Sequence[Influence],
    mattered: Sequence[Anova | NoAnova],
    keys: Sequence[str],
    folder: Path,
    files: Sequence[str],
) -> None:
    """The whole report; `leaders` are the best trials, the best first, `keys` the parameters searched.

    With several goals, leaders are the trials on the front.
    """
    if leaders:
        goals = [one["metric"] for one in summary.get("goals", [])]
        shown = leaders if not goals else spaced(leaders, MAX_TRIALS)
        console.print(fitting_table(console, shown, summary["metric"], keys, goals[1:]))
    show_importance(console, influences, mattered)
    for trial, message in list(summary["failures"].items())[:MAX_FAILURES]:
        console.print(Text(f"trial {trial} failed: {message}", style="red"))
    for warning in summary["borders"]:
        console.print(Text(f"warning  {warning}", style="yellow"))
    found = {"trials": outcome(summary), **_front_line(summary), **_constraint_lines(summary)}
    console.print(labelled({**found, "files": ", ".join(files)}))
    # paths are to be copied: never broken into two lines
    last = {"folder": str(folder)}
    if leaders:
        last["next"] = _next_command(folder, files)
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def _next_command(folder: Path, files: Sequence[str]) -> str:
    """What to do with the best trial: train it once more, or look at its network where that is kept."""
    if "best" in files:
        return f"nettrain evaluate {shlex.quote(str(folder / 'best'))}"
    return f"nettrain train {shlex.quote(str(folder / 'best.yaml'))}"


def _front_line(summary: SweepSummary) -> dict[str, str]:
    """How many trials the front has, and how one of them is trained."""
    if not summary.get("front"):
        return {}
    many, goals = len(summary["front"]), [title(one["metric"]) for one in summary["goals"]]
    rest = f", {MAX_TRIALS} of them above" if many > MAX_TRIALS else ""
    what = f"{plural(many, 'trial')} that no other beats in {listed(goals)}{rest}"
    return {"front": f"{what}; front/TRIAL.yaml trains one, best.yaml the best by {goals[0]}"}


def _constraint_lines(summary: SweepSummary) -> dict[str, str]:
    """Each constraint, and how many trials break it."""
    texts = [
        f"{limits(one['figure'], one['at_least'], one['at_most'])} ({plural(one['broken'], 'trial')} not)"
        for one in summary.get("constraints", [])
    ]
    return {"within": "; ".join(texts)} if texts else {}


def limits(name: str, at_least: float | None, at_most: float | None) -> str:
    """`parameters at most 50,000`."""
    ends = {"at least": at_least, "at most": at_most}
    parts = [f"{word} {_limit(name, end)}" for word, end in ends.items() if end is not None]
    return f"{title(name)} {' and '.join(parts)}"


def _limit(name: str, end: float) -> str:
    """A limit in full."""
    return seconds(end) if name == SECONDS else count(int(end)) if end == int(end) else f"{end:.6g}"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def spaced(leaders: Sequence[Leader], most: int) -> list[Leader]:
    """At most so many of them, evenly spaced, both ends included."""
    if len(leaders) <= most:
        return list(leaders)
    return [leaders[round(k * (len(leaders) - 1) / (most - 1))] for k in range(most)]


def shown_figure(name: str, value: float | None, sd: float | None = None) -> str:
    """A figure of a trial: a number of parameters in full, a time with its unit, others to four digits."""
    if value is None or not isfinite(value):
        return figure(value)
    if name == PARAMETERS and value == int(value):
        return count(int(value))
    return seconds(value) if name == SECONDS else spread(value, sd)


def fitting_table(
    console: Console,
    leaders: Sequence[Leader],
    metric: str,
    keys: Sequence[str],
    goals: Sequence[str] = (),
) -> Table:
    """The table of the best trials, without its least needed columns where the terminal is narrow.

    The metric and further `goals` are always there.
    """
    needed = [metric, *goals]
    others = sorted({name for leader in leaders for name in leader.figures} - set(needed))
    shown = (([*needed, *others], True), ([*needed, *others], False), (needed, False))
    return first_fitting(
        console, (best_table(leaders, figures, keys, epochs=epochs) for figures, epochs in shown)
    )


def best_table(
    leaders: Sequence[Leader], figures: Sequence[str], keys: Sequence[str], *, epochs: bool
) -> Table:
    """The best trials with their figures and values, a column for each searched key."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("trial", justify="right", no_wrap=True)
    for name in [*figures, *(["epochs"] if epochs else [])]:
        table.add_column("epoch time" if name == SECONDS else title(name), justify="right", no_wrap=True)
    for key in short_keys(keys).values():
        table.add_column(key, overflow="fold")
    for k, leader in enumerate(leaders[:MAX_TRIALS]):
        numbers = [shown_figure(name, leader.figures.get(name), leader.sd.get(name)) for name in figures]
        numbers += [str(leader.epochs)] if epochs else []
        values = [Text(short(leader.values[key]) if key in leader.values else "") for key in keys]
        table.add_row(str(leader.trial), *numbers, *values, style="" if k else "bold green")
    return table


def short(value: object) -> str:
    """A searched value in a narrow column."""
    return rate(value) if isinstance(value, float) else shown(value)


def outcome(summary: SweepSummary) -> str:
    """`60 finished, 4 diverged of 64; 1.2 s with 2 workers`."""
    trials, timing = summary["trials"], summary["timing"]
    counts = [f"{count(n)} {status}" for status, n in trials.items() if status != "total" and n]
    spent, workers = seconds(timing["total_seconds"]), plural(timing["workers"], "worker")
    return f"{', '.join(counts)} of {count(trials['total'])}; {spent} with {workers}"
