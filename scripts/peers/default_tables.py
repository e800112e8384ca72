"""The tables on which defaults are compared, and their splits: 20 % of the rows are test rows."""

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from papers.splits import cut, stratified_cut
from papers.tables import ADULT_COLUMNS

SHARE = 0.2  # of the rows, which are test rows
GAPS = ("", "?", "NA", "NaN")
PIXELS = 64


@dataclass(frozen=True)
class Cells:
    """A table as text: the names of its columns, and its rows."""

    names: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class ComparedTable:
    """A table: files to join, its target, and columns that scikit-learn does not get.

    Those are identifiers and free text, which nobody would give it; nettrain gets all columns. `names` are
    those of files without a header. Without files a table is what `loader` of sklearn.datasets returns.
    """

    files: tuple[str, ...]
    target: str
    classes: bool
    left_out: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    mended: Callable[[str], str] = str  # a cell of the target
    loader: str = ""

    def cells(self, folder: Path) -> Cells:
        """All rows that have a target. Raises FileNotFoundError when a file is not below the folder."""
        if self.loader:
            from sklearn import datasets

            frame = getattr(datasets, self.loader)(as_frame=True).frame
            return Cells([*frame.columns], frame.astype(str).to_numpy().tolist())
        names, rows = list(self.names), []
        for file in self.files:
            found = [path for end in ("", ".gz") for path in sorted(folder.rglob(f"{file}{end}"))]
            if not found:
                raise FileNotFoundError(f"no {file} below {folder}")
            text = found[0].read_bytes()
            text = gzip.decompress(text) if found[0].suffix == ".gz" else text
            lines = list(csv.reader(io.StringIO(text.decode()), skipinitialspace=True))
            names = names or lines[0]
            rows += [line for line in (lines if self.names else lines[1:]) if line]
        k = names.index(self.target)
        labelled = [row for row in rows if row[k] not in GAPS]
        return Cells(names, [[*row[:k], self.mended(row[k]), *row[k + 1 :]] for row in labelled])


TABLES = {
    "adult": ComparedTable(
        ("adult-train.csv", "adult-test.csv"),
        "income",
        classes=True,
        names=ADULT_COLUMNS,
        mended=lambda cell: cell.rstrip("."),
    ),
    "california": ComparedTable(("housing.csv",), "median_house_value", classes=False),
    "titanic": ComparedTable(
        ("titanic/train.csv",), "Survived", classes=True, left_out=("PassengerId", "Name", "Ticket", "Cabin")
    ),
    "auto-mpg": ComparedTable(("mpg.csv",), "mpg", classes=False, left_out=("name",)),
    "penguins": ComparedTable(("penguins.csv",), "species", classes=True),
    "optdigits": ComparedTable(
        ("optdigits.tra", "optdigits.tes"),
        "digit",
        classes=True,
        names=(*(f"pixel_{k}" for k in range(PIXELS)), "digit"),
    ),
    "wine": ComparedTable((), "target", classes=True, loader="load_wine"),
    "breast-cancer": ComparedTable((), "target", classes=True, loader="load_breast_cancer"),
    "diabetes": ComparedTable((), "target", classes=False, loader="load_diabetes"),
}
WITH_FILES = [name for name, table in TABLES.items() if table.files]


def write_split(name: str, data: Path, seed: int, folder: Path, rows: int | None = None) -> None:
    """Write train.csv and test.csv of a split; classes have equal shares in both.

    With `rows` so many of the training rows, drawn without regard to their classes.
    """
    table = TABLES[name]
    cells = table.cells(data)
    targets = np.array([row[cells.names.index(table.target)] for row in cells.rows])
    parts = stratified_cut(targets, SHARE, seed) if table.classes else cut(len(targets), SHARE, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for part, chosen in (("train", parts.kept[:rows]), ("test", parts.held_out)):
        with (folder / f"{part}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([cells.names, *(cells.rows[row] for row in sorted(chosen))])
