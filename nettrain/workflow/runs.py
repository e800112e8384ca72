"""Comparison of runs: how they ended, their metrics, and the settings in which they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nettrain.store.run_overview import RunOverview, differing_settings, find_runs, sort_runs

FOLDER = "runs"  # where runs are searched for by default


@dataclass(frozen=True)
class ComparedRuns:
    """Sorted runs, and the keys in which their experiments differ."""

    runs: tuple[RunOverview, ...]
    differing: tuple[str, ...]


def compare_runs(patterns: Sequence[str] = (), sort: str = "when") -> ComparedRuns:
    """The runs that paths, folders of runs and patterns name, by default those in `runs/`.

    They are sorted by when, run, experiment, status, epochs, a metric (the best first) or a key; `-` in front
    reverses the order. Raises SpecError when there are no such runs, or none has what they are sorted by.
    """
    if not patterns and not Path(FOLDER).is_dir():
        return ComparedRuns((), ())
    runs = sort_runs(find_runs(patterns or [FOLDER]), sort)
    return ComparedRuns(tuple(runs), tuple(differing_settings(runs)))
