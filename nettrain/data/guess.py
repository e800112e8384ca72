"""A guess at what a table is for: the target and its kind, useless columns, spellings of gaps, a scaling."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from nettrain.data.columns.cell_inputs import CATEGORIES, WORDS_FROM
from nettrain.data.columns.encoding import columns_text
from nettrain.data.columns.identifiers import (
    MOST_KEYS,
    NAMED_IDENTIFIER,
    TARGET_NAMES,
    is_named_identifier,
    number_reason,
    text_reason,
)
from nettrain.data.columns.profiles import ColumnProfile, column_profiles, sampled
from nettrain.data.columns.words import LONGEST, SHOWN_WORDS, frequent_words, longest
from nettrain.data.formatted import KnownFormats, read_formatted
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.tables.spelling import as_text, distinct_values, is_missing
from nettrain.data.tables.table import Table, is_text
from nettrain.data.targets.kind import ROWS_PER_CLASS, find_target
from nettrain.data.targets.target import TargetKind, TargetKindSetting, target_column
from nettrain.data.time_order import TimeOrder, time_order
from nettrain.errors import DataError

LAST_WORDS = ("target", "label", "outcome", "churn", "price", "value")
UNNAMED = "column_0"  # the first column of a file without names
IMAGE = 49  # columns of one range of whole numbers are an image from 7x7 pixels on
PIXELS = (16.0, 255.0)  # the largest value that pixels have
AFFIRMATIVE = ("1", "true", "yes", "y", "t", "positive", "pos")  # names of a class that is the positive one
MOST_CODES = 31  # values of whole numbers that may be codes: hours, months and days of a month are among them


@dataclass(frozen=True)
class Guess:
    """A table of `rows` rows, `sampled_rows` of them examined for numbers, and what it seems to be for.

    `reason` says why the `targets` were chosen, mostly one; `classes` how many rows each has, the largest
    first; and `unlabelled` how many rows have no target. `ignored`, `categorical` and `worded`, whose words
    are inputs, name columns, each with a reason; `gap_words` are further spellings of a gap, `test_rows` how
    many test rows the source brings, `header` says whether columns have names, `time` whether rows lie in the
    order of time, and `notes` are on its reading and on the formats of cells.
    """

    rows: int
    sampled_rows: int
    columns: tuple[ColumnProfile, ...]
    targets: tuple[ColumnProfile, ...]
    reason: str
    kind: TargetKind
    classes: Mapping[str, int]
    unlabelled: int
    ignored: Mapping[str, str]
    categorical: Mapping[str, str]
    worded: Mapping[str, str]
    gap_words: tuple[str, ...]
    test_rows: int
    header: bool
    time: TimeOrder
    notes: tuple[str, ...]
    giveaways: Mapping[str, str] = field(default_factory=dict)  # inputs that give the target away, and how

    @property
    def inputs(self) -> tuple[ColumnProfile, ...]:
        """The columns to learn from."""
        others = {*self.ignored, *(target.name for target in self.targets)}
        return tuple(c for c in self.columns if c.name not in others)

    @property
    def numbers(self) -> tuple[ColumnProfile, ...]:
        """The inputs that are numeric."""
        return tuple(c for c in self.inputs if c.kind == "numbers" and c.name not in self.categorical)

    @property
    def positive(self) -> tuple[str, str] | None:
        """Of two classes the one that is looked for, and why; None where there are more or fewer."""
        if len(self.classes) != 2:
            return None
        affirmative = [name for name in self.classes if name.lower() in AFFIRMATIVE]
        if len(affirmative) == 1:
            return affirmative[0], "by its name"
        (_, more), (rarer, fewer) = self.classes.items()
        return (rarer, "the rarer of the two") if fewer < more else (max(self.classes), "the second in order")

    @property
    def image(self) -> bool:
        """Whether the inputs look like the pixels of an image."""
        return looks_like_image(self.inputs)

    @property
    def codes(self) -> tuple[ColumnProfile, ...]:
        """The inputs of whole numbers that may be names of categories."""
        few = (c for c in self.numbers if c.integer and 2 < c.distinct <= MOST_CODES)
        return () if self.image else tuple(c for c in few if c.distinct * ROWS_PER_CLASS <= c.present)

    @property
    def keys(self) -> tuple[ColumnProfile, ...]:
        """The inputs that are named like identifiers, but whose values are kinds of rows."""
        return tuple(c for c in self.inputs if is_key(c))

    @property
    def groups(self) -> tuple[ColumnProfile, ...]:
        """The ignored columns that seem to name groups of rows."""
        named = (c for c in self.columns if self.ignored.get(c.name) == NAMED_IDENTIFIER)
        return tuple(c for c in named if c.distinct < c.present)

    @property
    def scaling(self) -> str | dict[str, str | int]:
        """The scaling, as an experiment file spells it."""
        if self.image:
            return {"name": "divide", "by": int(pixel_range(self.inputs))}
        # a date becomes years and days, which are large
        dated = any(c.kind == "dates" for c in self.inputs)
        bounded = not dated and all(c.low >= 0 and c.high <= 1 for c in self.numbers)
        return "none" if bounded and self.numbers else "standard"


def guess(source: str, target: str | None = None, *, seed: int = 0) -> Guess:
    """What the rows of a source seem to be for; `target` names the target column where it is known.

    A file is read again when it has unknown spellings of gaps. Raises DataError when it cannot be read, has
    no column `target`, or none that could be a target.
    """
    mentioned = () if target is None else (target,)
    read, notes = read_with_notes(source, ReadOptions(mentioned=mentioned), seed)
    columns = column_profiles(read.table)
    targets, reason = choose_targets(read, columns, target, PurePath(source).name.split(".")[0])
    gap_words = words_for_gaps(read.table, columns, targets)
    if gap_words:
        # with the same header, which might be decided otherwise when other cells are gaps
        missing = (*ReadOptions.missing, *gap_words)
        options = ReadOptions(read.table.header, missing=missing, mentioned=mentioned)
        read, notes = read_with_notes(source, options, seed)
        columns = column_profiles(read.table)
    return describe(read, columns, targets, reason, gap_words, notes)


def read_with_notes(source: str, options: ReadOptions, seed: int) -> tuple[Source, tuple[str, ...]]:
    """A source with the formats of its columns, and notes on its reading and on the formats."""
    read, formats = read_formatted(
        lambda options: read_source(source, options, seed=seed),
        options,
        lambda read: read.table.columns,
        KnownFormats(),
    )
    notes = (f"{columns_text(names)}: {note}" for note, names in formats.notes(read.table.columns).items())
    return read, (*read.table.notes, *notes)


def describe(
    source: Source,
    columns: tuple[ColumnProfile, ...],
    targets: Sequence[str],
    reason: str,
    gap_words: tuple[str, ...],
    notes: tuple[str, ...],
) -> Guess:
    """The guess for known targets and spellings of gaps. Raises DataError when no row has a target."""
    table = source.table
    gaps = np.any([is_missing(table, name) for name in targets], axis=0)
    if gaps.all():
        raise DataError(f'{table.origin}: target "{targets[0]}": no row has a value')
    setting: TargetKindSetting = "classes" if source.classes and [*targets] == [source.target] else "auto"
    if gaps.any():  # a run leaves these rows out, and then another column may be of another kind
        table = table.take(np.flatnonzero(~gaps))
        columns = tuple(
            one if one.name in targets else other
            for one, other in zip(columns, column_profiles(table), strict=True)
        )
    kind, classes = kind_and_classes(table, targets, setting)
    others = [column for column in columns if column.name not in targets]
    worded = worded_columns(sampled(table), others)
    rest = [column for column in others if column.name not in worded]
    ignored = useless_columns(rest) if not worded else useless_reasons(rest)
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
        {c.name: reason for c in rest if c.name not in ignored and (reason := categorical_reason(c))},
        worded,
        gap_words,
        source.test.height if source.test else 0,
        table.header or table.columns[0] != UNNAMED,
        time_order(table, others),
        notes,
    )


def kind_and_classes(
    table: Table, names: Sequence[str], setting: TargetKindSetting
) -> tuple[TargetKind, dict[str, int]]:
    """The kind of targets that have no gaps, and the rows of each class, the largest first."""
    target, _ = find_target(table, names, setting)
    if target.kind != "classes":
        return target.kind, {}
    counts = distinct_values(as_text(table, names[0]), target.form)
    counts = counts.sort(["rows", "value"], descending=[True, False])
    return target.kind, dict(zip(counts["value"], map(int, counts["rows"]), strict=True))


def choose_targets(
    source: Source, columns: Sequence[ColumnProfile], target: str | None, stem: str
) -> tuple[tuple[str, ...], str]:
    """The targets' names and why. Raises DataError for an unknown `target`, or when there is none."""
    if target is not None:
        return (target_column(source.table, target),), "as asked"
    if source.targets:
        return source.targets, "what the source says"
    able = [column.name for column in columns if could_be_target(column)]
    if not able or len(columns) < 2:
        raise DataError(f"{source.table.origin}: no column looks like a target; name one with --target")
    named = named_target(able, stem)
    if named:
        return (named,), "by its name"
    last = able[-1]
    return (last,), "the last column" if last == columns[-1].name else "the last column that could be one"


