"""The networks of a run that has several: members of a repeat or an ensemble, snapshots, or folds."""

from collections.abc import Mapping, Sequence
from typing import cast

from nettrain.output.figures.folds import counted_folds
from nettrain.output.members import shown_reason
from nettrain.output.numbers import count, deviation, figure
from nettrain.output.report import headlines
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import SPLITS, named
from nettrain.store.summary import FoldSummary, MemberSummary, Metrics, RunSummary, SnapshotSummary

MOST_NETWORKS = 200  # in a table
# columns in front of the figures
MEMBER = ("member", "seed", "epochs", "best", "stopped")
FOLD = ("fold", "held out", "epochs")
FOLD_OF_REPEAT = ("fold", "repeat", "held out", "epochs")

ENSEMBLE = ("network", "counts", "epochs")

FigureName = tuple[str, str]  # split and name


def networks_part(summary: RunSummary) -> Content:
    """A row for each member, snapshot or fold, and what they have in common."""
    networks: Sequence[MemberSummary | SnapshotSummary | FoldSummary]
    networks = summary.get("members") or summary.get("folds") or summary["snapshots"]
    columns = _columns(networks[0]["metrics"])
    if "folds" in summary:  # those of held-out rows first
        columns.sort(key=lambda column: column[0] != "val")
    chosen = networks[:MOST_NETWORKS]
    facts = _fact_names(summary)
    rows = [
        [*_facts(one, facts), *(_figure_cell(one["metrics"], *name) for name in columns)] for one in chosen
    ]
    what = counted_folds(summary["folds"]) if "folds" in summary else f"{count(len(networks))} networks"
    headings = [
        *(Heading(name, numeric=name != "stopped") for name in facts),
        *(Heading(f"{SPLITS[split]} {named(name)}", numeric=True) for split, name in columns),
    ]
    foot, remarks = _foot(summary, columns, len(facts)), _remarks(summary, len(networks))
    return (
        element("h3", what),
        table(headings, rows, caption="Networks of this run", sortable=True, foot=foot),
        quiet(remarks) if remarks else None,
    )


def ensemble_part(summary: RunSummary) -> Content:
    """A row for each of the different networks of an ensemble, with how often it counts."""
    networks = summary["networks"]
    columns = _columns(networks[0]["metrics"])
    rows = [
        [
            *(_number(one[key]) for key in ("network", "count", "epochs_run")),
            *(_figure_cell(one["metrics"], *name) for name in columns),
        ]
        for one in networks
    ]
    headings = [
        *(Heading(name, numeric=True) for name in ENSEMBLE),
        *(Heading(f"{SPLITS[split]} {named(name)}", numeric=True) for split, name in columns),
    ]
    text = "The mean prediction, in which a network counts as often as the table says, has the figures above."
    caption = "Networks of this ensemble"
    return (
        element("h3", f"{count(len(networks))} networks"),
        table(headings, rows, caption=caption, sortable=True),
        quiet(text),
    )


def _fact_names(summary: RunSummary) -> tuple[str, ...]:
    """The headings in front of the figures."""
    if "folds" in summary:
        return FOLD_OF_REPEAT if summary["folds"][-1]["repeat"] > 1 else FOLD
    return MEMBER if "members" in summary else ("epoch",)


def _columns(metrics: Metrics) -> list[FigureName]:
    return [(split, name) for split, values in metrics.items() for name in headlines({split: values})]


def _foot(summary: RunSummary, columns: Sequence[FigureName], before: int) -> list[Row]:
    """The mean and the standard deviation of each figure, behind so many columns of facts."""
    mean, sd = summary["mean"], summary["sd"]
    gap = [""] * (before - 1)
    means: Row = ["mean", *gap, *(_figure_cell(mean, *name) for name in columns)]
    deviations: Row = [
        "sd",
        *gap,
        *(Cell.of(deviation(mean[split].get(name), sd[split].get(name)), None) for split, name in columns),
    ]
    if "folds" not in summary:
        return [means, deviations]
    of_all: Metrics = {"val": summary["out_of_fold"]}
    return [
        means,
        deviations,
        ["pooled", *gap, *(_figure_cell(of_all, *name) for name in columns)],
    ]


def _remarks(summary: RunSummary, networks: int) -> str:
    if "folds" in summary:
        return (
            "Validation figures are those of the rows that a fold held out. Pooled are"
            " those of all held-out rows together, each predicted by the fold that held it out."
        )
    joint = "The table above has the figures of their mean prediction." if summary.get("joint") else ""
    more = f" The first {MOST_NETWORKS} networks are listed." if networks > MOST_NETWORKS else ""
    return f"{joint}{more}".strip()


def _facts(one: Mapping[str, object], names: Sequence[str]) -> Row:
    """The cells in front of the figures, under headings of these names."""
    if "fold" in one:
        held_out = cast("Mapping[str, int]", one["rows"])["val"]
        facts = {**one, "held out": held_out, "epochs": one["epochs_run"]}
        return [_number(facts[name]) for name in names]
    if "member" not in one:
        return [_number(one["epoch"])]
    numbers = [_number(one[key]) for key in ("member", "seed", "epochs_run", "best_epoch")]
    return [*numbers, shown_reason(str(one["stop_reason"]))]


def _number(value: object) -> Cell:
    return Cell.of(str(value), float(value)) if isinstance(value, int | float) else Cell.of("–", None)


def _figure_cell(metrics: Metrics, split: str, name: str) -> Cell:
    if split not in metrics:
        return Cell.of("", None)
    value = metrics[split].get(name)
    return Cell.of(figure(value), value)
