"""The format of a column of dates: a pattern as of `strptime`, after which a time of day may follow.

The usual format is ISO 8601: `2024-02-29`, `2024-2-29`, with a time `2024-02-29 13:45:10.5` (or a T between),
with an offset `+02:00` or Z, which is converted to UTC. Times may follow dates of every format.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nettrain.data.tables.arrays import Floats, Mask

if TYPE_CHECKING:
    import polars as pl

ISO = "%Y-%m-%d"
TIMES = (
    *("", " %H:%M", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p"),
    *(" %H:%M%#z", " %H:%M:%S%.f%#z"),
)
BEGINNING = 100  # cells that tell which forms of a time are likely
TIDY = {
    r"(\d)(?:T|, *)(\d{1,2}:\d)": "$1 $2",
    r"(?i)(\d) ?([ap])\.?m\.?$": "$1 ${2}m",
    r" ?(?:Z|UTC|GMT)$": "+00:00",
    r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b": "$1",
}
EARLIEST = 1000  # an earlier year is one of two digits, or none at all,
ZERO_YEAR = r"\b0\d{3}\b"  # unless it has four
EXAMPLE = datetime(2024, 2, 29, 13, 45)
DIRECTIVES = "aAbBdHIjmMpSTyYfDFz%"  # that a pattern may have
YEARS, DAYS_OF_YEAR = "yYDF", ("jDF", "mbB")


@dataclass(frozen=True)
class DateFormat:
    """Dates by a pattern of `strptime`, such as `%d/%m/%Y`; one without a day means the first of a month."""

    kind: ClassVar[str] = "dates"
    pattern: str = ISO

    @property
    def example(self) -> str:
        """A date as this format writes it: `29/02/2024`."""
        return EXAMPLE.strftime(self.pattern.replace("%B", "%b").replace("%A", "%a"))

    @property
    def variants(self) -> list[str]:
        """The pattern with each form of a time behind it, unless it has one itself."""
        pattern = self.pattern.replace(".%f", "%.f")
        return [pattern] if re.search("%[HITz]", pattern) else [pattern + time for time in TIMES]

    def read(self, series: "pl.Series") -> "pl.Series":
        """The date and time of each cell of text (N,), in UTC if it has an offset, null where it is none."""
        beginning = series.drop_nulls().head(BEGINNING)
        if len(self.variants) > 1 and not tidied(beginning).equals(beginning):
            return self.parse(tidied(series))
        dates = self.parse(series)
        rest = (dates.is_null() & series.is_not_null()).arg_true()
        return dates.scatter(rest, self.parse(tidied(series.gather(rest)))) if len(rest) else dates

    def parse(self, series: "pl.Series") -> "pl.Series":
        """What `read` returns, of cells that are `tidied` where they need it."""
        import polars as pl

        dates = pl.Series(series.name, [None], pl.Datetime("us")).new_from_index(0, len(series))
        beginning = series.drop_nulls().head(BEGINNING)
        for variant in sorted(self.variants, key=lambda one: parse_dates(beginning, one).null_count()):
            rest = (dates.is_null() & series.is_not_null()).arg_true()
            if not len(rest):
                break
            dates = dates.scatter(rest, parse_dates(series.gather(rest), variant))
        return dates

    def numbers(self, series: "pl.Series") -> tuple[Floats, Mask]:
        """NaN for each cell (N,), and which are there: a date is no number."""
        return np.full(len(series), np.nan), series.is_not_null().to_numpy()

    def wrong(self, series: "pl.Series") -> Mask:
        """Which cells (N,) of text are there and no dates of this format."""
        return (self.read(series).is_null() & series.is_not_null()).to_numpy()


def tidied(series: "pl.Series") -> "pl.Series":
    """Cells of text with times in one form: no T or comma before them, PM and offsets behind them."""
    for pattern, text in TIDY.items():
        series = series.str.replace(pattern, text)
    return series


def parse_dates(text: "pl.Series", pattern: str) -> "pl.Series":
    """The date and time, in UTC, of each cell of text that has this pattern of Polars, null elsewhere."""
    if not re.search("%[dDFj]", pattern):
        text, pattern = "1|" + text, f"%d|{pattern}"
    zone = "UTC" if "z" in pattern else None
    dates = text.str.to_datetime(pattern, strict=False, time_unit="us", time_zone=zone)
    dates = dates.dt.replace_time_zone(None)
    early = (dates.dt.year() < EARLIEST).fill_null(False)
    return dates.set(early & ~text.str.contains(ZERO_YEAR), None) if early.any() else dates


def pattern_error(pattern: str) -> str:
    """What is wrong with a pattern that a person wrote, "" when dates can be read by it."""
    directives = re.findall(r"%(.?)", pattern)
    unknown = next((one for one in directives if one not in DIRECTIVES or not one), None)
    if unknown is not None:
        return (
            f'"%{unknown}" is not known (%d day, %m month, %b its name, %Y year, %y of two digits, %H:%M:%S)'
        )
    if "f" in directives and ".%f" not in pattern:
        return "%f needs a point before it"
    if not any(one in YEARS for one in directives):
        return "has no year (%Y, or %y of two digits)"
    if not any(one in day for day in DAYS_OF_YEAR for one in directives):
        return "has no month (%m, or %b for its name)"
    return ""
