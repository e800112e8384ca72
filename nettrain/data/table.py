"""A table as its source gave it: cells by column name, and where each row came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nettrain.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MANY = 12  # names listed in a message before it gets hard to read


@dataclass(frozen=True)
class Table:
    """Rows of one source: text or number cells, null where no value is given.

    `place` is what errors call the source, `header` whether the names are its own (otherwise they are
    positions), `lines` gives the line each row starts on, and is only asked when an error needs one,
    `taken` which of the source's rows these are, all when None.
    """

    frame: "pl.DataFrame"
    place: str
    header: bool = True
    separator: str = "auto"
    lines: Callable[[], Sequence[int]] | None = None
    taken: npt.NDArray[np.int64] | None = None

    @staticmethod
    def of(columns: Mapping[str, Any], place: str = "rows") -> "Table":
        """A table from cells in memory: text, numbers, booleans or None."""
        import polars as pl

        return Table(pl.DataFrame(dict(columns)), place)

    @property
    def columns(self) -> list[str]:
        return self.frame.columns

    @property
    def height(self) -> int:
        return self.frame.height

    def at(self, row: int) -> str:
        """Where row (from 0) stands: `file.csv:17`, or `builtin:iris row 17` counted from 1."""
        row = row if self.taken is None else int(self.taken[row])
        if self.lines is None:
            return f"{self.place} row {row + 1}"
        return f"{self.place}:{self.lines()[row]}"

    def take(self, rows: "npt.NDArray[np.int64]") -> "Table":
        """The rows (M,) of the table, which errors still place in their source."""
        return replace(self, frame=self.frame[rows], taken=rows)

    def column(self, name: str, role: str = "column") -> "pl.Series":
        """The cells of a column, booleans as text. Raises DataError with the nearest name."""
        if name not in self.columns:
            hint = nearest(name, self.columns)
            if len(self.columns) > MANY and "did you mean" not in hint:
                hint = f" (it has {', '.join(self.columns[:MANY])}, ...)"
            raise DataError(f'{self.place}: no {role} "{name}"{hint}')
        series = self.frame[name]
        return series if is_text(series) or series.dtype.is_numeric() else series.cast(_text())


def _text() -> Any:
    import polars as pl

    return pl.String


def counted(count: int, thing: str, things: str = "") -> str:
    """`1 gap`, `2 gaps`; `things` where the plural is more than an s."""
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"


def is_text(series: "pl.Series") -> bool:
    """Whether the cells are held as text."""
    return bool(series.dtype == _text())


def as_numbers(series: "pl.Series") -> tuple[Floats, Mask]:
    """values (N,), NaN where there is none, and wrong (N,): present cells that are no finite number."""
    import polars as pl

    values = series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
    present = series.is_not_null().to_numpy()
    wrong = present & ~np.isfinite(values)
    if not is_text(series):  # NaN in a column of floats is how arrays spell a gap
        wrong &= np.isinf(values)
    values[wrong] = np.nan
    return values, wrong


def is_numeric(table: Table, name: str, advice: str = "") -> bool:
    """Whether a column's present cells are numbers. Raises DataError when most are and some are not."""
    series = table.column(name)
    _, wrong = as_numbers(series)
    errors, present = int(wrong.sum()), series.len() - series.null_count()
    if errors and present > 2 * errors:
        raise not_a_number(table, name, wrong, advice)
    return not errors


def not_a_number(table: Table, name: str, wrong: Mask, advice: str = "") -> DataError:
    """The error of a column in which the cells marked wrong (N,) are no numbers."""
    row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
    cell = str(table.column(name)[row])
    kind = "a finite number" if cell.lower().lstrip("+-").startswith(("inf", "nan")) else "a number"
    others = f" (and {more} more)" if more else ""
    advice = advice or "add it to data.missing or correct it"
    return DataError(f'{table.at(row)}: column "{name}": "{cell}" is not {kind}{others}; {advice}')
