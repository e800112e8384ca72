"""What a report on a run holds: its settings and data, its course, and its evaluation on its own rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import NettrainError, SpecError, StoredFileError
from nettrain.experiment.load import read, to_yaml, validate
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import task_of
from nettrain.model.architecture import Architecture
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import DownsampledHistory, HistoryRow
from nettrain.store.joint_runs import JointRuns
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, Status, read_summary
from nettrain.store.trained_folds import Predictor, open_predictor
from nettrain.store.trained_run import TrainedRun
from nettrain.training.events import AdviceGiven
from nettrain.workflow.advice import advice_on_frames
from nettrain.workflow.diagnostics import read_diagnostics
from nettrain.workflow.evaluation import OnColumn, ignore
from nettrain.workflow.first_weights import FirstWeights, first_weights
from nettrain.workflow.folds.tables import (
    drawn_rows,
    frames_by_fold,
    join_folds,
    read_fold_histories,
    read_network_histories,
)
from nettrain.workflow.history import read_history
from nettrain.workflow.report.columns import ClassShare, ColumnFact, class_shares, column_facts
from nettrain.workflow.report.own_rows import ReportedRows, evaluate_jointly, evaluate_own_rows
from nettrain.workflow.run import Run
from nettrain.workflow.run_data import ORDER_OF_SPLITS, OwnData, read_own_data
from nettrain.workflow.small_world import WorldMap, look, look_at_folds, predicting, small_world

if TYPE_CHECKING:
    import polars as pl

MOST_HISTORY = 2000  # rows that are drawn
MOST_DIAGNOSTICS = 4000


@dataclass(frozen=True)
class ReportedData:
    """The data of a run: rows by split, classes of the training rows, and notes on columns and splits."""

    rows: Mapping[str, int]
    classes: Sequence[ClassShare]
    notes: Sequence[str]


@dataclass(frozen=True, eq=False)
class RunReport:
    """All that a report on a run shows.

    What is None could not be had; `absent` says why, in a line each. `history` is a sample of a long one.
    There is a `world` where inputs are one or two columns of numbers, and there are `weights` where they are
    an image; `diagnostics` are empty unless they were measured. `advice` was due while the run trained.
    """

    experiment: Experiment
    folder: RunFolder | None
    summary: RunSummary | None
    history: Sequence[HistoryRow]
    architecture: Architecture | None
    preprocessing: Preprocessing | None
    columns: Sequence[ColumnFact]
    data: ReportedData | None
    rows: ReportedRows | None
    world: WorldMap | None
    weights: FirstWeights | None
    diagnostics: Sequence[DiagnosticsRow]
    advice: Sequence[AdviceGiven]
    absent: tuple[str, ...]
    of_all_folds: str = ""  # the experiment file of a cross-validation

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.experiment.experiment

    @property
    def task(self) -> Task | None:
        """What is predicted, None where that is not known."""
        return None if self.preprocessing is None else task_of(self.preprocessing, self.experiment)

    @property
    def config(self) -> str:
        """The experiment file that repeats the run."""
        return self.of_all_folds or to_yaml(self.experiment)

    @property
    def place(self) -> str:
        """The run folder and the one it is in, "" in memory: the same wherever a command is typed."""
        return "" if self.folder is None else "/".join(self.folder.path.absolute().parts[-2:])

    @property
    def status(self) -> Status | Literal["unfinished"]:
        """`finished`, `diverged`, `interrupted` or `unfinished`."""
        return self.summary["status"] if self.summary else "unfinished"


def report_on_folder(
    path: Path, on_column: OnColumn = ignore, memory: MemoryTables | None = None
) -> RunReport:
    """The report on the run in a folder, which need not have ended.

    `on_column` reports the progress of permutation importance, `memory` has the data of a run that was
    trained on data in memory. Raises SpecError when there is no run.
    """
    folder = RunFolder.open_started(path)
    predictor, absent = None, []
    try:
        predictor = open_predictor(path)
    except (SpecError, StoredFileError) as error:
        absent.append(str(error))
    contents = _Contents(
        validate(read(folder.config)),
        folder,
        read_summary(folder.summary),
        _stored_history(folder),
        read_diagnostics(folder.diagnostics),
        predictor,
    )
    return _collected(contents, memory, absent, on_column)


def _stored_history(folder: RunFolder) -> "pl.DataFrame":
    if folder.is_ensemble:
        return read_network_histories(folder)
    if folder.is_cross_validated:
        return join_folds(read_fold_histories(folder))
    return read_history(folder.history)


def report_on_run(run: Run, on_column: OnColumn = ignore) -> RunReport:
    """The report on an opened run, or one in memory."""
    if run.folder is not None:
        return report_on_folder(run.folder, on_column, run.memory)
    predictor, absent = None, []
    try:
        predictor = run.predictor
    except (SpecError, StoredFileError) as error:
        absent.append(str(error))
    experiment = Experiment.model_validate(run.experiment)
    diagnostics = None if run.folds is not None else run.diagnostics
    contents = _Contents(experiment, None, run.summary, run.history, diagnostics, predictor)
    return _collected(contents, run.memory, absent, on_column)


@dataclass(frozen=True, eq=False)
class _Contents:
    """What a folder or a run in memory holds."""

    experiment: Experiment
    folder: RunFolder | None
    summary: RunSummary | None
    history: "pl.DataFrame"
    diagnostics: "pl.DataFrame | None"
    predictor: Predictor | None


def _collected(
    contents: _Contents, memory: MemoryTables | None, absent: Sequence[str], on_column: OnColumn
) -> RunReport:
    if {"fold", "network"} & {*contents.history.columns}:
        return _collected_jointly(contents, memory, absent, on_column)
    trained, missing = contents.predictor.alone() if contents.predictor else None, list(absent)
    data, rows, world = None, None, None
    if trained is not None:
        missing += [trained.fallback_note] if trained.fallback_note else []
        try:
            own = read_own_data(trained, memory, "its rows are left out")
            data = _data(own)
            rows = evaluate_own_rows(trained, own, memory, on_column)
            world = _world(trained, own)
        except NettrainError as error:
            missing.append(str(error))
    return RunReport(
        experiment=contents.experiment,
        folder=contents.folder,
        summary=contents.summary,
        history=sampled_history(contents.history),
        architecture=trained.architecture if trained else None,
        preprocessing=trained.preprocessing if trained else None,
        columns=column_facts(trained.preprocessing) if trained else (),
        data=data,
        rows=rows,
        world=world,
        weights=_weights(trained) if trained else None,
        diagnostics=sampled_diagnostics(contents.diagnostics),
        advice=advice_on_frames(
            contents.experiment, contents.summary, contents.history, contents.diagnostics
        ),
        absent=tuple(missing),
    )


def _collected_jointly(
    contents: _Contents, memory: MemoryTables | None, absent: Sequence[str], on_column: OnColumn
) -> RunReport:
    """The report on a cross-validation or an ensemble: data, columns, network are those of its first run."""
    whole, missing = contents.predictor, list(absent)
    first = whole.runs[0] if whole else None
    data, rows, world = None, None, None
    if isinstance(whole, JointRuns):
        missing += whole.warnings
        try:
            own = read_own_data(whole.runs[0], memory, "its rows are left out")
            data, predicting_runs = _data(own), whole.select_members()
            with np.errstate(all="ignore"):
                world = look_at_folds(predicting_runs.runs, own.prepared, whole.task)
            rows = evaluate_jointly(whole, own, memory, on_column)
        except NettrainError as error:
            missing.append(str(error))
    return RunReport(
        experiment=contents.experiment if first is None else _named(first.experiment, contents),
        folder=contents.folder,
        summary=contents.summary,
        history=drawn_rows(_frames_by_run(contents.history)),
        architecture=first.architecture if first else None,
        preprocessing=first.preprocessing if first else None,
        columns=column_facts(first.preprocessing) if first else (),
        data=data,
        rows=rows,
        world=world,
        weights=None,
        diagnostics=(),
        advice=(),
        absent=tuple(missing),
        of_all_folds=to_yaml(contents.experiment),
    )


def _named(experiment: Experiment, contents: _Contents) -> Experiment:
    """The experiment of one run by the name of the whole, with what is blended."""
    whole = contents.experiment
    return experiment.model_copy(update={"experiment": whole.experiment, "blend": whole.blend})


def _frames_by_run(history: "pl.DataFrame") -> "Mapping[int, pl.DataFrame]":
    """The histories of folds or, of an ensemble, of its networks."""
    return frames_by_fold(history, "network" if "network" in history.columns else "fold")


@np.errstate(all="ignore")
def _world(trained: TrainedRun, own: OwnData) -> WorldMap | None:
    """What the networks predict all over one or two columns."""
    world, networks = small_world(own.prepared, trained.task), predicting(trained.networks)
    return None if world is None or networks is None else look(world, [("", networks)])


def _weights(trained: TrainedRun) -> FirstWeights | None:
    networks = predicting(trained.networks)
    return None if networks is None else first_weights(networks, trained.preprocessing)


def _data(own: OwnData) -> ReportedData:
    prepared = own.prepared
    splits = {name: split for name in ORDER_OF_SPLITS if (split := own.split(name)) is not None}
    classes = prepared.preprocessing.classes
    shares = class_shares(prepared.preprocessing, prepared.train.y) if classes else []
    return ReportedData({name: len(one.rows.x) for name, one in splits.items()}, shares, prepared.notes)


def sampled_history(history: "pl.DataFrame") -> list[HistoryRow]:
    """The rows of a history as they are drawn: all of a short one, a sample of a long one."""
    sample = DownsampledHistory(MOST_HISTORY)
    rows = ({"member": 0, **_known(row)} for row in history.iter_rows(named=True))
    for _, same_epoch in groupby(rows, lambda row: row["step"]):
        sample.add(list(same_epoch))
    return sample.rows()


def _known(row: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in row.items() if value is not None}


def sampled_diagnostics(diagnostics: "pl.DataFrame | None") -> list[DiagnosticsRow]:
    """The rows of the diagnostics as they are drawn: of a long run every k-th epoch, and the last."""
    if diagnostics is None or not diagnostics.height:
        return []
    rows = [{"member": 0, **row} for row in diagnostics.iter_rows(named=True)]
    epochs = [list(same) for _, same in groupby(rows, lambda row: row["step"])]
    every = max(1, len(rows) // MOST_DIAGNOSTICS)
    chosen = epochs[::every] if (len(epochs) - 1) % every == 0 else [*epochs[::every], epochs[-1]]
    return [row for same_epoch in chosen for row in same_epoch]
