"""Columns of dates: year, month, day of week, hour and days since the first, those of them that vary."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NotRequired, cast

import numpy as np
from pydantic import AfterValidator
from typing_extensions import TypedDict

from nettrain.data.cell_formats.date_format import DateFormat
from nettrain.data.columns.cell_inputs import DEFAULT_INPUTS, MARKED, CellInputs
from nettrain.data.columns.deviation import Deviation
from nettrain.data.columns.input_kind import INDICATOR, NUMBER, InputKind
from nettrain.data.columns.numbers import EMPTY, constant_note
from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import as_text
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError, StoredContentError

if TYPE_CHECKING:
    import polars as pl

DAYS = "days"
STRAYS = "leave it empty, or name the column in data.columns.categorical"  # what may be done about them
MICROSECONDS = 86_400_000_000  # of a day

COMPONENTS: dict[str, Callable[["pl.Series"], "pl.Series"]] = {
    "year": lambda dates: dates.dt.year(),
    "month": lambda dates: dates.dt.month(),
    "day of week": lambda dates: dates.dt.weekday(),  # 1 is Monday
    "hour": lambda dates: dates.dt.hour(),
}


def _date(text: str) -> str:
    """Raise ValueError, which says what is wrong, for text that is no date and time without an offset."""
    try:
        if datetime.fromisoformat(text).tzinfo is None:
            return text
    except ValueError:
        pass
    raise ValueError("is not a date such as 2024-02-29T00:00:00")


def _component(name: str) -> str:
    """Raise ValueError for what is no component of a date."""
    if name in COMPONENTS or name == DAYS:
        return name
    raise ValueError(f"is not a component of dates ({', '.join((*COMPONENTS, DAYS))})")


DateText = Annotated[str, AfterValidator(_date)]


class DateColumnJson(TypedDict):
    """A column of dates in `preprocessing.json`."""

    name: str
    kind: Literal["dates"]
    first: DateText
    parts: list[Annotated[str, AfterValidator(_component)]]
    fill: list[float]
    gaps: bool
    last: DateText
    marked: NotRequired[bool]


@dataclass(frozen=True)
class DateColumn:
    """Numbers that are derived from a date; a gap becomes `fill`, one for each of the `components`.

    `first` and `last` are the earliest and latest date of the training rows, and `gaps` says whether some
    were missing; where they are `marked` a 0/1 feature says so.
    """

    name: str
    first: datetime
    components: tuple[str, ...]
    fill: tuple[float, ...]
    gaps: bool
    last: datetime
    marked: bool = False
    categories: ClassVar[int] = 0  # of a code

    @property
    def features(self) -> tuple[str, ...]:
        named = tuple(f"{self.name} {one}" for one in component_names(self.components, self.first))
        return (*named, f"{self.name} is missing") if self.marked else named

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return (NUMBER,) * len(self.components) + (INDICATOR,) * self.marked

    def encode(self, table: Table) -> Floats:
        """(N, components, and 1 for the mark of gaps). Raises DataError at a cell that is no date."""
        dates = read_dates(table, self.name)
        numbers = np.column_stack([component_of(dates, one, self.first) for one in self.components])
        gaps = dates.is_null().to_numpy()
        numbers = np.where(gaps[:, None], np.array(self.fill), numbers)
        return np.column_stack([numbers, gaps]).astype(np.float64) if self.marked else numbers

    def invalid_cells(self, table: Table) -> tuple[Mask, str]:
        """Which rows (N,) have a cell that is no date, and what was expected of it."""
        written = date_format(table, self.name)
        phrase = "a date" if written == DateFormat() else f"a date such as {written.example}"
        series = as_text(table, self.name)
        dates = parsed_dates(table, self.name, series)
        return (dates.is_null() & series.is_not_null()).to_numpy(), phrase

    def deviations(self, table: Table) -> list[Deviation]:
        """Gaps, where training rows had none, and dates far outside their range."""
        series = as_text(table, self.name).rename("date")
        gaps = 0 if self.gaps else series.null_count()
        deviations = [Deviation(self.name, "gaps", gaps)] if gaps else []
        counts = series.drop_nulls().value_counts(name="rows")  # dates recur, and reading them takes time
        dates, span = parsed_dates(table, self.name, counts["date"]), self.last - self.first
        is_far = (dates < self.first - span) | (dates > self.last + span)
        if is_far.any():
            far, rows = dates.filter(is_far), int(counts["rows"].filter(is_far).sum())
            ends = tuple(date_text(cast(datetime, end)) for end in (far.min(), far.max()))
            trained = (date_text(self.first), date_text(self.last))
            deviations.append(Deviation(self.name, "range", rows, ends, trained=trained))
        return deviations

    def to_json(self) -> DateColumnJson:
        return {
            "name": self.name,
            "kind": "dates",
            "first": self.first.isoformat(),
            "parts": list(self.components),
            "fill": list(self.fill),
            "gaps": self.gaps,
            "last": self.last.isoformat(),
            "marked": self.marked,
        }

    @staticmethod
    def from_json(column: DateColumnJson) -> "DateColumn":
        """The column that `to_json` described. Raises StoredContentError for one that cannot be."""
        if len(column["fill"]) != len(column["parts"]):
            raise StoredContentError(
                "fill", f"{len(column['fill'])} numbers for {len(column['parts'])} parts"
            )
        first = datetime.fromisoformat(column["first"])
        fill = tuple(map(float, column["fill"]))
        last, gaps = datetime.fromisoformat(column["last"]), column["gaps"]
        marked = column.get("marked", gaps)
        return DateColumn(column["name"], first, tuple(column["parts"]), fill, gaps, last, marked)


def date_text(date: datetime) -> str:
    """A date as in a table: `2024-02-29`, with its time unless that is midnight."""
    return date.isoformat(sep=" ").removesuffix(" 00:00:00")


def component_names(components: tuple[str, ...], first: datetime) -> list[str]:
    """The names of components, such as `year` and `days since 2024-02-29`."""
    return [f"days since {first:%Y-%m-%d}" if one == DAYS else one for one in components]


def component_of(dates: "pl.Series", component: str, first: datetime) -> Floats:
    """One number of each date (N,), NaN in gaps."""
    import polars as pl

    if component == DAYS:
        numbers = (dates - first).dt.total_microseconds() / MICROSECONDS
    else:
        numbers = COMPONENTS[component](dates)
    return numbers.cast(pl.Float64).fill_null(np.nan).to_numpy()


def is_dates(table: Table, name: str) -> bool:
    """Whether a column's format is that of dates."""
    return isinstance(table.formats.get(name), DateFormat)


