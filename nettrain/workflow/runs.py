"""Run folders at a glance: how they ended, their figures, and in what their experiments differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nettrain.store.run_overview import RunOverview, differing_settings, find_runs, sort_runs

FOLDER = "runs"  # where runs are looked for by default


@dataclass(frozen=True)
class ComparedRuns:
    """Runs in the order that was asked for, and the keys in which their experiments differ."""

    runs: tuple[RunOverview, ...]
    differing: tuple[str, ...]


def compare_runs(patterns: Sequence[str] = (), sort: str = "when") -> ComparedRuns:
    """The runs behind paths, folders of runs and patterns, by default those in `runs`, if there is one.

    Sorted by when, run, experiment, status, epochs, a figure (the best first) or a key; `-` in front reverses
    the order. Raises SpecError when nothing is there, or when no run has what they are to be sorted by.
    """
    if not patterns and not Path(FOLDER).is_dir():
        return ComparedRuns((), ())
    runs = sort_runs(find_runs(patterns or [FOLDER]), sort)
    return ComparedRuns(tuple(runs), tuple(differing_settings(runs)))
