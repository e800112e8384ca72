"""What a table seems to be for: the target and its kind, columns of no use, spellings of gaps, a scaling."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from nettrain.data.columns.profiles import ColumnProfile, column_profiles, sampled
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.tables.spelling import as_text, missing
from nettrain.data.tables.table import Table, is_text
from nettrain.data.targets.kind import ROWS_PER_CLASS, find_target
from nettrain.data.targets.target import Kind, Wanted
from nettrain.errors import DataError

# in the order in which they are believed
NAMES = ("target", "label", "labels", "class", "y", "outcome", "response", "survived", "species", "diagnosis")
LAST_WORDS = ("target", "label", "outcome", "churn", "price", "value")
AMOUNTS = ("x", "y", "t", "year", "month", "day", "date", "time")  # that may go up by one, row by row
NAMED_IDENTIFIER = "named like an identifier"
UNNAMED = "column_0"  # the first column of a file without names
FEW = 10  # rows in which all values may differ by chance
SCATTERED = 0.5  # different values in more than this share of the rows teach nothing
IMAGE = 49  # columns of one range of whole numbers are an image from 7x7 pixels on
PIXELS = (16.0, 255.0)  # the largest value that pixels have
MOST_KEYS = 20  # values of a column named like an identifier that may be categories
MOST_CODES = 10  # values of whole numbers that may be codes


@dataclass(frozen=True)
class Guess:
    """A table of `rows` rows, `looked_at` of them for numbers, and what it seems to be for.

    `reason` says why the `targets` were taken, mostly one, `classes` how many rows each has, the largest
    first, and `unlabelled` how many rows have no target. `ignored` and `categorical` name columns, each with
    a reason; `marks` are further spellings of a gap, `test_rows` what the source brings for testing,
    `header` says whether columns have names, and `notes` are what the source's reader had to say.
    """

    rows: int
    looked_at: int
    columns: tuple[ColumnProfile, ...]
    targets: tuple[ColumnProfile, ...]
    reason: str
    kind: Kind
    classes: Mapping[str, int]
    unlabelled: int
    ignored: Mapping[str, str]
    categorical: Mapping[str, str]
    marks: tuple[str, ...]
    test_rows: int
    header: bool
    notes: tuple[str, ...]

    @property
    def inputs(self) -> tuple[ColumnProfile, ...]:
        """The columns to learn from."""
        others = {*self.ignored, *(target.name for target in self.targets)}
        return tuple(c for c in self.columns if c.name not in others)

    @property
    def numbers(self) -> tuple[ColumnProfile, ...]:
        """The inputs that hold amounts."""
        return tuple(c for c in self.inputs if c.kind == "numbers" and c.name not in self.categorical)

    @property
    def image(self) -> bool:
        """Whether the inputs look like the pixels of an image."""
        return looks_like_image(self.inputs)

    @property
    def codes(self) -> tuple[ColumnProfile, ...]:
        """The inputs of whole numbers that may be names of categories."""
        few = (c for c in self.numbers if c.whole and 2 < c.different <= MOST_CODES)
        return () if self.image else tuple(c for c in few if c.different * ROWS_PER_CLASS <= c.present)

    @property
    def groups(self) -> tuple[ColumnProfile, ...]:
        """The columns left out that seem to name groups of rows."""
        named = (c for c in self.columns if self.ignored.get(c.name) == NAMED_IDENTIFIER)
        return tuple(c for c in named if c.different < c.present)

    @property
    def scaling(self) -> str | dict[str, Any]:
        """The scaling, as an experiment file spells it."""
        if self.image:
            return {"name": "divide", "by": int(pixel_range(self.inputs))}
        # a date becomes years and days, which are large
        dated = any(c.kind == "dates" for c in self.inputs)
        bounded = not dated and all(c.low >= 0 and c.high <= 1 for c in self.numbers)
        return "none" if bounded and self.numbers else "standard"


def guess(source: str, wanted: str | None = None, *, seed: int = 0) -> Guess:
    """What the rows of a source seem to be for; `wanted` names the target where a person knows it.

    A file is read again when it spells gaps in ways that are not known. Raises DataError when it cannot be
    read, has no column `wanted`, or none that could be a target.
    """
    found = read_source(source, ReadOptions(), seed=seed)
    columns = column_profiles(found.table)
    targets, reason = choose(found, columns, wanted, PurePath(source).name.split(".")[0])
    marks = gap_marks(found.table, columns, targets)
    if marks:
        # with the same header, which might be decided otherwise when other cells are gaps
        options = ReadOptions(found.table.header, missing=(*ReadOptions.missing, *marks))
        found = read_source(source, options, seed=seed)
        columns = column_profiles(found.table)
    return describe(found, columns, targets, reason, marks)


def describe(
    source: Source,
    columns: tuple[ColumnProfile, ...],
    targets: Sequence[str],
    reason: str,
    marks: tuple[str, ...],
) -> Guess:
    """The guess, once it is known what is predicted and how gaps are spelled."""
    table = source.table
    gaps = np.any([missing(table, name) for name in targets], axis=0)
    if gaps.all():
        raise DataError(f'{table.place}: target "{targets[0]}": no row has a value')
    wanted: Wanted = "classes" if source.classes and [*targets] == [source.target] else "auto"
    if gaps.any():  # a run leaves these rows out, and then another column may be of another kind
        table = table.take(np.flatnonzero(~gaps))
        columns = tuple(
            c if c.name in targets else look for c, look in zip(columns, column_profiles(table), strict=True)
        )
    kind, classes = task(table, targets, wanted)
    others = [column for column in columns if column.name not in targets]
    ignored = of_no_use(others)
    return Guess(
        source.table.height,
        sampled(source.table).height,
        columns,
        tuple(column for column in columns if column.name in targets),
        reason,
        kind,
        classes,
        int(gaps.sum()),
        ignored,
        {c.name: mixed(c) for c in others if c.words and c.name not in ignored},
        marks,
        source.test.height if source.test else 0,
        table.header or table.columns[0] != UNNAMED,
        table.notes,
    )


def task(table: Table, names: Sequence[str], wanted: Wanted) -> tuple[Kind, dict[str, int]]:
    """The kind of targets that have no gaps, and the rows of each class, the largest first."""
    import polars as pl

    target, _ = find_target(table, names, wanted)
    if target.kind != "classes":
        return target.kind, {}
    cells = as_text(table, names[0], numeric=target.numeric).rename("class")
    counts = cells.value_counts(name="rows").sort(["rows", "class"], descending=[True, False])
    return target.kind, dict(zip(counts["class"], counts["rows"].cast(pl.Int64), strict=True))


def choose(
    source: Source, columns: Sequence[ColumnProfile], wanted: str | None, stem: str
) -> tuple[tuple[str, ...], str]:
    """The targets' names and why. Raises DataError when one is not there or nothing looks like one."""
    if wanted is not None:
        source.table.refuse_unknown(wanted, "target column")
        return (wanted,), "as asked"
    if source.target is not None:
        given = (source.target,) if isinstance(source.target, str) else tuple(source.target)
        return given, "what the source says"
    able = [column.name for column in columns if could_be_target(column)]
    if not able or len(columns) < 2:
        raise DataError(f"{source.table.place}: no column looks like a target; name one with --target")
    named = named_target(able, stem)
    if named:
        return (named,), "by its name"
    last = able[-1]
    return (last,), "the last column" if last == columns[-1].name else "the last column that could be one"


