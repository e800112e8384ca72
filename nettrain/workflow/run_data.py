"""The rows that a run was trained and tested on, read again, and the proof that they are still the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nettrain.data.kept import kept_names, read_kept
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared, prepare_with_splits
from nettrain.data.prepared_folds import prepare_folds
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.split import Split
from nettrain.errors import DataError, SpecError, nearest
from nettrain.store.checkpoint import read_facts
from nettrain.store.data_fingerprint import DataFingerprint, data_difference, fingerprint, rows_difference
from nettrain.store.run_folder import RunFolder
from nettrain.store.trained_folds import Predictor
from nettrain.store.trained_run import TrainedRun

if TYPE_CHECKING:
    import polars as pl

SplitName = Literal["train", "validation", "test"]
ORDER_OF_SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
_PLACES = {"train": "training"}  # splits that tables call by another name


@dataclass(frozen=True)
class RunSplit:
    """One split of a run's own data: its rows as arrays, and their places in a table."""

    rows: Rows
    places: Split
    name: SplitName

    @property
    def label(self) -> str:
        """What reports call the rows."""
        return f"its {self.name} rows"

    def place_of(self, row: int) -> str:
        """The file and line of a row."""
        return self.places.table.at(int(self.places.rows[row]))

    def kept_columns(
        self, trained: TrainedRun, memory: MemoryTables | None, keep: Sequence[str | int]
    ) -> "tuple[pl.Series, ...]":
        """The columns that `keep` names, of these rows. Raises DataError for others."""
        table, rows = self.places.table, self.places.rows
        names = kept_names(table, keep)
        source, part = self._source(trained.experiment.data)
        seed = trained.experiment.data.seed or 0
        frame = read_kept(source, table, names, trained.preprocessing, seed=seed, split=part, memory=memory)
        return tuple(frame[rows].get_columns() if names else ())

    def _source(self, settings: DataSettings) -> tuple[str, Literal["train", "test"]]:
        """The source of these rows, and whether they are the test rows that it brings."""
        other = settings.test if self.name == "test" else settings.validation
        if self.name != "train" and isinstance(other, str):
            return other, "train"
        return settings.source, "test" if self.name == "test" and settings.test is None else "train"


def refuse_validation(name: SplitName | None) -> None:
    """Raise SpecError when validation rows of a source are asked for, which has none."""
    if name == "validation":
        raise SpecError("--part validation: only the run's own rows have these; leave out DATA")


@dataclass(frozen=True)
class OwnData:
    """A run's own data, prepared as for its training, and the tables that locate the rows of each split."""

    prepared: Prepared
    places: Mapping[str, Split]

    def split(self, name: SplitName) -> RunSplit | None:
        """One split, None where the run has no such rows."""
        prepared = self.prepared
        splits = {
            "train": prepared.train_by_column,
            "validation": prepared.validation,
            "test": prepared.test,
        }
        rows = splits[name]
        return None if rows is None else RunSplit(rows, self.places[_PLACES.get(name, name)], name)


def read_own_data(trained: TrainedRun, memory: MemoryTables | None, advice: str) -> OwnData:
    """All rows of a run.

    `memory` has the data of a run that was trained on data in memory. Raises DataError, with an advice, when
    the data cannot be read or have changed.
    """
    settings, dtype = trained.experiment.data, trained.experiment.backend.dtype
    prepared, splits = prepare_with_splits(settings, seed=settings.seed or 0, dtype=dtype, memory=memory)
    _refuse_changed(trained, prepared, advice)
    return OwnData(prepared, splits)


def read_data_of_each(
    runs: Sequence[TrainedRun], memory: MemoryTables | None, advice: str
) -> tuple[OwnData, ...]:
    """All rows of each of several runs, as `read_own_data` has them.

    Sources are read once for all runs that take their rows from them in one way, such as those of folds.
    """
    read: dict[str, Mapping[int | None, OwnData]] = {}
    for run in {id(run): run for run in runs}.values():
        key = _source_key(run)
        if key not in read:
            read[key] = _read_every_fold(run, memory)
        _refuse_changed(run, read[key][_fold_of(run)].prepared, advice)
    return tuple(read[_source_key(run)][_fold_of(run)] for run in runs)


