"""The rows that a run was trained and tested on, read again, and the proof that they are still the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nettrain.data.kept import kept_names, read_kept
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared, prepare_with_splits
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.split import Split
from nettrain.errors import DataError, SpecError, nearest
from nettrain.store.checkpoint import fingerprint, read_facts
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
    if trained.folder is not None and trained.folder.checkpoint.is_file():
        recorded = read_facts(trained.folder.checkpoint)["data"]
        refuse_other_data(trained.folder, recorded, prepared, advice)
    return OwnData(prepared, splits)


def read_split(
    trained: TrainedRun, name: SplitName | None, memory: MemoryTables | None, missing: str
) -> RunSplit:
    """One split of the run's own data, by default the test rows.

    `memory` has the data of a run that was trained on data in memory. Raises SpecError, which ends with what
    is `missing`, when there are no such rows, and DataError when the data cannot be read or have changed.
    """
    name = name or "test"
    if name not in ORDER_OF_SPLITS:
        raise SpecError(f'{trained.name}: there is no split "{name}"{nearest(name, ORDER_OF_SPLITS)}')
    rows = read_own_data(trained, memory, f"name {missing}").split(name)
    if rows is None:
        raise SpecError(f"{trained.name}: the run has no {name} rows; name {missing}")
    return rows


def read_splits(
    trained: Predictor, name: SplitName | None, memory: MemoryTables | None, missing: str
) -> tuple[RunSplit, ...]:
    """One split of the own data of each of the runs that predict, as `read_split` has it.

    Test rows are the same for all folds of a cross-validation, as inputs of each.
    """
    if (name or "test") == "test" and len(trained.runs) > 1:
        missing = f"--part validation for the rows that each fold held out, or {missing}"
    return tuple(read_split(run, name, memory, missing) for run in trained.runs)


def refuse_other_data(folder: RunFolder, recorded: object, data: Prepared, advice: str) -> None:
    """Raise DataError, with an advice, when the data are not those of which a fingerprint was recorded."""
    if recorded != fingerprint(data):
        source = data.settings.source
        raise DataError(f"data.source: {source} has changed since {folder.path} was trained on it; {advice}")
