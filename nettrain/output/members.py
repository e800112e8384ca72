"""The members of a repeat or an ensemble, or a run's snapshots: a line each, then what they are together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import count, deviation, figure
from nettrain.output.progress import title

MOST = 16  # lines of members
# what a narrow terminal goes without, the least needed first
NARROWER = ("seed", "train loss", "stopped", "best", "val loss", "epochs", "test loss")
HEADS = {"member": "member", "seed": "seed", "epoch": "snapshot", "epochs_run": "epochs"}
PARTS = {"train": ("loss",), "val": ("loss", "headline"), "test": ("loss", "headline")}

Columns = dict[str, list[str]]


def members_table(console: Console, summary: dict[str, Any], headline: str) -> Table:
    """Each member's ending and figures, their mean and standard deviation, and the joint answer's figures.

    `headline` is the metric that stands beside the loss. Columns that do not fit the console are left out.
    """
    columns = _columns(summary, headline)
    table = _table(columns, summary)
    for name in NARROWER:
        if Measurement.get(console, console.options.update(width=1000), table).maximum <= console.width:
            break
        columns.pop(name, None)
        table = _table(columns, summary)
    return table


def endings(members: Sequence[dict[str, Any]], monitor: str, words: Mapping[str, str]) -> str:
    """`early stopping (2), epochs (1) after 19 to 30 epochs; the best weights of each … were restored`.

    A reason that all share is told in its own `words`.
    """
    reasons = Counter(member["stop_reason"] for member in members)
    told = ", ".join(f"{shown_reason(reason)} ({number})" for reason, number in reasons.most_common())
    if len(reasons) == 1:
        told = words[next(iter(reasons))]
    epochs = sorted({member["epochs_run"] for member in members})
    after = f"{count(epochs[0])} to {count(epochs[-1])}" if len(epochs) > 1 else count(epochs[0])
    text = f"{told} after {after} epoch{'' if epochs == [1] else 's'}"
    if all(member["restored_best"] for member in members):
        return f"{text}; the best weights of each by {title(monitor)} were restored"
    return f"{text}; the last weights of each are kept"


def shown_reason(reason: str) -> str:
    """A reason in a table: `early stopping`."""
    return reason.replace("_", " ")


def _columns(summary: dict[str, Any], headline: str) -> Columns:
    """Cells by heading, a line per member and then those of all together."""
    members = summary.get("members") or summary["snapshots"]
    shown, below = members[:MOST], _below(summary)
    columns: Columns = {}
    for key, name in HEADS.items():
        if key in members[0]:
            columns[name] = [str(member[key]) for member in shown]
    if any(member.get("restored_best") for member in shown):
        columns["best"] = [_best(member) for member in shown]
    if "stop_reason" in members[0]:
        columns["stopped"] = [shown_reason(member["stop_reason"]) for member in shown]
    first = next(iter(columns))
    for name in columns:
        columns[name] += list(below) if name == first else [""] * len(below)
    for part, names in PARTS.items():
        for name in names:
            key = headline if name == "headline" else name
            if key in summary["mean"].get(part, {}):
                columns[f"{part} {title(key)}"] = _figures(shown, below, part, key)
    return columns


def _figures(members: Sequence[dict[str, Any]], below: dict[str, Any], part: str, name: str) -> list[str]:
    """A column: one figure of each member and of all together, the deviation to its mean's digits."""
    together = {line: named[part].get(name) for line, named in below.items()}
    cells = [figure(member["metrics"][part].get(name)) for member in members]
    mean, sd, *joint = together.values()
    return [*cells, figure(mean), deviation(mean, sd), *map(figure, joint)]


def _below(summary: dict[str, Any]) -> dict[str, Any]:
    """The lines below the members: their mean and standard deviation, and the answer they give together."""
    joint = {"together": summary["metrics"]} if summary.get("joint") else {}
    return {"mean": summary["mean"], "sd": summary["sd"], **joint}


def _best(member: dict[str, Any]) -> str:
    return "" if member["best_epoch"] is None else str(member["best_epoch"])


def _table(columns: Columns, summary: dict[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name == "stopped" else "right", no_wrap=True)
    members, below = summary.get("members") or summary["snapshots"], len(_below(summary))
    rows = list(zip(*columns.values(), strict=True))
    for cells in rows[:-below]:
        table.add_row(*cells)
    if len(members) > MOST:
        table.add_row(Text(f"… {count(len(members) - MOST)} more", style="dim"))
    table.add_section()
    for cells in rows[-below:]:
        table.add_row(*cells, style="bold green" if cells[0] == "together" else "bold")
    return table