def named_target(names: Sequence[str], stem: str) -> str | None:
    """The name most like a target's: a usual one, that of the file, or one with a usual last word."""
    plain = {"".join(name.lower().split()): name for name in reversed(names)}
    usual = [plain[name] for name in (*TARGET_NAMES, stem.lower()) if name in plain]
    endings = [name for word in LAST_WORDS for name in names if last_word(name) == word]
    return next(iter([*usual, *endings]), None)


def last_word(name: str) -> str:
    """`value` of `median_house_value`."""
    return (name.lower().replace("_", " ").split() or [""])[-1]


def could_be_target(column: ColumnProfile) -> bool:
    """Whether a column can be predicted: numbers, or text whose values recur."""
    if column.constant or identifier_reason(column) or (column.words and not column.words_are_gaps):
        return False
    if is_key(column) and column.distinct > MOST_KEYS:  # fewer may be classes
        return False
    return column.kind == "numbers" or (
        column.kind == "text" and column.distinct * ROWS_PER_CLASS <= column.present
    )


def words_for_gaps(table: Table, columns: Iterable[ColumnProfile], targets: Sequence[str]) -> tuple[str, ...]:
    """Words among numbers that spell gaps, unless they are a class."""
    words = {word for column in columns if column.words_are_gaps for word in column.words}
    for column in columns:
        series = table.column(column.name)
        if column.name in targets and not column.words_are_gaps and is_text(series):
            words -= set(series.unique())
    return tuple(sorted(words))