def named_target(names: Sequence[str], stem: str) -> str | None:
    """The name that sounds most like a target: a usual one, that of the file, or one with a usual ending."""
    plain = {"".join(name.lower().split()): name for name in reversed(names)}
    usual = [plain[name] for name in (*NAMES, stem.lower()) if name in plain]
    endings = [name for word in LAST_WORDS for name in names if last_word(name) == word]
    return next(iter([*usual, *endings]), None)


def last_word(name: str) -> str:
    """`value` of `median_house_value`."""
    return (name.lower().replace("_", " ").split() or [""])[-1]


def could_be_target(column: ColumnProfile) -> bool:
    """Whether a column has something to predict: numbers, or text whose values come again."""
    if column.constant or identifies(column) or (column.words and not column.spelled):
        return False
    return column.kind == "numbers" or (
        column.kind == "text" and column.different * ROWS_PER_CLASS <= column.present
    )


def gap_marks(table: Table, columns: Iterable[ColumnProfile], targets: Sequence[str]) -> tuple[str, ...]:
    """Words among numbers that spell gaps, unless they are a class."""
    words = {word for column in columns if column.spelled for word in column.words}
    for column in columns:
        series = table.column(column.name)
        if column.name in targets and not column.spelled and is_text(series):
            words -= set(series.unique())
    return tuple(sorted(words))


def of_no_use(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """The columns to leave out, each with a reason; none when nothing else would be left."""
    image = looks_like_image(columns)
    found = {c.name: reason for c in columns if (reason := useless(c)) and not (image and c.constant)}
    usable = [c for c in columns if c.kind != "nothing"]
    return found if any(c.name not in found for c in usable) else {}


def useless(column: ColumnProfile) -> str:
    """Why a column teaches nothing, "" when it may teach something."""
    if column.kind == "nothing":
        return "no value at all"
    if column.constant and not column.gaps:
        return f"always {column.values[0]}"
    return identifies(column)


def identifies(column: ColumnProfile) -> str:
    """Why a column seems to name its rows instead of telling something about them, "" when it does not."""
    different = column.different + len(column.words)
    if column.present <= FEW or column.kind not in ("numbers", "text"):
        return ""
    if column.running and column.name.lower() not in (*AMOUNTS, *NAMES):
        return "numbers the rows"
    textual = column.kind == "text" or (bool(column.words) and not column.spelled)
    if column.named_identifier and different > MOST_KEYS and (column.whole or textual):
        return NAMED_IDENTIFIER
    if textual and different > SCATTERED * column.present:
        return f"{different} different texts in {column.present} rows"
    return ""


def mixed(column: ColumnProfile) -> str:
    """Why a column of numbers is taken as categories."""
    return f'holds words too, such as "{column.words[0]}"'


def looks_like_image(columns: Sequence[ColumnProfile]) -> bool:
    """Whether there are many columns of whole numbers that lie in the range of pixels."""
    return len(columns) >= IMAGE and pixel_range(columns) > 0


def pixel_range(columns: Sequence[ColumnProfile]) -> float:
    """The largest value that pixels in these columns may have, 0 when they are none."""
    if not all(c.kind == "numbers" and c.whole and c.low >= 0 and not c.words for c in columns):
        return 0.0
    high = max(c.high for c in columns)
    return next((most for most in PIXELS if PIXELS[0] / 2 < high <= most), 0.0)
