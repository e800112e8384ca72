"""A comparison as plain data, as the command prints and stores it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.store.comparison_summary import (
    ComparedEntryJson,
    ComparedFigureJson,
    ComparedRunJson,
    ComparisonSummary,
    SeedTestJson,
)
from nettrain.workflow.comparison.entries import ComparedEntry, ComparedRun, is_maximized

if TYPE_CHECKING:
    from nettrain.workflow.compare import Comparison


def summary_of(comparison: "Comparison") -> ComparisonSummary:
    """The content of the comparison's `summary.json`."""
    return {
        "status": "interrupted" if comparison.interrupted else "finished",
        "decisive": comparison.decisive,
        "entries": [_entry(entry) for entry in comparison.entries],
        "figures": {figure: _figure(comparison, figure) for figure in comparison.figures},
        "tests": [test for figure in comparison.figures for test in _tests(comparison, figure)],
        "differing": list(comparison.differing),
        "common": list(comparison.common),
        "notes": list(comparison.notes),
        "seconds": comparison.seconds,
    }


def _entry(entry: ComparedEntry) -> ComparedEntryJson:
    return {
        "label": entry.label,
        "source": entry.source,
        "experiment": str(entry.experiment["experiment"]),
        "settings": dict(entry.settings),
        "parameters": entry.parameters,
        "mean": {figure: entry.mean(figure) for figure in entry.figures},
        "sd": {figure: entry.sd(figure) for figure in entry.figures},
        "runs": [_run(run) for run in entry.runs],
    }


def _run(run: ComparedRun) -> ComparedRunJson:
    return {
        "seed": run.seed,
        "fold": run.fold,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "epochs_run": run.epochs,
        "best_epoch": run.best_epoch,
        "seconds": run.seconds,
        "divergence": run.divergence or None,
        "metrics": run.metrics,
    }


def _figure(comparison: "Comparison", figure: str) -> ComparedFigureJson:
    return {
        "goal": "maximize" if is_maximized(figure) else "minimize",
        "best": [comparison.entries[k].label for k in comparison.best(figure)],
        "not_compared": comparison.incomparable.get(figure),
    }


def _tests(comparison: "Comparison", figure: str) -> Sequence[SeedTestJson]:
    labels = [entry.label for entry in comparison.entries]
    return [
        {
            "figure": figure,
            "entry": labels[test.entry],
            "other": labels[test.other],
            "paired": test.paired,
            "seeds": test.seeds,
            "better": test.better,
            "ties": test.ties,
            "difference": test.difference,
            "sd": test.sd,
            "p": test.p,
            "significant": test.significant,
        }
        for test in comparison.tests(figure)
    ]
