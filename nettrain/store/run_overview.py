"""What run folders say of themselves at a glance; half-written and foreign folders do no harm."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nettrain.errors import SpecError, close
from nettrain.experiment.changes import flat
from nettrain.experiment.document import parse
from nettrain.experiment.settings import goal
from nettrain.store.run_folder import RunFolder

NAMELESS = ("experiment",)  # keys that are no difference between runs
PLAIN = ("when", "run", "experiment", "status", "epochs")  # what runs are sorted by, beside figures


@dataclass(frozen=True)
class RunOverview:
    """One run folder; `figures` are named like val_loss, `settings` by dotted key."""

    path: Path
    when: datetime
    experiment: str
    status: str  # as in the summary; unfinished or unreadable without one
    epochs: int | None = None
    best_epoch: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def find_runs(patterns: Sequence[str]) -> list[RunOverview]:
    """The runs that are named, that lie in folders that are named, or that match; each once.

    Raises SpecError when nothing is found, or when a name that is no pattern is not there.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        here = list(_matching(pattern))
        if not here and not Path(pattern).exists():
            raise SpecError(f"{pattern}: no runs there{_hint(pattern)}")
        found |= dict.fromkeys(here)
    if not found:
        raise SpecError(f"{' '.join(patterns)}: no runs there")
    return [read_overview(path) for path in found]


def read_overview(path: Path) -> RunOverview:
    """What a run folder says, as far as it can be read."""
    folder = RunFolder(path)
    summary, status = _summary(folder.summary)
    settings = dict(flat(_config(folder.config)))
    newest = folder.summary if folder.summary.is_file() else folder.config
    return RunOverview(
        path,
        datetime.fromtimestamp(newest.stat().st_mtime),
        str(summary.get("experiment") or settings.get("experiment") or path.name),
        status,
        _whole(summary.get("epochs_run")) if summary else _latest(folder.history),
        _whole(summary.get("best_epoch")),
        dict(_figures(summary.get("metrics"))),
        settings,
    )


def differing_settings(runs: Iterable[RunOverview]) -> list[str]:
    """Keys of the experiment that are not the same in all runs that have a readable config."""
    known = [run.settings for run in runs if run.settings]
    keys = dict.fromkeys(key for settings in known for key in settings if key not in NAMELESS)
    return [key for key in keys if len({json.dumps(settings.get(key)) for settings in known}) > 1]


def sort_runs(runs: Sequence[RunOverview], by: str) -> list[RunOverview]:
    """Runs by a column, a figure (the best first) or a key; `-` in front turns it round.

    Runs that lack it come last. Raises SpecError when no run has it.
    """
    name = by.removeprefix("-")
    values = [_value(run, name) for run in runs]
    if runs and all(value is None for value in values):
        known = [*PLAIN, *dict.fromkeys(figure for run in runs for figure in run.figures)]
        raise SpecError(f'--sort: no run has "{name}"{close(name, known)} (such as {", ".join(known[:9])})')
    there = [pair for pair in zip(values, runs, strict=True) if pair[0] is not None]
    falling = by.startswith("-") != _best_is_high(name, runs)
    there.sort(key=lambda pair: _sortable(pair[0]), reverse=falling)
    return [run for _, run in there] + [run for value, run in zip(values, runs, strict=True) if value is None]


def _value(run: RunOverview, name: str) -> Any:
    if name in PLAIN:
        return {"run": str(run.path)}.get(name) or getattr(run, name, None)
    return run.figures.get(name, run.settings.get(name))


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers before text, so that anything can be sorted."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _best_is_high(name: str, runs: Sequence[RunOverview]) -> bool:
    if not any(name in run.figures for run in runs):
        return False
    try:
        return goal(f"val_{name.partition('_')[2]}") == "maximize"
    except KeyError:
        return False


def _matching(pattern: str) -> Iterator[Path]:
    """Run folders behind a path or a pattern."""
    path = Path(pattern)
    try:
        paths = (
            [path] if path.exists() else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        )
    except (ValueError, NotImplementedError, OSError):
        return
    for one in paths:
        if _is_run(one):
            yield one
        elif one.is_dir():
            yield from (inner for inner in sorted(one.iterdir()) if _is_run(inner))


def _is_run(path: Path) -> bool:
    return path.is_dir() and (RunFolder(path).config.is_file() or RunFolder(path).summary.is_file())


def _hint(pattern: str) -> str:
    path = Path(pattern)
    folder = path.parent if path.parent.is_dir() else Path()
    return close(path.name, [other.name for other in folder.iterdir() if other.is_dir()])


def _summary(path: Path) -> tuple[dict[str, Any], str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, "unfinished"
    except (OSError, ValueError):
        return {}, "unreadable"
    if not isinstance(found, dict):
        return {}, "unreadable"
    return found, str(found.get("status", "unreadable"))


def _config(path: Path) -> dict[str, Any]:
    try:
        values = parse(path.read_text(encoding="utf-8"), str(path), lines=False).values
    except (OSError, ValueError, SpecError):
        return {}
    return values if isinstance(values, dict) else {}


def _figures(metrics: Any) -> Iterator[tuple[str, float]]:
    for part, named in metrics.items() if isinstance(metrics, dict) else ():
        for name, value in named.items() if isinstance(named, dict) else ():
            if isinstance(value, int | float):
                yield f"{part}_{name}", float(value)


def _latest(path: Path) -> int | None:
    """The last epoch in the history of a run that is still going on, or was killed."""
    try:
        with path.open(encoding="utf-8", newline="") as f:
            return max((int(row["epoch"]) for row in csv.DictReader(f)), default=None)
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
