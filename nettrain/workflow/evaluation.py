"""Evaluation of a trained run on labelled rows: every metric, confusions and the worst rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.catalogue.metrics import metrics_for
from nettrain.data.deviations import NO_DEVIATIONS, RowComparison
from nettrain.data.labelled import Rows, read_labelled_by_each
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.streams import DASH, source_label
from nettrain.errors import SpecError, StoredContentError, nearest
from nettrain.experiment.task import loss_of
from nettrain.inference.baseline import Baseline, worse_than
from nettrain.inference.entropy import target_entropy
from nettrain.inference.importance import importances
from nettrain.inference.intervals import labelled_figures
from nettrain.inference.measured import MeasuredNetworks, NetworksOnRows
from nettrain.store.evaluation import (
    BaselineFigures,
    EvaluationReport,
    PermutationImportance,
    baseline_figures,
    evaluation_report,
    importance_report,
)
from nettrain.store.stored_file import wrong_key
from nettrain.store.summary import best_f1_threshold
from nettrain.store.trained_folds import Predictor
from nettrain.workflow.intervals import refuse_intervals
from nettrain.workflow.run_data import RunSplit, SplitName, read_splits, refuse_validation
from nettrain.workflow.source import RowSource, source_name
from nettrain.workflow.strictness import refuse_lines

if TYPE_CHECKING:
    import polars as pl

OnColumn = Callable[[int, int], None]


def ignore(done: int, columns: int) -> None:
    """The default for `on_column`."""


@dataclass(frozen=True)
class ImportanceOptions:
    """How permutation importance is computed; the metric is accuracy or rmse by default."""

    metric: str | None = None
    shuffles: int = 5  # of each column
    seed: int = 0


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated and reported.

    `split` is a split of the run's own data, by default test, or of a source that brings test rows too.
    `member` predicts alone if given; `worst` is how many rows with the largest loss are listed, with the
    columns of the data that `keep` names. With `strict` rows that differ from the training data are an error.
    `intervals` are the probabilities of the prediction intervals to measure, by default those that the
    trained quantiles hold, or 0.9.
    """

    split: SplitName | None = None
    member: int | None = None
    worst: int = 5
    importance: ImportanceOptions | None = None
    strict: bool = False
    keep: Sequence[str | int] = ()
    intervals: Sequence[float] = ()


@dataclass(frozen=True)
class EvaluationResult:
    """A report, a file name for it that tells what was evaluated, and lines on deviations of the rows."""

    report: EvaluationReport
    file_name: str
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledRows:
    """Labelled rows, with a label and a file name for them, the location of each row, and notes.

    `rows` are as each of the runs that predict reads them or, `apart`, those that each of them held out.
    `comparison` says how they differ from the training data; `kept` are columns of the data to keep.
    """

    rows: tuple[Rows, ...]
    file_name: str
    label: str
    place_of: Callable[[int], str]
    notes: tuple[str, ...] = ()
    comparison: RowComparison = NO_DEVIATIONS
    kept: "tuple[pl.Series, ...]" = ()
    apart: bool = False

    def measured_by(self, trained: Predictor) -> MeasuredNetworks:
        """The networks that predict, on these rows."""
        pairs = list(zip(trained.runs, self.rows, strict=True))
        once = {
            (id(run), id(rows)): NetworksOnRows(run.networks, run.preprocessing, rows) for run, rows in pairs
        }
        each = tuple(once[id(run), id(rows)] for run, rows in pairs)
        return MeasuredNetworks(each, trained.held_out_by if self.apart else ())


@np.errstate(all="ignore")  # what is not finite is reported in words
def evaluate_run(
    trained: Predictor,
    source: RowSource | None,
    options: EvaluationOptions,
    *,
    memory: MemoryTables | None = None,
    on_column: OnColumn = ignore,
) -> EvaluationResult:
    """Evaluate a trained run on the labelled rows of a source, or on a split of its own data.

    `memory` has the data of a run that was trained on data in memory. `on_column` reports the progress of
    permutation importance. Raises SpecError for a split, member or metric that the run does not
    have, DataError when the rows cannot be read.
    """
    trained = trained.select_members(options.member)
    refuse_intervals(trained, options.intervals)
    if options.importance:
        importance_metric(
            trained, options.importance.metric
        )  # an unknown metric is refused before the data is read
    if source is None:
        rows = rows_of_run(trained, options.split, memory, options.keep)
    else:
        rows = rows_of_source(trained, source, options.split, options.keep)
    lines = rows.comparison.lines(rows.label)
    if options.strict:
        refuse_lines(lines)
    importance = None
    if options.importance:
        importance = permutation_importance(trained, rows.measured_by(trained), options.importance, on_column)
    report = _report(trained, rows, options, importance)
    member = "" if options.member is None else f"-member-{options.member}"
    return EvaluationResult(report, f"{rows.file_name}{member}", tuple(lines))


def rows_of_source(
    trained: Predictor,
    source: RowSource,
    split: SplitName | None = None,
    keep: Sequence[str | int] = (),
) -> LabelledRows:
    """The rows of a source; `split` chooses among those of one that brings test rows too, default: train."""
    refuse_validation(split)
    fitted = {id(run.preprocessing): run.preprocessing for run in trained.runs}
    each = read_labelled_by_each(
        source,
        list(fitted.values()),
        dtype=trained.experiment.backend.dtype,
        missing_target=trained.experiment.data.missing_target,
        split=split,
        keep=keep,
    )
    encoded = dict(zip(fitted, (Rows(one.x, one.y, one.weight) for one in each), strict=True))
    one, rows = each[0], tuple(encoded[id(run.preprocessing)] for run in trained.runs)
    name = file_name(source_name(source)) + (f"-{split}" if split else "")
    return LabelledRows(rows, name, one.table.origin, one.table.at, one.notes, one.comparison, one.kept)