def _fold_of(run: TrainedRun) -> int | None:
    """The fold that a run takes, None where it has none."""
    folds = run.experiment.data.folds
    return None if folds is None else folds.take


def _source_key(run: TrainedRun) -> str:
    """The text that is equal for runs whose rows are made in one way, but for the fold."""
    return f"{_whole(run.experiment.data).model_dump_json()} {run.experiment.backend.dtype}"


def _whole(settings: DataSettings) -> DataSettings:
    """The settings of all folds."""
    folds = settings.folds
    return settings.model_copy(update={"folds": folds and folds.model_copy(update={"take": None})})


def _read_every_fold(run: TrainedRun, memory: MemoryTables | None) -> Mapping[int | None, OwnData]:
    """The rows of a run, or those of every fold by its number."""
    settings, dtype = run.experiment.data, run.experiment.backend.dtype
    seed, fold = settings.seed or 0, _fold_of(run)
    if fold is None:
        return {None: OwnData(*prepare_with_splits(settings, seed=seed, dtype=dtype, memory=memory))}
    folds = prepare_folds(_whole(settings), seed=seed, dtype=dtype, memory=memory)
    return {one.number: OwnData(one.data, one.splits) for one in folds}


def _refuse_changed(trained: TrainedRun, data: Prepared, advice: str) -> None:
    """Raise DataError when the data are not those of the run in a folder.

    Folds that train together leave no fingerprint of theirs, but what was fitted on their rows.
    """
    if trained.folder is None:
        return
    if trained.folder.checkpoint.is_file():
        different = rows_difference(read_facts(trained.folder.checkpoint)["data"], fingerprint(data))
    else:
        same = _plain(trained.preprocessing) == _plain(data.preprocessing)
        different = None if same else "what was fitted to its rows is different"
    if different:
        raise _changed(trained.folder, data, different, advice)


def _plain(preprocessing: Preprocessing) -> str:
    return json.dumps(preprocessing.to_json())


def read_split(
    trained: TrainedRun, name: SplitName | None, memory: MemoryTables | None, missing: str
) -> RunSplit:
    """One split of the run's own data, by default the test rows.

    `memory` has the data of a run that was trained on data in memory. Raises SpecError, which ends with what
    is `missing`, when there are no such rows, and DataError when the data cannot be read or have changed.
    """
    (rows,) = read_splits(trained, name, memory, missing)
    return rows


def read_splits(
    trained: Predictor, name: SplitName | None, memory: MemoryTables | None, missing: str
) -> tuple[RunSplit, ...]:
    """One split of the own data of each of the runs that predict, as `read_split` has it.

    Test rows are the same for all folds of a cross-validation, as inputs of each. Raises SpecError when one
    of the runs has no such rows.
    """
    name = name or "test"
    if name not in ORDER_OF_SPLITS:
        raise SpecError(f'{trained.name}: there is no split "{name}"{nearest(name, ORDER_OF_SPLITS)}')
    if len(trained.runs) == 1:
        own: tuple[OwnData, ...] = (read_own_data(trained.runs[0], memory, f"name {missing}"),)
    else:
        own = read_data_of_each(trained.runs, memory, f"name {missing}")
    splits = [split for one in own if (split := one.split(name)) is not None]
    if len(splits) < len(own):
        folds = "" if trained.shares_rows else "--part validation takes those that folds held out, or "
        raise SpecError(f"{trained.name}: the run has no {name} rows; {folds}name {missing}")
    return tuple(splits)


def refuse_other_data(
    folder: RunFolder, recorded: DataFingerprint, data: Prepared, advice: str, *, moved: bool = False
) -> None:
    """Raise DataError, with an advice, when the data are not those of which a fingerprint was recorded."""
    different = data_difference(recorded, fingerprint(data), moved=moved)
    if different:
        raise _changed(folder, data, different, advice)


def _changed(folder: RunFolder, data: Prepared, different: str, advice: str) -> DataError:
    source = data.settings.source
    return DataError(
        f"data.source: {source} has changed since {folder.path} was trained on it: {different}; {advice}"
    )
