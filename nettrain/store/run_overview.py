"""An overview of run folders; half-written and foreign folders do no harm."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nettrain.catalogue.metrics import metrics
from nettrain.errors import SpecError, StoredFileError, did_you_mean, quoted
from nettrain.experiment.changes import flatten
from nettrain.experiment.document import parse
from nettrain.experiment.monitors import goal
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_file import parse_json, read_limited, read_yaml_text
from nettrain.store.stored_table import read_table

LABELS = ("experiment",)  # keys in which runs are not said to differ
COLUMNS = ("when", "run", "experiment", "status", "epochs")  # that runs can be sorted by, beside figures


@dataclass(frozen=True)
class RunOverview:
    """One run folder; `figures` by names such as val_loss, `settings` by dotted key.

    `seconds` is how long the run has taken, resumptions included.
    """

    path: Path
    when: datetime
    experiment: str
    status: str  # as in the summary, or unfinished or unreadable
    epochs: int | None = None
    best_epoch: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def main_metric(self) -> str:
        """The metric that sums the run up, such as accuracy or rmse; "" when it has none."""
        return main_metric(self.figures)


def main_metric(figures: Iterable[str]) -> str:
    """The metric that sums a run up beside the loss, by the names of figures such as test_accuracy, or ""."""
    names = (figure.partition("_")[2] for figure in figures)
    return next((name for name in names if name in metrics and metrics[name].headline), "")


def find_runs(patterns: Sequence[str]) -> list[RunOverview]:
    """The run folders among paths, in folders of runs, or matching patterns such as `runs/iris*`; each once.

    Raises SpecError when there are none, or when a path does not exist.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        matching = list(_matching(pattern))
        if not matching and not Path(pattern).exists():
            raise SpecError(f"{_shown(pattern)}: no runs there{_hint(pattern)}")
        paths |= dict.fromkeys(matching)
    if not paths:
        raise SpecError(f"{' '.join(map(_shown, patterns))}: no runs there")
    return [read_overview(path) for path in paths]


def _shown(pattern: str) -> str:
    """A path or pattern, in quotation marks when it is blank."""
    return pattern if pattern.strip() else quoted(pattern)


def read_overview(path: Path) -> RunOverview:
    """The overview of one run folder, as far as its files can be read."""
    folder = RunFolder(path)
    summary, status = _summary(folder.summary)
    settings = dict(flatten(_config(folder.config)))
    newest = folder.summary if folder.summary.is_file() else folder.config
    return RunOverview(
        path,
        datetime.fromtimestamp(newest.stat().st_mtime),
        str(summary.get("experiment") or settings.get("experiment") or path.name),
        status,
        _integer(summary.get("epochs_run")) if summary else _last_epoch(folder.history),
        _number(summary.get("best_epoch")),
        dict(_figures(summary.get("metrics"))),
        settings,
        _seconds(summary.get("timing")),
    )


def differing_settings(runs: Iterable[RunOverview]) -> list[str]:
    """The keys of the experiment that differ between the runs with a readable config."""
    readable = [run.settings for run in runs if run.settings]
    keys = dict.fromkeys(key for settings in readable for key in settings if key not in LABELS)
    return [key for key in keys if len({json.dumps(settings.get(key)) for settings in readable}) > 1]


def sort_runs(runs: Sequence[RunOverview], by: str) -> list[RunOverview]:
    """The runs sorted by a column, a figure (the best first) or a key; `-` in front reverses the order.

    Runs without a value come last. Raises SpecError when no run has one.
    """
    name = by.removeprefix("-")
    values = [_value(run, name) for run in runs]
    if runs and all(value is None for value in values):
        names = [*COLUMNS, *dict.fromkeys(figure for run in runs for figure in run.figures)]
        raise SpecError(
            f'--sort: no run has "{name}"{did_you_mean(name, names)} (such as {", ".join(names[:9])})'
        )
    pairs = list(zip(values, runs, strict=True))
    known = [(value, run) for value, run in pairs if value is not None]
    descending = by.startswith("-") != _higher_is_better(name, runs)
    known.sort(key=lambda pair: _sort_key(pair[0]), reverse=descending)
    return [run for _, run in known] + [run for value, run in pairs if value is None]


def _value(run: RunOverview, name: str) -> object:
    columns = {
        "when": run.when,
        "run": str(run.path),
        "experiment": run.experiment,
        "status": run.status,
        "epochs": run.epochs,
    }
    return columns[name] if name in columns else run.figures.get(name, run.settings.get(name))


def _sort_key(value: object) -> tuple[int, float, str]:
    """Numbers before text, so that anything can be sorted."""
    return (0, value, "") if isinstance(value, int | float) else (1, 0.0, str(value))


def _higher_is_better(name: str, runs: Sequence[RunOverview]) -> bool:
    if not any(name in run.figures for run in runs):
        return False
    try:
        return goal(f"val_{name.partition('_')[2]}") == "maximize"
    except KeyError:
        return False


def _matching(pattern: str) -> Iterator[Path]:
    """The run folders of a path or a pattern."""
    try:
        candidates = sorted(_expanded(Path(pattern)))
    except (ValueError, NotImplementedError, OSError):
        return
    for candidate in candidates:
        if _is_run(candidate):
            yield candidate
        elif candidate.is_dir():
            yield from (inner for inner in sorted(candidate.iterdir()) if _is_run(inner))


def _expanded(pattern: Path) -> Iterable[Path]:
    """The paths that match; brackets in the name of a folder that exists are those of its name."""
    literal = next(folder for folder in (pattern, *pattern.parents) if folder.exists())
    return [pattern] if literal == pattern else literal.glob(str(pattern.relative_to(literal)))


def _is_run(path: Path) -> bool:
    return path.is_dir() and (RunFolder(path).config.is_file() or RunFolder(path).summary.is_file())


def _hint(pattern: str) -> str:
    path = Path(pattern)
    folder = path.parent if path.parent.is_dir() else Path()
    return did_you_mean(path.name, [other.name for other in folder.iterdir() if other.is_dir()])


def _summary(path: Path) -> tuple[dict[str, object], str]:
    """The summary, empty when there is none that can be read, and the run's status."""
    if not path.exists():
        return {}, "unfinished"
    try:
        summary = parse_json(read_limited(path), str(path))
    except StoredFileError:
        return {}, "unreadable"
    if not isinstance(summary, dict):
        return {}, "unreadable"
    return summary, str(summary.get("status", "unreadable"))


def _config(path: Path) -> Mapping[str, object]:
    try:
        return parse(read_yaml_text(path), str(path), lines=False).block
    except (StoredFileError, ValueError, SpecError):
        return {}


def _figures(metrics: object) -> Iterator[tuple[str, float]]:
    for split, named in metrics.items() if isinstance(metrics, dict) else ():
        for name, value in named.items() if isinstance(named, dict) else ():
            if isinstance(value, int | float):
                yield f"{split}_{name}", float(value)


def _last_epoch(path: Path) -> int | None:
    """The last epoch in the history of a run that is still in progress, or was killed."""
    try:
        epochs = [row["epoch"] for row in read_table(path, needs=("epoch",))] if path.is_file() else []
        return max((int(epoch) for epoch in epochs if isinstance(epoch, float)), default=None)
    except StoredFileError:
        return None


def _seconds(timing: object) -> float | None:
    total = timing.get("total_seconds") if isinstance(timing, dict) else None
    return float(total) if isinstance(total, int | float) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None