def file_name(source: str) -> str:
    """The part of an evaluation's file name that says where rows come from."""
    return Path(source_label(source).replace(" ", "-") if source == DASH else source).name


def rows_of_run(
    trained: Predictor,
    split: SplitName | None = None,
    memory: MemoryTables | None = None,
    keep: Sequence[str | int] = (),
) -> LabelledRows:
    """The rows of one split of the run's own data, by default test. Raises SpecError when there are none.

    The validation rows of folds are those that each of them held out; their training rows are refused.
    """
    several = not trained.shares_rows
    if several and split == "train":
        raise SpecError(f"{trained.name}: its folds have different training rows; take the validation rows")
    each = read_splits(trained, split, memory, "a file with labelled rows")
    rows, first = tuple(one.rows for one in each), each[0]
    if several and split == "validation":
        return _held_out(trained, each, memory, keep)
    kept = first.kept_columns(trained.runs[0], memory, keep)
    return LabelledRows(rows, first.name, first.label, first.place_of, kept=kept)


def _held_out(
    trained: Predictor, each: Sequence[RunSplit], memory: MemoryTables | None, keep: Sequence[str | int]
) -> LabelledRows:
    """The validation rows of all folds, one fold below the other."""
    import polars as pl

    # of networks that held out the same rows, the first
    different = {number: k for k, number in reversed(list(enumerate(trained.held_out_by)))}
    parts = [(trained.runs[k], each[k]) for k in sorted(different.values())]
    places = [one.place_of(row) for _, one in parts for row in range(len(one.rows.x))]
    kept = [pl.DataFrame(one.kept_columns(run, memory, keep)) for run, one in parts]
    return LabelledRows(
        tuple(one.rows for one in each),
        "out-of-fold",
        "its out-of-fold rows",
        places.__getitem__,
        kept=tuple(pl.concat(kept).get_columns()) if keep else (),
        apart=True,
    )


def importance_metric(trained: Predictor, wanted: str | None) -> str:
    """The metric of permutation importance. Raises SpecError when the run's task does not have it."""
    known = metrics_for(trained.task)
    if wanted is None:
        return metrics_for(trained.task, quick=True)[0]
    if wanted not in known:
        raise SpecError(f'--metric: "{wanted}" is not for {trained.task.targets}{nearest(wanted, known)}')
    return wanted


def permutation_importance(
    trained: Predictor,
    measured: MeasuredNetworks,
    options: ImportanceOptions,
    on_column: OnColumn = ignore,
) -> PermutationImportance:
    """How much worse the metric gets when each column is shuffled.

    `on_column` is called with the number of columns done, at first 0, and the number of all columns.
    """
    metric = importance_metric(trained, options.metric)
    columns = len(measured.columns)
    on_column(0, columns)
    found = importances(
        measured,
        metric,
        shuffles=options.shuffles,
        seed=options.seed,
        on_column=lambda done: on_column(done, columns),
    )
    return importance_report(found, metric, shuffles=options.shuffles, seed=options.seed)


def _report(
    trained: Predictor,
    rows: LabelledRows,
    options: EvaluationOptions,
    importance: PermutationImportance | None,
) -> EvaluationReport:
    member = evaluated_member(trained, options.member)
    with np.errstate(over="ignore", invalid="ignore"):
        networks = rows.measured_by(trained)
        predictions = networks.predict()
        measured = networks.metrics(predictions)
        figures = predictions.figures() | measured.scalars
        baseline = baseline_on(trained, rows, figures)
    return evaluation_report(
        trained.name,
        member,
        rows.label,
        trained.task,
        predictions,
        measured,
        rows.place_of,
        worst=options.worst,
        best_f1_threshold=best_f1_threshold(trained.summary, member) if trained.summary else None,
        postprocessing=trained.applied,
        notes=(*trained.warnings, *rows.notes),
        importance=importance,
        baseline=baseline,
        entropy=_entropy(trained, predictions.rows),
        comparison=rows.comparison,
        kept=rows.kept,
        distribution=labelled_figures(predictions, trained.task.names, options.intervals),
    )


def _entropy(trained: Predictor, rows: Rows) -> float:
    return target_entropy(loss_of(trained.experiment), rows, trained.runs[0].architecture.outputs)


def baseline_on(
    trained: Predictor, rows: LabelledRows, figures: Mapping[str, float]
) -> BaselineFigures | None:
    """What constant predictions score on these rows; None for runs whose summary has none.

    Of folds, those of the first, or on the rows that they held out the means of each fold's own.
    """
    summary = trained.summary if rows.apart else trained.runs[0].summary
    if summary is None or "baseline" not in summary:
        return None
    stored = summary["baseline"]
    if rows.apart:
        means = dict(stored["metrics"].get("val", {}))
        worse = worse_than(means, figures, trained.task)
        return BaselineFigures(prediction=stored["prediction"], metrics=means, worse=worse)
    first = trained.runs[0]
    try:
        baseline = Baseline.from_json(stored["constants"], first.task, first.architecture.outputs)
    except StoredContentError as error:
        place = str(first.folder.summary) if first.folder else trained.name
        raise wrong_key(f"{place}: baseline.constants", error) from error
    return baseline_figures(baseline, loss_of(trained.experiment), trained.task, rows.rows[0], figures)


def evaluated_member(trained: Predictor, member: int | None) -> int | None:
    """The member that predicts alone, by default the first of a repeat; None when all predict together."""
    several = trained.summary is not None and "members" in trained.summary
    if member is None and several and not trained.experiment.training.averages_predictions:
        return 0
    return member
