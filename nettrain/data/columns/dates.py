"""Columns of dates: year, month, day of week, hour and days since the first, as far as they differ.

Dates are ISO 8601: `2024-02-29`, with a time `2024-02-29 13:45:10.5` (or a T between), with an offset
`+02:00` or Z, which is turned into UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.numbers import EMPTY, constant
from nettrain.data.tables.table import Floats, Mask, Table, counted, is_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
DAY = r"^\d{4}-\d{2}-\d{2}"
LOCAL = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f")
OFFSET = ("%Y-%m-%d %H:%M%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
DAYS = "days"
MICROSECONDS = 86_400_000_000  # of a day

PARTS: dict[str, Callable[["pl.Series"], "pl.Series"]] = {
    "year": lambda moments: moments.dt.year(),
    "month": lambda moments: moments.dt.month(),
    "day of week": lambda moments: moments.dt.weekday(),  # 1 is Monday
    "hour": lambda moments: moments.dt.hour(),
}


@dataclass(frozen=True)
class DateColumn:
    """Numbers that are read off a date; a gap becomes `fill` (one for each of `parts`).

    `first` is the earliest date of the training rows; `gaps` adds a 0/1 place that marks missing ones.
    """

    name: str
    first: datetime
    parts: tuple[str, ...]
    fill: tuple[float, ...]
    gaps: bool

    @property
    def features(self) -> tuple[str, ...]:
        named = (f"{self.name} {since(self.first) if part == DAYS else part}" for part in self.parts)
        return (*named, f"{self.name} is missing") if self.gaps else tuple(named)

    @property
    def places(self) -> tuple[bool, ...]:
        return (True,) * len(self.parts) + (False,) * self.gaps

    def encode(self, table: Table) -> Matrix:
        """(N, parts, and 1 for a mark of gaps). Raises DataError at a cell that is no date."""
        moments = read_dates(table, self.name)
        numbers = np.column_stack([part_of(moments, part, self.first) for part in self.parts])
        gaps = moments.is_null().to_numpy()
        numbers = np.where(gaps[:, None], np.array(self.fill), numbers)
        return np.column_stack([numbers, gaps]).astype(np.float64) if self.gaps else numbers

    def unfit(self, table: Table) -> tuple[Mask, str]:
        """Which rows (N,) have a cell that is no date."""
        series = table.column(self.name)
        if not is_text(series):
            return series.is_not_null().to_numpy(), "a date"
        return (as_dates(series).is_null() & series.is_not_null()).to_numpy(), "a date"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "dates",
            "first": self.first.isoformat(),
            "parts": list(self.parts),
            "fill": list(self.fill),
            "gaps": self.gaps,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "DateColumn":
        """The column that `to_json` described."""
        first = datetime.fromisoformat(data["first"])
        fill = tuple(map(float, data["fill"]))
        return DateColumn(data["name"], first, tuple(data["parts"]), fill, data["gaps"])


def since(first: datetime) -> str:
    """`days since 2024-02-29`."""
    return f"days since {first:%Y-%m-%d}"


def part_of(moments: "pl.Series", part: str, first: datetime) -> Floats:
    """One number of each date (N,), NaN where there is none."""
    import polars as pl

    if part == DAYS:
        numbers = (moments - first).dt.total_microseconds() / MICROSECONDS
    else:
        numbers = PARTS[part](moments)
    return numbers.cast(pl.Float64).fill_null(np.nan).to_numpy()


def is_dates(table: Table, name: str) -> bool:
    """Whether a column's present cells are all dates."""
    series = table.column(name)
    if not is_text(series) or not series.drop_nulls().head(1).str.contains(DAY).any():
        return False
    return bool((as_dates(series).is_null() == series.is_null()).all())


def as_dates(series: "pl.Series") -> "pl.Series":
    """The moment of each cell of text, null where it is none."""
    import polars as pl

    text = pl.col("text").str.replace("T", " ", literal=True).str.replace("Z$", "+00:00")
    local = [text.str.to_datetime(form, strict=False, time_unit="us") for form in LOCAL]
    zoned = [
        text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
        for form in OFFSET
    ]
    dated = pl.when(pl.col("text").str.contains(DAY)).then(pl.coalesce([*local, *zoned]))
    return pl.DataFrame({"text": series}).select(dated).to_series()


def read_dates(table: Table, name: str) -> "pl.Series":
    """The column's moments, null in gaps. Raises DataError at a present cell that is no date."""
    import polars as pl

    series = table.column(name).cast(pl.String)
    moments = as_dates(series)
    wrong = np.flatnonzero((moments.is_null() & series.is_not_null()).to_numpy())
    if len(wrong):
        row = int(wrong[0])
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(
            f'{table.at(row)}: column "{name}": "{series[row]}" is not a date{more}; '
            "write it like 2024-02-29 or leave it empty"
        )
    return moments


def fit_dates(table: Table, name: str, train: Rows) -> tuple[DateColumn | None, list[str]]:
    """The encoder of a column of dates with the parts that differ, and what to say about it."""
    moments = read_dates(table, name)[train.astype(np.uint32)]
    present = moments.drop_nulls()
    gaps = len(moments) - len(present)
    if present.is_empty():
        return None, [EMPTY]
    first = present.min()
    assert isinstance(first, datetime)
    medians = {}
    for part in (*PARTS, DAYS):
        numbers = part_of(present, part, first)
        if numbers.min() < numbers.max():
            medians[part] = float(np.median(numbers))
    if not medians:
        return None, [
            f"{constant(f'{first:%Y-%m-%d}', gaps).removesuffix(', so it teaches nothing')}, left out"
        ]
    named = ", ".join(since(first) if part == DAYS else part for part in medians)
    notes = [f"dates, taken as {named}"]
    if gaps:
        notes.append(
            f"{counted(gaps, 'gap')} in the training rows filled with medians; a 0/1 input marks gaps"
        )
    return DateColumn(name, first, tuple(medians), tuple(medians.values()), bool(gaps)), notes
