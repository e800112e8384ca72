"""All formats of cells: which one a column of text has, and how they are stored in `preprocessing.json`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from nettrain.data.cell_formats.date_detection import detect_dates
from nettrain.data.cell_formats.date_format import DateFormat
from nettrain.data.cell_formats.detected import Detected, has_digits, sample_of
from nettrain.data.cell_formats.number_detection import detect_numbers
from nettrain.data.cell_formats.number_format import NumberFormat
from nettrain.data.cell_formats.time_format import TimeFormat, detect_times
from nettrain.data.tables.table import as_numbers

if TYPE_CHECKING:
    import polars as pl

AnyFormat = DateFormat | TimeFormat | NumberFormat
KINDS: dict[str, type[AnyFormat]] = {one.kind: one for one in (DateFormat, TimeFormat, NumberFormat)}


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


def format_json(one: AnyFormat) -> dict[str, str | int]:
    """Plain values from which `format_from_json` makes an equal one."""
    return {"kind": one.kind, **asdict(one)}


def format_from_json(data: Mapping[str, object]) -> AnyFormat:
    """The format that `format_json` described."""
    fields = {key: value for key, value in data.items() if key != "kind"}
    return KINDS[str(data["kind"])](**fields)  # type: ignore[arg-type]
