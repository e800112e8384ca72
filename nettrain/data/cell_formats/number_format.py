"""The format of a column of numbers: its decimal mark, the mark between thousands, and a unit.

A cell is a sign, digits with their marks, and the unit of its column before or behind them: `-$1,234.50`,
`(1 234,5)`, `1.234,50 €`, `7.4 %`, `77 kg`. Its value is the float of its digits: 7.4 for `7.4 %`. Negative
numbers have a minus (a hyphen, U+2212 or a dash) on either side, or parentheses; blanks may be of any width.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nettrain.data.tables.arrays import Floats, Mask

if TYPE_CHECKING:
    import polars as pl

BLANKS = "[\u00a0\u2000-\u200a\u202f\u205f\u3000 ]+"
MINUSES = "[\u2212\u2010-\u2013\ufe63\uff0d]"
APOSTROPHES = "[\u2019\u02bc\u0060\u00b4]"
CODES = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MAD|MXN|MYR|"
    "NGN|NOK|NZD|PEN|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
CURRENCY = rf"[A-Za-z]{{0,3}}\p{{Sc}}|{CODES}|Rs\.?|Rp\.?|RM|Fr\.?|kr\.?|zł"  # $, US$, €, CHF
UNIT = r"[%‰°µ\p{L}\p{Sc}][\p{L}\p{Sc}%‰°µ²³·/^*. ]{0,20}[23]?"  # kg, km/h, °C, m3
ORDINAL_ENDING = "(?i)^(?:st|nd|rd|th)"
ORDINAL = r"(?i)^[-+(]?(?:(?:[\d.,' ]*[02-9])?(?:1st|2nd|3rd)|[\d.,' ]*(?:1[1-3]|[04-9])th)\b"
BARE = r"^-?(?:\d[\d.,]*|[.,]\d+)$"
CELL = (
    r"^(?P<open>\(?) ?(?P<sign>[-+]?) ?"
    rf"(?P<before>(?:{CURRENCY}|%)?) ?(?P<inner>[-+]?) ?"
    r"(?P<body>\d(?:[\d.,' ]*\d)?[.,]?|[.,]\d+)(?P<exponent>(?:[eE][-+]?\d+)?) ?"
    rf"(?P<behind>(?:{UNIT})?) ?(?P<last>[-+]?) ?(?P<close>\)?)$"
)
GROUPED = {  # whole numbers, by the mark between thousands; in India 12,34,567
    "": r"\d+",
    ",": r"(?:\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})",
    ".": r"(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)",
    " ": r"(?:\d+|[1-9]\d{0,2}(?: \d{3})+)",
    "'": r"(?:\d+|[1-9]\d{0,2}(?:'\d{3})+)",
}
MARKS = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}


@dataclass(frozen=True)
class NumberFormat:
    """Numbers with these marks, all of which have the unit (a currency or percent sign too), or none has.

    `example` is a cell of the column, for messages.
    """

    kind: ClassVar[str] = "numbers"
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    example: str = ""

    @property
    def digits(self) -> str:
        """The pattern of digits with their marks."""
        mark = re.escape(self.decimal)
        return rf"^(?:{GROUPED[self.thousands]}(?:{mark}\d*)?|{mark}\d+)$"

    @property
    def is_currency(self) -> bool:
        """Whether the unit is that of money."""
        import polars as pl

        return bool(pl.Series([self.unit]).str.contains(f"^(?:{CURRENCY})$").item())

    @property
    def description(self) -> str:
        """`numbers with decimal commas, points between thousands and the sign "€"`."""
        named = [
            "decimal commas" if self.decimal == "," else "",
            f"{MARKS[self.thousands]} between thousands" if self.thousands else "",
            unit_text(self.unit, self.is_currency) if self.unit else "",
        ]
        features = [one for one in named if one] or [f'signs as in "{self.example}"']
        return f"numbers with {', '.join(features[:-1])}{' and ' if features[1:] else ''}{features[-1]}"

    def numbers(self, series: "pl.Series") -> tuple[Floats, Mask]:
        """Values (N,) of cells of text, NaN in gaps, and which present cells are not in this format."""
        return self.values(number_fields(series), series)

    def values(self, fields: "pl.DataFrame", series: "pl.Series") -> tuple[Floats, Mask]:
        """What `numbers` returns, of cells whose `number_fields` are known."""
        import polars as pl

        body = pl.col("body").str.replace_all(self.thousands or "\0", "", literal=True)
        plain = body.str.replace(self.decimal, ".", literal=True) + pl.col("exponent")
        number = plain.cast(pl.Float64, strict=False)
        right = (pl.col("unit") == self.unit) & pl.col("body").str.contains(self.digits) & number.is_finite()
        signed = pl.when(pl.col("negative")).then(-number).otherwise(number)
        values = fields.select(pl.when(right).then(signed)).to_series()
        return values.to_numpy(writable=True), (values.is_null() & series.is_not_null()).to_numpy()


def unit_text(unit: str, currency: bool) -> str:
    """How a note calls the unit."""
    if unit == "%":
        return "percent signs (7% is 7)"
    if re.match(r"th\b", unit):
        return 'endings of ordinals ("1st" is 1)'
    return f'the {"sign" if currency else "unit"} "{unit}"'


def number_fields(series: "pl.Series") -> "pl.DataFrame":
    """The parts of each cell of text: body, exponent, unit, negative; the body is null where it is no number.

    A plural is the unit in the singular, so that `1 day` and `2 days` have one unit, and the endings of
    `1st`, `2nd` and `3rd` are that of `4th`.
    """
    import polars as pl

    bare = series.str.contains(BARE)  # nearly all cells of most columns, at a tenth of the time
    others = (~bare).arg_true()
    text = pl.col("text")
    fields = pl.DataFrame({"text": series}).select(
        pl.when(bare).then(text.str.strip_prefix("-")).alias("body"),
        pl.when(bare).then(pl.lit("")).alias("exponent"),
        pl.when(bare).then(pl.lit("")).alias("unit"),
        pl.when(bare).then(text.str.starts_with("-")).alias("negative"),
    )
    if not len(others):
        return fields
    parts = split_cells(series.gather(others))
    return fields.with_columns(fields[name].scatter(others, parts[name]) for name in parts.columns)


def split_cells(series: "pl.Series") -> "pl.DataFrame":
    """What `number_fields` returns, of cells (N,) that are more than digits and marks."""
    import polars as pl

    text = pl.col("text").str.replace_all(BLANKS, " ").str.replace_all(MINUSES, "-")
    text = text.str.replace_all(APOSTROPHES, "'").str.strip_chars()
    text = text.str.replace(rf"^({CURRENCY}) ?\(", "($1 ")  # $(5) is ($5)
    groups = pl.DataFrame({"text": series}).select(
        text.str.extract_groups(CELL).alias("g"), text.str.contains(ORDINAL).alias("ordinal")
    )
    groups = groups.unnest("g")
    signs = [pl.col(name) for name in ("sign", "inner", "last")]
    bracketed = pl.col("open") != ""
    signed = pl.sum_horizontal([(one != "").cast(pl.Int8) for one in signs])
    right = (
        (bracketed == (pl.col("close") != ""))
        & (signed <= 1 - bracketed.cast(pl.Int8))
        & ~(pl.col("body").str.contains("[.,]$") & (pl.col("last") != ""))  # 5,- is a price
    )
    unit = (pl.col("before") + pl.col("behind")).str.strip_chars().str.replace(r"^(.{2,})s$", "$1")
    ordinal = unit.str.replace(ORDINAL_ENDING, "th")
    return groups.select(
        pl.when(right).then(pl.col("body")).alias("body"),
        "exponent",
        pl.when(pl.col("ordinal")).then(ordinal).otherwise(unit).alias("unit"),
        (bracketed | pl.any_horizontal([one == "-" for one in signs])).alias("negative"),
    )
