"""Which format the dates of a column have, by the shape of its cells: `9/2/2024` is number, number, year.

The marks between the numbers are taken from the cells, and every order of day, month and year that the shape
allows is tried on all of them. Where two orders read every cell, no format is chosen.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.cell_formats.date_format import DateFormat
from nettrain.data.cell_formats.detected import Detected, sample_of
from nettrain.data.tables.table import are_strays

if TYPE_CHECKING:
    import polars as pl

TIME = re.compile(
    r"([ T]|, *)\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?$"
)
ORDINAL = re.compile(r"\b(\d{1,2})(st|nd|rd|th)\b", re.IGNORECASE)
TOKEN = re.compile(r"(\d+|[A-Za-z]+)([^\dA-Za-z]*)")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDERS = {  # what a shape may mean: Y is a year of four digits, n a number, B and A are names
    "Ynn": ("Ymd",),
    "nnY": ("dmY", "mdY"),
    "nnn": ("dmy", "mdy", "ymd"),
    "nBY": ("dBY",),
    "nBn": ("dBy",),
    "BnY": ("BdY",),
    "YBn": ("YBd",),
    "AnBY": ("AdBY",),
    "ABnY": ("ABdY",),
    "BY": ("BY",),
    "YB": ("YB",),
    "nY": ("mY",),
    "Yn": ("Ym",),
    "Bn": ("By",),
}
BETWEEN_NUMBERS = ("-", "/", ".", ". ")  # twice the same, so that 1-2/2024 is no date
BEFORE_YEARS = {"nY": ("/",), "Yn": ("-", "/")}  # months: 02/2024, 2024-02
CHINESE = ("年", "月", "日")
DAY_FIRST = "."  # no country writes a month first with points
SHORT_YEAR = re.compile(r"(\d\d-\d\d-|\d\d\.\d\d\.|\d{1,2}/\d{1,2}/)\d\d")  # 1.2.13 is a version
SPARSE = 4  # of so many sampled cells one is looked at first, in columns of other things
LEAST = 0.5  # of the sampled cells have the shape of a date
NEARLY_ALL = 0.9  # of them have one of several
SEVERAL = 'looks like dates in several forms; write them in one, which data.dates: {column: "%d/%m/%Y"} names'


@dataclass(frozen=True)
class Shape:
    """The kinds of a date's tokens, such as `nnY`, and the marks behind each of them."""

    kinds: str
    marks: tuple[str, ...]

    @property
    def formats(self) -> list[DateFormat]:
        """What it may mean, the likeliest first."""
        orders = ORDERS[self.kinds]
        orders = orders[:1] if self.marks[0].startswith(DAY_FIRST) else orders
        return [DateFormat(self.pattern(order)) for order in orders]

    def pattern(self, order: str) -> str:
        """The pattern in which the tokens mean `order`."""
        marks = (mark.replace("%", "%%") for mark in self.marks)
        return "".join(f"%{token}{mark}" for token, mark in zip(order, marks, strict=True))


def detect_dates(series: "pl.Series", sample: Sequence[str] | None = None) -> Detected[DateFormat]:
    """The format of a column of text whose cells, of which `sample` are some, are dates, but for strays."""
    sample = sample_of(series) if sample is None else sample
    if not any(shape_of(cell) for cell in sample[::SPARSE]):
        return Detected()
    shapes = Counter(shape for cell in sample if (shape := shape_of(cell)))
    if not shapes or shapes.total() < LEAST * len(sample):
        return Detected()
    shape = shapes.most_common(1)[0][0]
    if shape.kinds == "Yn" and all(map(is_season, sample)):
        return Detected()
    return choose(series, shape.formats, shapes, len(sample))


def choose(
    series: "pl.Series", formats: Sequence[DateFormat], shapes: Counter[Shape], sampled: int
) -> Detected[DateFormat]:
    """The format that all cells have, but for strays; `shapes` are those of `sampled` cells."""
    wrong = [one.wrong(series) for one in formats]
    fewest = min(int(one.sum()) for one in wrong)
    best = [one for one, cells in zip(formats, wrong, strict=True) if int(cells.sum()) == fewest]
    texts = series.filter(wrong[formats.index(best[0])])
    if fewest and not are_strays(texts, series.len() - series.null_count()):
        several = len(shapes) > 1 and shapes.total() >= NEARLY_ALL * sampled
        return Detected(looks=SEVERAL if several else "")
    if formats[0].pattern.startswith("%B") and formats[0].pattern.endswith("%y"):
        return Detected(looks=month_or_day(series, formats[0]))
    return Detected(best[0]) if len(best) == 1 else Detected(looks=ambiguous(series, best))


def ambiguous(series: "pl.Series", formats: Sequence[DateFormat]) -> str:
    """What a column looks like whose cells each of several formats reads, and which key tells them apart."""
    first, second = (one.read(series) for one in formats[:2])
    keys = " or ".join(f'"{one.pattern}"' for one in formats)
    which = "they may have the day or the month first"
    rows = (first != second).fill_null(False).arg_true()
    if len(rows):
        row = rows[0]
        which = f'"{series[row]}" may be {day_text(first[row])} or {day_text(second[row])}'
    return f"looks like dates, but {which}: data.dates: {{column: {keys}}} says which"


def month_or_day(series: "pl.Series", months: DateFormat) -> str:
    """What a column looks like of names of months, each with a number of two digits."""
    row = int(np.argmax(~months.wrong(series)))
    dates = months.read(series)
    return (
        f'looks like months, but "{series[row]}" may be of {dates[row].year}, or a day of any year: '
        f'data.dates: {{column: "{months.pattern.replace("%B", "%b")}"}} reads a year'
    )


def day_text(date: datetime) -> str:
    """`1 February 2011`."""
    return f"{date.day} {date:%B %Y}"


def shape_of(cell: str) -> Shape | None:
    """The shape of a date, without the time after it; None for what is none."""
    date = ORDINAL.sub(r"\1", TIME.sub("", cell.strip()))
    tokens = TOKEN.findall(date)
    kinds = "".join(kind_of(word) for word, _ in tokens)
    marks = tuple(mark for _, mark in tokens)
    if kinds not in ORDERS or not date[0].isalnum() or not marks_fit(kinds, marks):
        return None
    return None if kinds == "nnn" and not SHORT_YEAR.fullmatch(date) else Shape(kinds, marks)


def kind_of(token: str) -> str:
    """`Y` for four digits, `n` for one or two, `B` for the name of a month, `A` for a day's, else `?`."""
    if token.isdigit():
        return {1: "n", 2: "n", 4: "Y"}.get(len(token), "?")
    word = token.lower()
    names = {"B": MONTHS, "A": WEEKDAYS} if len(word) >= len("may") else {}
    fits = (k for k, known in names.items() if any(word in (name, name[:3]) for name in known))
    return next(fits, "?")


def is_season(cell: str) -> bool:
    """Whether a cell is a year and the next one, 2011-12, rather than a month."""
    match = re.fullmatch(r"(\d{4})[-/](\d\d)", cell)
    return match is not None and (int(match[1]) + 1) % 100 == int(match[2])


def marks_fit(kinds: str, marks: Sequence[str]) -> bool:
    """Whether these marks stand between the tokens of dates."""
    if (*marks,) == CHINESE:
        return True
    if "B" in kinds or len(marks) == 2:
        return marks[-1] == "" and marks[0] in BEFORE_YEARS.get(kinds, marks)
    return marks[-1] == "" and marks[0] == marks[1] and marks[0] in BETWEEN_NUMBERS