def useless_columns(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """The columns to ignore, each with a reason; none when no other column would remain."""
    useless = useless_reasons(columns)
    usable = [c for c in columns if c.kind != "nothing"]
    return useless if any(c.name not in useless for c in usable) else {}


def useless_reasons(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """The columns of which nothing can be learned, each with a reason."""
    image = looks_like_image([column for column in columns if not is_key(column)])
    reasons = {c.name: useless_reason(c) for c in columns if not (image and c.constant)}
    if image:
        reasons |= {c.name: NAMED_IDENTIFIER for c in columns if is_key(c)}
    return {name: reason for name, reason in reasons.items() if reason}


def worded_columns(sample: Table, columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """The columns whose texts are nearly all different, but have words that recur; with some of these."""
    worded: dict[str, str] = {}
    for column in columns:
        if column.kind == "text" and useless_reason(column) not in ("", NAMED_IDENTIFIER):
            texts = as_text(sample, column.name)
            words = frequent_words(texts, WORDS_FROM, CATEGORIES) if longest(texts) <= LONGEST else []
            shown = ", ".join(words[:SHOWN_WORDS])
            worded |= {column.name: f"words such as {shown}"} if words else {}
    return worded


def useless_reason(column: ColumnProfile) -> str:
    """Why nothing can be learned from a column, "" when something may be."""
    if column.kind == "nothing":
        return "no value at all"
    if column.wrong_date:
        return date_reason(column)
    if column.constant and not column.gaps and not column.words:
        return f"always {column.values[0]}"
    return identifier_reason(column)


def identifier_reason(column: ColumnProfile) -> str:
    """Why a column seems to identify its rows instead of describing them, "" when it does not."""
    present, distinct = column.present, column.distinct + len(column.words)
    if column.kind == "text" or (column.words and not column.words_are_gaps):
        return text_reason(column.name, present=present, distinct=distinct)
    if column.kind != "numbers":
        return ""
    return number_reason(
        column.name,
        present=present,
        distinct=distinct,
        integer=column.integer,
        enumerates=column.enumerates,
    )


def date_reason(column: ColumnProfile) -> str:
    """Why dates cannot be read."""
    return f'"{column.wrong_date}" is not a date'


def categorical_reason(column: ColumnProfile) -> str:
    """Why a column is taken as categories that needs a reason, "" for others."""
    if column.wrong_date:
        return date_reason(column)
    if column.words:
        return f'holds words too, such as "{column.words[0]}"'
    return NAMED_IDENTIFIER if is_key(column) else ""


def is_key(column: ColumnProfile) -> bool:
    """Whether a column is named like an identifier and has no fractions: its numbers are no amounts."""
    return is_named_identifier(column.name) and (column.kind == "text" or column.integer)


def looks_like_image(columns: Sequence[ColumnProfile]) -> bool:
    """Whether there are many columns of whole numbers that lie in the range of pixels."""
    return len(columns) >= IMAGE and pixel_range(columns) > 0


def pixel_range(columns: Sequence[ColumnProfile]) -> float:
    """The largest value that pixels in these columns may have, 0 when they are none."""
    if not all(c.kind == "numbers" and c.integer and c.low >= 0 and not c.words for c in columns):
        return 0.0
    high = max(c.high for c in columns)
    return next((most for most in PIXELS if PIXELS[0] / 2 < high <= most), 0.0)
