"""What a report on a sweep holds, from the tables in its folder: its trials, and what mattered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import inf, isfinite, nan
from pathlib import Path

from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.searches import search_methods
from nettrain.errors import SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.sweep_settings import Parameter
from nettrain.store.journal import JournalEntry, read_journal
from nettrain.store.stored_file import read_limited, read_stored
from nettrain.store.stored_table import changed, check_header, frame_errors
from nettrain.store.sweep_folder import SweepFolder
from nettrain.store.sweep_summary import SweepSummary
from nettrain.store.tune_folder import TuneFolder
from nettrain.store.tune_summary import TuneSummary, read_tune_summary
from nettrain.store.written_table import first_line
from nettrain.sweep.anova.analysed import AnalysedTrial
from nettrain.sweep.anova.analysis import Anova, NoAnova, what_mattered
from nettrain.sweep.fold_figures import SD
from nettrain.sweep.influence import Influence, ParameterSample, influences_in
from nettrain.sweep.ranking import Goal
from nettrain.sweep.summary import BREAKS, FRONT

# columns of trials.csv beside values and figures
FACTS = ("trial", "status", FRONT, BREAKS, "epochs", "best_epoch")


@dataclass(frozen=True)
class SearchedParameter:
    """A searched key; `log` says that it is searched on a logarithmic scale, `name` how it is drawn."""

    key: str
    name: str
    log: bool
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportedTrial:
    """One trial: how it ended, its searched values by key, and its figures by name.

    With folds, figures are means over them, and `sd` their standard deviations. With several goals, `front`
    is 1 on the Pareto front; with constraints, `breaks` says which it breaks.
    """

    number: int
    status: str
    values: Mapping[str, object]
    figures: Mapping[str, float]
    epochs: int
    sd: Mapping[str, float] = field(default_factory=dict)
    front: int | None = None
    breaks: str = ""


@dataclass(frozen=True, eq=False)
class SweepReport:
    """All that a report on a sweep shows; `trials` are sorted, the best first.

    `best_experiment` is the file that trains the best trial, None without one, and `experiment` what trials
    have in common. What a tuning has made of the search is in `tuned`.
    """

    folder: SweepFolder
    summary: SweepSummary
    parameters: Sequence[SearchedParameter]
    trials: Sequence[ReportedTrial]
    best_experiment: str | None
    method: str
    experiment: Mapping[str, object]
    tuned: TuneSummary | None = None

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.summary["experiment"]

    @property
    def place(self) -> str:
        """The folder and the one it is in: the same wherever a command is typed."""
        return "/".join(self.folder.path.absolute().parts[-2:])

    @property
    def best(self) -> ReportedTrial | None:
        """The best trial that was trained to its end."""
        best = self.summary["best"]
        number = None if best is None else best["trial"]
        return next((one for one in self.trials if one.number == number), None)

    @property
    def front(self) -> list[ReportedTrial]:
        """The trials that no other beats in all goals, the best by the first one first."""
        numbered = {one.number: one for one in self.trials}
        return [numbered[one["trial"]] for one in self.summary.get("front", [])]

    def figure(self, trial: ReportedTrial) -> float:
        """The metric by which trials are compared, NaN where a trial has none."""
        counts = trial.status in ("finished", "pruned")
        return trial.figures.get(self.summary["metric"], nan) if counts else nan

    @cached_property
    def influences(self) -> list[Influence]:
        """How much each parameter mattered, the strongest first."""
        return influences_in(self._samples())

    @cached_property
    def mattered(self) -> list[Anova | NoAnova]:
        """What mattered for each goal, by a functional ANOVA."""
        first = {"metric": self.summary["metric"], "goal": self.summary["goal"]}
        goals = self.summary.get("goals", [first])
        return [self._mattered_for(Goal(one["metric"], one["goal"] == "maximize")) for one in goals]

    def _mattered_for(self, goal: Goal) -> Anova | NoAnova:
        parameters = [
            Parameter(one.key, distributions[one.name].model_validate(one.settings))
            for one in self.parameters
            if one.name in distributions
        ]
        trials = [
            AnalysedTrial(one.number, dict(one.values), one.status, one.epochs, _score(one, goal))
            for one in sorted(self.trials, key=lambda one: one.number)
            if one.status != "infeasible"
        ]
        return what_mattered(parameters, trials, goal, evolves=search_methods[self.method].evolves)

    def _samples(self) -> Iterator[ParameterSample]:
        import numpy as np

        sign = -1 if self.summary["goal"] == "maximize" else 1
        for parameter in self.parameters:
            key = parameter.key
            trained = (one for one in self.trials if key in one.values and one.status != "infeasible")
            drawn = sorted(trained, key=lambda one: one.number)
            if drawn and not key.endswith("seed"):
                figures = [self.figure(one) for one in drawn]
                scores = np.array([sign * value if isfinite(value) else inf for value in figures])
                yield ParameterSample(key, [one.values[key] for one in drawn], scores, figures)


def _score(trial: ReportedTrial, goal: Goal) -> float:
    """The score of a trial, infinite where it has no figure."""
    figure = trial.figures.get(goal.metric, nan) if trial.status in ("finished", "pruned") else nan
    return goal.sign * figure if isfinite(figure) else inf


def is_sweep(path: Path) -> bool:
    """Whether a path is the folder of a sweep."""
    return SweepFolder(path).journal.is_file()


def report_on_sweep(path: Path) -> SweepReport:
    """The report on the sweep in a folder. Raises SpecError when it has not written its tables yet."""
    import polars as pl

    folder = SweepFolder(path)
    for needed in (folder.trials, folder.summary):
        if not needed.is_file():
            raise SpecError(
                f"{path}: {needed.name} is missing, which a sweep writes when it ends or is interrupted;"
                " nettrain sweep FILE goes on with it"
            )
    summary = read_stored(folder.summary, SweepSummary)
    begun = _begun(folder)
    parameters = [searched_parameter(key, dump) for key, dump in begun["parameters"].items()]
    keys = [one.key for one in parameters]
    # figures are read as they are spelled, values as an experiment file would
    first_line(folder.trials)
    with frame_errors(folder.trials):
        table = pl.read_csv(folder.trials, infer_schema=False, glob=False)
    check_header(folder.trials, table.columns, ("trial", "status", "epochs", *keys))
    trials = [_read_trial(folder.trials, row, keys) for row in table.iter_rows(named=True)]
    best = _text(folder.best) if folder.best.is_file() else None
    tuning = TuneFolder(path).summary
    report = SweepReport(
        folder,
        summary,
        parameters,
        trials,
        best,
        _method(begun["sweep"]["method"]),
        begun["experiment"],
        read_tune_summary(tuning) if tuning.is_file() else None,
    )
    return SweepReport(**{**vars(report), "trials": _best_first(report)})


def _read_trial(path: Path, row: Mapping[str, str | None], keys: Sequence[str]) -> ReportedTrial:
    try:
        return _trial(row, keys)
    except ValueError as error:
        cell = str(error).rpartition(": ")[2]
        raise changed(path, f"trial {row['trial']}: {cell} is not a number") from error


def _text(path: Path) -> str:
    try:
        return read_limited(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise changed(path, "it is no text") from error


def _method(written: str | Mapping[str, str]) -> str:
    """The name of the method, which stands alone where it has no settings."""
    return written if isinstance(written, str) else written["name"]


def _begun(folder: SweepFolder) -> JournalEntry:
    """The first line of the journal, which says what is searched."""
    entries = read_journal(folder.journal)
    begun = next((one for one in entries if one["kind"] == "sweep"), None)
    if begun is None:
        raise SpecError(f"{folder.journal}: does not say what is searched, nothing can be reported")
    return begun


def searched_parameter(key: str, settings: Mapping[str, object]) -> SearchedParameter:
    """A parameter by the settings of its distribution, `name` among them."""
    name = str(settings["name"])
    log = name in distributions and distributions[name].log
    return SearchedParameter(key, name, log, {k: v for k, v in settings.items() if k != "name"})


def _trial(row: Mapping[str, str | None], keys: Sequence[str]) -> ReportedTrial:
    values = {key: _value(cell) for key in keys if (cell := row[key]) is not None}
    measured = {
        name: float(cell) for name, cell in row.items() if cell is not None and name not in (*FACTS, *keys)
    }
    sd = {name: measured.pop(f"{name}{SD}") for name in tuple(measured) if f"{name}{SD}" in measured}
    trial, epochs = int(row["trial"] or 0), int(row["epochs"] or 0)
    front = int(cell) if (cell := row.get(FRONT)) else None
    breaks = row.get(BREAKS) or ""
    return ReportedTrial(trial, str(row["status"]), values, measured, epochs, sd, front, breaks)


@lru_cache(maxsize=4096)  # choices come again and again
def _value(cell: str) -> object:
    """A searched value from its text in a table."""
    try:
        return int(cell) if cell.lstrip("-").isdecimal() else float(cell)
    except ValueError:
        return _other_value(cell)


def _other_value(cell: str) -> object:
    """A value that is no number: a list, a block, text."""
    try:
        return parse(cell, "", lines=False).values
    except SpecError:
        return cell


def _best_first(report: SweepReport) -> list[ReportedTrial]:
    """Trials in the order of their metric, those without one last; of equal ones the earlier first."""
    sign = -1 if report.summary["goal"] == "maximize" else 1

    def place(trial: ReportedTrial) -> tuple[bool, float, int]:
        figure = report.figure(trial)
        return (not isfinite(figure), sign * figure if isfinite(figure) else 0.0, trial.number)

    return sorted(report.trials, key=place)
