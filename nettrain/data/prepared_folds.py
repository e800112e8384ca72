"""The data of every fold of a cross-validation, from sources that are read once."""

from dataclasses import dataclass, replace

from nettrain.data.fold_errors import naming_fold
from nettrain.data.prepare import Prepared, ReadData, read_data
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.split import Splits
from nettrain.data.tables.arrays import Indices
from nettrain.errors import DataError


@dataclass(frozen=True, eq=False)
class PreparedFold:
    """The data of fold `number`, counted from 1 over all repeats, as is the `repeat` that it is of.

    `rows` (M,) are the numbers of its validation rows in the source, as `predict` numbers rows; `splits`
    locate the rows of each split in their tables.
    """

    number: int
    repeat: int
    data: Prepared
    rows: Indices
    splits: Splits


def prepare_folds(
    settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None
) -> tuple[PreparedFold, ...]:
    """The data of each fold of settings that have `folds`.

    They are what `prepare` returns for settings that take this fold, to the bit; everything fitted is fitted
    on the training rows of the fold. Raises what `prepare` raises, with the number of the fold.
    """
    read, folds = read_data(settings, seed, memory), settings.folds
    assert folds is not None, "settings with folds"
    if read.settings.storage == "disk":
        raise DataError(
            "data.folds: several folds at once need their rows in memory, but data.storage is disk; "
            "data.folds.take trains one"
        )
    last = folds.total
    others = [_prepared(read.kept_whole(), number, dtype) for number in range(1, last)]
    return (*others, _prepared(read, last, dtype))


def _prepared(read: ReadData, number: int, dtype: str) -> PreparedFold:
    folds = read.settings.folds
    assert folds is not None, "settings with folds"
    taken = replace(read, settings=read.settings.model_copy(update={"folds": folds.fold(number)}))
    with naming_fold(number):
        splits = read.splitting.splits(number)
        data = taken.prepare(splits, dtype)
    repeat = (number - 1) // folds.count + 1
    return PreparedFold(number, repeat, data, read.source_rows(splits["validation"]), splits)
