"""All formats of cells: which one a column of text has, and how they are stored in `preprocessing.json`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from nettrain.data.cell_formats.date_detection import detect_dates
from nettrain.data.cell_formats.date_format import DateFormat, pattern_error
from nettrain.data.cell_formats.detected import Detected, has_digits, sample_of
from nettrain.data.cell_formats.number_detection import detect_numbers
from nettrain.data.cell_formats.number_format import NumberFormat
from nettrain.data.cell_formats.time_format import TimeFormat, detect_times
from nettrain.data.tables.table import as_numbers

if TYPE_CHECKING:
    import polars as pl

AnyFormat = DateFormat | TimeFormat | NumberFormat
KINDS: dict[str, type[AnyFormat]] = {one.kind: one for one in (DateFormat, TimeFormat, NumberFormat)}


def _pattern(pattern: str) -> str:
    """Raise ValueError for a pattern by which no date can be read."""
    problem = pattern_error(pattern)
    if problem:
        raise ValueError(problem)
    return pattern


class DateFormatJson(TypedDict):
    """A format of dates in `preprocessing.json`."""

    kind: Literal["dates"]
    pattern: Annotated[str, AfterValidator(_pattern)]


class TimeFormatJson(TypedDict):
    """A format of times in `preprocessing.json`."""

    kind: Literal["times"]
    parts: Literal[2, 3]
    example: str


class NumberFormatJson(TypedDict):
    """A format of numbers in `preprocessing.json`."""

    kind: Literal["numbers"]
    decimal: Literal[".", ","]
    thousands: Literal["", ",", ".", " ", "'"]
    unit: str
    example: str


FormatJson = Annotated[DateFormatJson | TimeFormatJson | NumberFormatJson, Field(discriminator="kind")]


def detect_format(series: "pl.Series", decimal: str = "") -> Detected[AnyFormat]:
    """The format of a column of text that plain numbers and ISO dates do not have, but for strays.

    `decimal` is the decimal mark where the cells leave it open, "" when it is not known.
    """
    sample = sample_of(series)
    if not has_digits(sample) or (decimal != "," and not as_numbers(series)[1].any()):
        return Detected()
    detected: list[Detected[DateFormat] | Detected[TimeFormat] | Detected[NumberFormat]]
    detected = [
        detect_dates(series, sample),
        detect_times(series, sample),
        detect_numbers(series, decimal),
    ]
    first = next((one for one in detected if one.format or one.looks), detected[0])
    return Detected(first.format, first.looks)


def format_json(one: AnyFormat) -> FormatJson:
    """Plain values from which `format_from_json` makes an equal one."""
    return cast(FormatJson, {"kind": one.kind, **asdict(one)})


def format_from_json(data: FormatJson) -> AnyFormat:
    """The format that `format_json` described."""
    fields = {key: value for key, value in data.items() if key != "kind"}
    return KINDS[data["kind"]](**fields)  # type: ignore[arg-type]
