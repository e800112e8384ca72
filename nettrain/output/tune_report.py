"""What a tuning prints at its end: its figures and how far to trust them, what mattered, and how to go on."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.catalogue.metrics import metrics
from nettrain.output.numbers import count, figure, plural, seconds, spread
from nettrain.output.progress import title
from nettrain.output.report import labelled
from nettrain.output.sweep_progress import shown
from nettrain.output.sweep_report import LABEL, influence_table
from nettrain.store.tune_summary import FoundJson, SeedFigures, TrustedJson, TuneSummary
from nettrain.sweep.influence import Influence

STATUSES = ("finished", "pruned", "diverged", "failed")
CERTAIN = 30  # resamples, fewer of which are a rough estimate


def tune_report(
    console: Console, summary: TuneSummary, influences: Sequence[Influence], folder: Path
) -> None:
    """The whole report; `influences` say what mattered in the search."""
    found = summary["found"]
    if found is not None:
        console.print(figures_table(found))
        for line in trust_lines(summary, found):
            console.print(Text(line))
    if influences:
        console.print(influence_table(influences))
    for warning in summary["borders"]:
        console.print(Text(f"warning  {warning}", style="yellow"))
    console.print(labelled(_facts(summary)))
    last = {"folder": str(folder)}
    if found is not None:
        last["next"] = f"nettrain predict {shlex.quote(found['ensemble']['folder'])} DATA"
        last["alone"] = f"nettrain train {shlex.quote(str(folder / 'best.yaml'))}"
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def figures_table(found: FoundJson) -> Table:
    """The figures of the best network, of the ensemble and of a constant prediction, with their intervals."""
    single, ensemble, constant = found["single"], found["ensemble"], found["constant"]
    name, table = title(found["metric"]), Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(name)
    table.add_column("one network", justify="right", no_wrap=True)
    table.add_column("ensemble", justify="right", no_wrap=True)
    table.add_column("constant", justify="right", no_wrap=True)
    pair = (single["val"], ensemble["val"])
    if single["test"] is not None and ensemble["test"] is not None:
        tests = (single["test"], ensemble["test"])
        table.add_row(
            "test rows",
            *(Text(figure(one["value"]), style="bold green") for one in tests),
            _of(constant, "test"),
        )
        table.add_row("  95 % interval", *map(_interval, tests), "", style="dim")
    table.add_row("rows that chose them", *(figure(one["value"]) for one in pair), _of(constant, "val"))
    table.add_row("  without flattery", *(figure(one["corrected"]) for one in pair), "")
    table.add_row("  95 % interval", *map(_interval, pair), "", style="dim")
    return table


def _of(constant: Mapping[str, float | None], split: str) -> Text:
    return Text(figure(constant.get(split)), style="dim")


def _interval(one: TrustedJson) -> str:
    return f"{figure(one['low'])} to {figure(one['high'])}"


def trust_lines(summary: TuneSummary, found: FoundJson) -> Iterator[str]:
    """How far the figures can be trusted, a sentence a line."""
    single, ensemble, rows = found["single"], found["ensemble"], summary["rows"]
    test, trials = single["test"], summary["trials"]["total"]
    if test is not None:
        often = found["test_measured"]
        nobody = (
            "on which nothing was chosen"
            if often == 1
            else f"measured for the {often}th time: less new each time"
        )
        yield f"• Trust the test figures: {count(test['rows'])} rows {nobody}."
    else:
        yield "• There are no test rows: nothing here was measured on rows that had no say in it."
    held_out = f"in {rows['folds']} folds" if rows["folds"] else "held out"
    by = f"{plural(trials, 'trial')} by {count(single['val']['rows'])} rows {held_out}"
    yield (
        f"• The best of {by} looks better than it is. Without flattery: "
        "chosen anew by resampled rows, measured on the others."
    )
    if min(single["val"]["resamples"], ensemble["val"]["resamples"]) < CERTAIN:
        yield "  There was little time for that: a rough estimate."
    if found["seeds"] is not None:
        yield f"• {_seeds(found['seeds'], found['metric'])}"
    yield f"• {_comparison(found)}"


def _seeds(seeds: SeedFigures, metric: str) -> str:
    """What the seed alone changes."""
    others = seeds["others"]
    mean = sum(others) / len(others)
    sd = (sum((one - mean) ** 2 for one in others) / (len(others) - 1)) ** 0.5 if len(others) > 1 else None
    return (
        f"By luck of the seed alone: trial {seeds['trial']} had {figure(seeds['own'])} by validation, its "
        f"settings with {plural(len(others), 'other seed')} {spread(mean, sd)}."
    )


def _comparison(found: FoundJson) -> str:
    """Whether the ensemble is better than the best network alone, by the rows that chose, without flattery.

    Test rows are left out of it: what they decided, they could not measure.
    """
    single, ensemble = found["single"], found["ensemble"]
    of = plural(len(ensemble["networks"]), "network")
    if len(ensemble["networks"]) == 1:
        return "The ensemble is one network: none of the others made it better."
    sign = -1 if metrics[found["metric"]].goal == "maximize" else 1
    pair = [one["val"]["corrected"] for one in (ensemble, single)]
    several, alone = (float("nan") if one is None else sign * one for one in pair)
    if several < alone:
        return f"Without flattery the ensemble of {of} is better than the best of them alone."
    return f"Without flattery trial {single['trial']} alone, best.yaml, is as good as the ensemble of {of}."


def _facts(summary: TuneSummary) -> dict[str, str]:
    facts = {"trials": trials(summary)}
    if summary["found"] is not None:
        facts["ensemble"] = _networks(summary["found"])
    best = summary["best"]
    if best is not None:
        values = ", ".join(f"{key} {shown(value)}" for key, value in best["parameters"].items())
        facts["best"] = f"trial {best['trial']}: {values}"
    return {**facts, "time": times(summary)}


def _networks(found: FoundJson) -> str:
    """`trials 17 (5 times), 3, 8; of 24 candidates`."""
    parts = [
        f"{one['network']}" + (f" (×{one['count']})" if one["count"] > 1 else "")
        for one in found["ensemble"]["networks"]
    ]
    return f"trials {', '.join(parts)}, of {plural(found['ensemble']['candidates'], 'candidate')}"


def trials(summary: TuneSummary) -> str:
    """`60 finished, 4 pruned of 64; the clock stopped 3`."""
    counts = [f"{count(n)} {name}" for name in STATUSES if (n := summary["trials"][name])]
    late = f"; the clock stopped {summary['out_of_time']}" if summary["out_of_time"] else ""
    return f"{', '.join(counts) or 'none'} of {count(summary['trials']['total'])}{late}"


def times(summary: TuneSummary) -> str:
    """`9 min 58 s of 10 min: look 3 s, search 6 min, …`."""
    parts: dict[str, float] = {**summary["phases"]}  # type: ignore[dict-item]
    phases = [f"{name} {seconds(spent)}" for name, spent in parts.items() if spent]
    return f"{seconds(summary['seconds'])} of {summary['minutes']:g} min: {', '.join(phases)}"