def date_format(table: Table, name: str) -> DateFormat:
    """The format of a column's dates, ISO 8601 where it has none of its own."""
    written = table.formats.get(name)
    return written if isinstance(written, DateFormat) else DateFormat()


def parsed_dates(table: Table, name: str, cells: "pl.Series") -> "pl.Series":
    """The dates of cells of text (N,) of a column, null where they are none.

    In typed sources, whose dates become text of ISO 8601, that is read whatever the column's format is.
    """
    written = date_format(table, name)
    dates = written.read(cells)
    rest = (dates.is_null() & cells.is_not_null()).arg_true()
    if not table.typed or written == DateFormat() or not len(rest):
        return dates
    return dates.scatter(rest, DateFormat().read(cells.gather(rest)))


def read_dates(table: Table, name: str, advice: str = "leave it empty") -> "pl.Series":
    """The column's dates, null in gaps. Raises DataError at a present cell that is no date."""
    written = date_format(table, name)
    series = as_text(table, name)
    dates = parsed_dates(table, name, series)
    wrong = np.flatnonzero((dates.is_null() & series.is_not_null()).to_numpy())
    if len(wrong):
        row = int(wrong[0])
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(
            f'{table.at(row)}: column "{name}": "{series[row]}" is not a date{more}; '
            f"write it like {written.example} or {advice}"
        )
    return dates


def fit_dates(
    table: Table, name: str, train: Indices, inputs: CellInputs = DEFAULT_INPUTS
) -> tuple[DateColumn | None, list[str]]:
    """The encoder of a column of dates by the components that vary in the rows `train`, and notes on it."""
    dates = read_dates(table, name, STRAYS)[train.astype(np.uint32)]
    present = dates.drop_nulls()
    gaps = len(dates) - len(present)
    if present.is_empty():
        return None, [EMPTY]
    first = present.min()
    assert isinstance(first, datetime)
    medians = component_medians(present, first)
    if not medians:
        note = constant_note(f"{first:%Y-%m-%d}", gaps).removesuffix(", which teaches nothing")
        return None, [f"{note}, left out"]
    components = tuple(medians)
    written = date_format(table, name)
    form = "dates" if written == DateFormat() else f"dates written as {written.example}"
    notes = [f"{form}, taken as {', '.join(component_names(components, first))}"]
    marked = inputs.marks(gaps)
    if gaps:
        filled = f"{counted(gaps, 'gap')} in the training rows filled with medians"
        notes.append(f"{filled}{MARKED if marked else ''}")
    last = present.max()
    assert isinstance(last, datetime)
    return DateColumn(name, first, components, tuple(medians.values()), bool(gaps), last, marked), notes


def component_medians(dates: "pl.Series", first: datetime) -> dict[str, float]:
    """The median of each component that varies among dates (N,)."""
    medians = {}
    for component in (*COMPONENTS, DAYS):
        numbers = component_of(dates, component, first)
        if numbers.min() < numbers.max():
            medians[component] = float(np.median(numbers))
    return medians
