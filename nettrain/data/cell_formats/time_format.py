"""The format of a column of times of day or durations: `12:30`, `12:30:15.5`, `1:05 PM`, `2 days 12:30:15`.

A time is a number in units of its last part: 750 for `12:30`, whether of hours and minutes or of minutes and
seconds, and 45015 for `12:30:15`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nettrain.data.cell_formats.detected import Detected, sample_of
from nettrain.data.tables.arrays import Floats, Mask
from nettrain.data.tables.table import are_strays

if TYPE_CHECKING:
    import polars as pl

TIME = (
    r"^(?P<sign>-?)(?:(?P<days>\d+) days?,? )?(?P<first>\d{1,4}):(?P<second>[0-5]\d)"
    r"(?::(?P<third>[0-5]\d(?:\.\d+)?))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?$"
)
PARTS = (2, 3)


@dataclass(frozen=True)
class TimeFormat:
    """Times of two parts, `12:30`, or of three, `12:30:15`."""

    kind: ClassVar[str] = "times"
    parts: int = 2
    example: str = "12:30"

    @property
    def description(self) -> str:
        """What a note calls the column."""
        return "times in minutes (12:30 is 750)" if self.parts == 2 else "times in seconds (0:12:30 is 750)"

    def numbers(self, series: "pl.Series") -> tuple[Floats, Mask]:
        """Values (N,) of cells of text, NaN in gaps, and which present cells are no such times."""
        import polars as pl

        text = pl.col("text").str.replace_all("\u2212", "-")
        groups = pl.DataFrame({"text": series}).select(text.str.extract_groups(TIME).alias("g")).unnest("g")
        first, second, third, days = (
            pl.col(name).cast(pl.Float64) for name in ("first", "second", "third", "days")
        )
        half = pl.col("half").str.to_lowercase()
        afternoon = pl.when(half == "p").then(12.0).otherwise(0.0)
        hours = pl.when(half.is_null()).then(first).otherwise(first % 12 + afternoon)
        minutes = (hours + 24 * days.fill_null(0.0)) * 60 + second
        number = minutes if self.parts == 2 else minutes * 60 + third
        right = (third.is_null() == (self.parts == 2)) & (half.is_null() | first.is_between(1, 12))
        signed = pl.when(pl.col("sign") == "-").then(-number).otherwise(number)
        values = groups.select(pl.when(right).then(signed)).to_series()
        return values.to_numpy(writable=True), (values.is_null() & series.is_not_null()).to_numpy()


def detect_times(series: "pl.Series", sample: Sequence[str] | None = None) -> Detected[TimeFormat]:
    """The format of a column of text whose cells, of which `sample` are some, are times, but for strays."""
    import polars as pl

    sample = sample_of(series) if sample is None else sample
    if not sample or 2 * sum(":" in cell for cell in sample) < len(sample):
        return Detected()
    for parts in PARTS:
        values, wrong = TimeFormat(parts).numbers(series)
        texts = series.filter(pl.Series(wrong))
        if not wrong.any() or are_strays(texts, series.len() - series.null_count()):
            first = series.filter(pl.Series(values).is_not_nan())
            return Detected(TimeFormat(parts, str(first[0])))
    return Detected()
