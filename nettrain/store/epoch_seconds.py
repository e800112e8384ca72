"""`timing.csv`: how long the epochs of a run took."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.store.stored_table import read_table

COLUMNS = ("epoch", "step_seconds", "seconds")


@dataclass(frozen=True)
class EpochSeconds:
    """The seconds of an epoch or a part of one: of its steps alone, and with evaluation."""

    epoch: float
    step_seconds: float
    seconds: float


def read_times(path: Path) -> list[EpochSeconds]:
    """The rows of a file, none when there is no file. Raises StoredFileError when it was changed."""
    if not path.is_file():
        return []
    return [_seconds(*(row[name] for name in COLUMNS)) for row in read_table(path, needs=COLUMNS)]


def _seconds(epoch: object, step_seconds: object, seconds: object) -> EpochSeconds:
    assert isinstance(epoch, float)
    assert isinstance(step_seconds, float)
    assert isinstance(seconds, float)
    return EpochSeconds(int(epoch) if epoch == int(epoch) else epoch, step_seconds, seconds)
