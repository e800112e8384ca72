"""The members of a population, a run's snapshots, or folds: a row each, then their mean and deviation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.fitting import fits
from nettrain.output.numbers import count, deviation, figure
from nettrain.output.progress import title
from nettrain.store.summary import Ending, FoldSummary, Metrics, RunSummary

MAX_ROWS = 16  # of members or snapshots
# columns that a narrow terminal does without, the least needed first
OPTIONAL = ("seed", "train loss", "stopped", "best", "val loss", "epochs", "test loss")
OPTIONAL_OF_FOLDS = (
    "train rows",
    "train loss",
    "test loss",
    "stopped",
    "best",
    "val loss",
    "repeat",
    "epochs",
)
HEADLINE = "headline"  # stands for the metric beside the loss
FIGURES = {"train": ("loss",), "val": ("loss", HEADLINE), "test": ("loss", HEADLINE)}

Columns = dict[str, list[str]]


def members_table(console: Console, summary: RunSummary, headline: str) -> Table:
    """How each member ended and its figures, their mean and deviation, and those of the mean prediction.

    Of folds also the figures of all held-out rows together.

    `headline` is the metric beside the loss. Columns that do not fit the console are left out.
    """
    columns = _columns(summary, headline)
    table = _table(columns, summary)
    for name in OPTIONAL_OF_FOLDS if "folds" in summary else OPTIONAL:
        if fits(console, table):
            break
        columns.pop(name, None)
        table = _table(columns, summary)
    return table


def endings(members: Sequence[Ending], monitor: str, words: Mapping[str, str]) -> str:
    """`early stopping (2), epochs (1) after 19 to 30 epochs; the best weights of each … were restored`.

    A reason that all members share is given in full, by `words`.
    """
    reasons = Counter(member["stop_reason"] for member in members)
    text = ", ".join(f"{shown_reason(reason)} ({number})" for reason, number in reasons.most_common())
    if len(reasons) == 1 or "various" in reasons:  # of networks whose folds ended differently
        text = words["various" if "various" in reasons else next(iter(reasons))]
    epochs = sorted({member["epochs_run"] for member in members})
    after = f"{count(epochs[0])} to {count(epochs[-1])}" if len(epochs) > 1 else count(epochs[0])
    text = f"{text} after {after} epoch{'' if epochs == [1] else 's'}".strip()
    rose = sum(member.get("objective_rises", 0) > 0 for member in members if unconverged(member))
    text += f"; the objective of {rose} of {len(members)} members rose in some epochs" if rose else ""
    if all(member["restored_best"] for member in members):
        return f"{text}; the best weights of each by {title(monitor)} were restored"
    return f"{text}; the last weights of each are kept"


def unconverged(ending: Ending) -> bool:
    """Whether the training ended without having converged, or diverged."""
    return ending["stop_reason"] not in ("converged", "diverged")


def shown_reason(reason: str) -> str:
    """A reason in a table: `early stopping`."""
    return reason.replace("_", " ")


def _networks(summary: RunSummary) -> Sequence[Mapping[str, Metrics]]:
    """How each network ended, with its `metrics`."""
    several = summary.get("members") or summary.get("folds") or summary["snapshots"]
    return cast("Sequence[Mapping[str, Metrics]]", several)


def _columns(summary: RunSummary, headline: str) -> Columns:
    """Cells by heading: a row per network, then the rows of all together."""
    shown, below = _networks(summary)[:MAX_ROWS], _rows_below(summary)
    columns = _facts(summary)
    for k, cells in enumerate(columns.values()):
        cells += [name if k == 0 else "" for name in below]
    for split, names in FIGURES.items():
        for name in names:
            key = headline if name == HEADLINE else name
            if key in summary["mean"].get(split, {}):
                columns[f"{split} {title(key)}"] = _figures(shown, below, split, key)
    return columns


def _facts(summary: RunSummary) -> Columns:
    """What a row says of a network in front of its figures."""
    if "folds" in summary:
        folds = summary["folds"][:MAX_ROWS]
        return {**_fold_facts(folds), **_endings(folds)}
    if "members" not in summary:
        return {"snapshot": [str(one["epoch"]) for one in summary["snapshots"][:MAX_ROWS]]}
    members = summary["members"][:MAX_ROWS]
    columns = {
        "member": [str(member["member"]) for member in members],
        "seed": [str(member["seed"]) for member in members],
    }
    return {**columns, **_endings(members)}


def _fold_facts(folds: Sequence[FoldSummary]) -> Columns:
    """The number of each fold, and how many rows train it and are held out."""
    columns = {"fold": [str(fold["fold"]) for fold in folds]}
    if any(fold["repeat"] > 1 for fold in folds):
        columns["repeat"] = [str(fold["repeat"]) for fold in folds]
    columns["train rows"] = [count(fold["rows"]["train"]) for fold in folds]
    return {**columns, "held out": [count(fold["rows"]["val"]) for fold in folds]}


def _endings(networks: Sequence[Ending]) -> Columns:
    """How the training of each ended."""
    columns = {"epochs": [str(one["epochs_run"]) for one in networks]}
    if any(one["restored_best"] for one in networks):
        columns["best"] = ["" if one["best_epoch"] is None else str(one["best_epoch"]) for one in networks]
    return {**columns, "stopped": [shown_reason(one["stop_reason"]) for one in networks]}


def _figures(
    networks: Sequence[Mapping[str, Metrics]], below: Mapping[str, Metrics], split: str, name: str
) -> list[str]:
    """A column: one figure of each network and of all together, the deviation to its mean's digits."""
    cells = [figure(network["metrics"][split].get(name)) for network in networks]
    mean, sd, *others = below.values()
    middle = mean[split].get(name)
    joint = [figure(other[split].get(name)) if split in other else "" for other in others]
    return [*cells, figure(middle), deviation(middle, sd[split].get(name)), *joint]


def _rows_below(summary: RunSummary) -> dict[str, Metrics]:
    """The rows below the networks: mean, standard deviation, and the figures of their mean prediction.

    Of folds that of the test rows, after the figures of all held-out rows, which one fold each predicts.
    """
    joint: dict[str, Metrics] = {"together": summary["metrics"]} if summary.get("joint") else {}
    if "folds" in summary:
        joint["pooled"] = {"val": summary["out_of_fold"]}
        if "test" in summary["metrics"]:
            joint["together"] = {"test": summary["metrics"]["test"]}
    return {"mean": summary["mean"], "sd": summary["sd"], **joint}


def _table(columns: Columns, summary: RunSummary) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name == "stopped" else "right", no_wrap=True)
    networks, below = len(_networks(summary)), len(_rows_below(summary))
    rows = list(zip(*columns.values(), strict=True))
    for cells in rows[:-below]:
        table.add_row(*cells)
    if networks > MAX_ROWS:
        table.add_row(Text(f"… {count(networks - MAX_ROWS)} more", style="dim"))
    table.add_section()
    for cells in rows[-below:]:
        table.add_row(*cells, style="bold green" if cells[0] == "together" else "bold")
    return table
