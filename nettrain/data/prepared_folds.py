"""The data of every fold of a cross-validation, from sources that are read once."""

from dataclasses import dataclass, replace

from nettrain.data.prepare import Prepared, ReadData, read_data
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.folds import KEY
from nettrain.data.tables.arrays import Indices
from nettrain.errors import DataError


@dataclass(frozen=True, eq=False)
class PreparedFold:
    """The data of fold `number`, counted from 1 over all repeats, as is the `repeat` that it is of.

    `rows` (M,) are the numbers of its validation rows in the source, as `predict` numbers rows.
    """

    number: int
    repeat: int
    data: Prepared
    rows: Indices


def prepare_folds(
    settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None
) -> tuple[PreparedFold, ...]:
    """The data of each fold of settings that have `folds`.

    They are what `prepare` returns for settings that take this fold, to the bit; everything fitted is fitted
    on the training rows of the fold. Raises what `prepare` raises, with the number of the fold.
    """
    read, folds = read_data(settings, seed, memory), settings.folds
    assert folds is not None, "settings with folds"
    last = folds.total
    others = [_prepared(read.kept_whole(), number, dtype) for number in range(1, last)]
    return (*others, _prepared(read, last, dtype))


def _prepared(read: ReadData, number: int, dtype: str) -> PreparedFold:
    folds = read.settings.folds
    assert folds is not None, "settings with folds"
    taken = replace(read, settings=read.settings.model_copy(update={"folds": folds.fold(number)}))
    try:
        splits = read.splitting.splits(number)
        data = taken.prepare(splits, dtype)
    except DataError as error:
        raise _of_fold(error, number) from error
    repeat = (number - 1) // folds.count + 1
    return PreparedFold(number, repeat, data, read.source_rows(splits["validation"]))


def _of_fold(error: DataError, number: int) -> DataError:
    """The error with the number of the fold, behind the key with which it may begin; not if it is of all."""
    text = str(error)
    key, _, rest = text.partition(": ")
    if key == KEY:
        return error
    return DataError(f"{key}: fold {number}: {rest}" if key.startswith("data.") else f"fold {number}: {text}")
