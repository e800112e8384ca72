"""The `data:` block of an experiment file."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings, ShortForm, expects, option
from nettrain.data.cell_formats.date_format import pattern_error
from nettrain.data.columns.cell_inputs import MARK_GAPS_FROM, WORDS_FROM, CellInputs
from nettrain.data.columns.roles import Columns
from nettrain.data.columns.scaling import Scaling, scalings
from nettrain.data.reading.builtin import BUILTINS
from nettrain.data.reading.file_format import described_files, known_files
from nettrain.data.reading.formats import FORMATS
from nettrain.data.reading.memory import MEMORY, SPLITS
from nettrain.data.reading.options import WHITESPACE
from nettrain.data.reading.sources import source_files
from nettrain.data.reading.storage import Storage
from nettrain.data.reading.streams import DASH, STANDARD_INPUT
from nettrain.data.reading.synthetic import SYNTHETICS
from nettrain.data.splitting.fold_settings import FEWEST, Folds
from nettrain.data.splitting.order import OrderBy, OrderSetting
from nettrain.data.tables.spelling import value_text
from nettrain.errors import nearest

SOURCE_NAMES: dict[str, Collection[str]] = {"builtin": BUILTINS, "synthetic": SYNTHETICS, MEMORY: SPLITS}


def is_path(source: object) -> bool:
    """Whether a source names a file: text that does not begin with `builtin:`, `synthetic:` or `memory:`."""
    return isinstance(source, str) and source.partition(":")[0] not in SOURCE_NAMES


def refuse(message: str) -> PydanticCustomError:
    """An error of one sentence about the value; braces in it are text."""
    return PydanticCustomError("data", "{message}", {"message": message})


def elsewhere(path: tuple[str, ...], message: str) -> PydanticCustomError:
    """An error about the value of another key than the one that is validated."""
    return PydanticCustomError("elsewhere", "{text}", {"text": message, "path": path})


def known_source(source: str) -> str:
    """The source, when it can be read. Raises PydanticCustomError otherwise."""
    if source == DASH:
        raise refuse(f"is {STANDARD_INPUT}, which a run could not read again; save the rows to a file")
    kind, _, name = source.partition(":")
    if kind in SOURCE_NAMES:
        if name not in SOURCE_NAMES[kind]:
            raise refuse(f"is not a {kind} source{nearest(name, SOURCE_NAMES[kind])}")
    elif PurePath(source).suffix and not source.lower().endswith(tuple(FORMATS)):
        raise refuse(f"is not a source ({known_files()}, builtin:NAME or synthetic:NAME)")
    return source


def split_size(size: float | str | None) -> float | str | None:
    """A share of the rows below 1, a whole number of rows, or another source; 0 and null mean none."""
    if isinstance(size, str):
        return known_source(size)
    if size is not None and size < 0:
        raise refuse("is below 0")
    if isinstance(size, float) and size >= 1:
        raise refuse("is not below 1 (a count of rows is a whole number)")
    return size


def one_character(separator: str) -> str:
    """The separator: `auto`, `whitespace`, or a character of one byte that does not end or quote a cell."""
    single = len(separator) == 1 and separator.isascii() and separator not in '"\r\n'
    if separator not in ("auto", WHITESPACE) and not single:
        raise refuse(f"is not auto, {WHITESPACE} or one character")
    return separator


def comment_mark(comment: object) -> object:
    """The comment: `auto`, `none`, or what lines begin with; YAML reads an unquoted # as null."""
    if not isinstance(comment, str) or not comment.strip() or any(end in comment for end in '\r\n"'):
        raise refuse('is not auto, none or what comments begin with, such as "#" (in quotes)')
    return comment


def different_names(names: list[str | int | float] | None) -> list[str | int | float] | None:
    """The names of columns, of which no two are equal."""
    texts = [str(name) for name in names or []]
    twice = [name for name, count in Counter(texts).items() if count > 1]
    if twice:
        raise refuse(f'names two columns "{twice[0]}"')
    if "" in texts:
        raise refuse("has an empty name")
    return names


def date_pattern(pattern: str) -> str:
    """A pattern by which dates can be read. Raises PydanticCustomError otherwise."""
    error = pattern_error(pattern)
    if error:
        raise refuse(f"is not a format of dates: {error}")
    return pattern


SkippedLines = Annotated[
    Annotated[int, Field(ge=0)] | Literal["auto"], expects("auto or a number of lines from 0")
]
CategoryCount = Annotated[
    Annotated[int, Field(ge=1)] | Literal["auto"], expects("auto or a number of values from 1")
]
Comment = Annotated[str, BeforeValidator(comment_mark)]
Names = Annotated[
    Annotated[list[str | int | float], Field(min_length=1)] | None,
    expects("a list of names"),
    AfterValidator(different_names),
]


def dash(source: object) -> object:
    """The source, `-` where YAML takes it for an empty list."""
    return DASH if source == [None] else source


SourceName = Annotated[str, BeforeValidator(dash), AfterValidator(known_source)]
Size = Annotated[
    Annotated[float | int | str | None, expects("a share, a count or a source")], AfterValidator(split_size)
]
TargetColumns = Annotated[
    Annotated[list[str | int], Field(min_length=1)] | str | int | None,
    expects("a column's name or position, or a list of them"),
]
DatePattern = Annotated[str, AfterValidator(date_pattern)]
# as a cell spells it: a number becomes its digits
CellText = Annotated[
    str, BeforeValidator(value_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
ClassWeights = Annotated[
    Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)] | Literal["balanced"] | None,
    expects("balanced, or a block of classes with a number from 0 each"),
]


class DataSettings(Settings):
    """Where rows come from, what is predicted, which rows are held out, and how cells become numbers."""

    source: SourceName = Field(description=f"builtin:NAME, synthetic:NAME, {described_files()}")
    target: TargetColumns = option(
        None,
        "what is predicted: a column's name, or its position from 0 or, negative, from the end, "
        "or a list of those; "
        "null is the last column, or what a built-in source says",
    )
    test: Size = option(
        None,
        "rows for the final figures: a share or a count, cut first, or a second source; "
        "null takes a built-in source's own",
    )
    validation: Size = option(
        0.15,
        "rows on which training is monitored: a share or a count of what is left, or a second source; "
        "0 is none",
    )
    folds: Annotated[Folds | None, ShortForm("count", FEWEST)] = option(
        None,
        "cross-validation in place of validation rows: each part of the rows validates a network that the "
        "others have trained; 5 is short for {count: 5}",
    )
    header: Annotated[Literal["auto"] | bool, expects("auto, true or false")] = option(
        "auto", "whether the first row of a file names its columns"
    )
    separator: Annotated[str, AfterValidator(one_character)] = option(
        "auto",
        "between the cells of a row: one character, or whitespace for runs of blanks and tabs; "
        "auto tries comma, semicolon, tab, bar and whitespace",
    )
    sheet: Annotated[str | int | None, expects("a sheet's name or position")] = option(
        None,
        "the sheet of an Excel workbook: its name, or its position from 0; null is the first with cells",
    )
    skip_rows: SkippedLines = option(
        "auto", "lines of a text file above its table, titles for instance; auto recognises most"
    )
    comment: Comment = option(
        "auto",
        'what lines of a text file begin with that are comments, such as "#"; none: there are none; '
        "auto recognises those above the table, and their like below",
    )
    names: Names = option(
        None, "the columns' names, all of them, of a file without a header, or in place of its header"
    )
    decimal: Literal["auto", ".", ","] = option(
        "auto",
        "the decimal mark where cells leave it open: 1,234 may be 1.234 or 1234; "
        "auto takes the mark of other columns, where their cells tell",
    )
    dates: dict[str, DatePattern] = option(
        {}, "columns of dates, each with its format as of strptime, such as %d/%m/%Y; a time may follow"
    )
    missing: list[Annotated[str | int | float, expects("text or a number")]] = option(
        ["", "?", "NA", "NaN"], "cells that mean no value"
    )
    missing_target: Literal["refuse", "drop"] = option(
        "refuse", "what is done about rows without a target: an error, or leave them out and count them"
    )
    columns: Columns = option({}, "roles of columns")
    max_categories: CategoryCount = option(
        "auto",
        "values of a column of categories with an input of their own; rarer ones share an input; auto: 1000, "
        "and fewer, but at least 50, where those of all columns would be more than 50 million numbers",
    )
    one_hot_up_to: int | None = option(
        None,
        "columns of categories that would take more 0/1 inputs than this have one input with a code, which "
        "the network embeds (model.category_dimension); the input for missing cells counts; null: none have",
        ge=1,
    )
    binary_categories: Literal["indicators", "sign"] = option(
        "indicators",
        "inputs of a column of two categories: a 0/1 input for each, or one of -1 and 1 that is 0 where it "
        "is missing or unseen",
    )
    mark_gaps_from: int = option(
        MARK_GAPS_FROM,
        "gaps in the training rows from which on those of a column have a 0/1 input of their own; fewer are "
        "filled in alone; 0: any gap has, and columns of categories have one for missing and unseen cells",
        ge=0,
    )
    words_from: int = option(
        WORDS_FROM,
        "training rows that must have a word of a column in columns.words, and as many must lack it, for the "
        "word to be an input; of more than max_categories words the most frequent are",
        ge=1,
    )
    labels: dict[str, CellText] = option({}, "renames cells of the target before anything else")
    positive: Annotated[str | int | float | bool | None, expects("a class")] = option(
        None, "the class that counts as positive, of two; null is the second in order"
    )
    target_kind: Literal["auto", "classes", "numbers", "labels"] = option(
        "auto",
        "text, booleans, and whole numbers of at most 20 values with 5 rows each are classes; "
        "several columns of 0 and 1 are labels; all else is numbers",
    )
    scaling: Annotated[Scaling, Choice(scalings)] = option(
        {"name": "standard"}, "what is done to numeric columns, fitted on the training rows"
    )
    scale_indicators: bool = option(False, "whether 0/1 and -1/1 inputs go through the scaling too")
    target_scaling: Literal["auto", "standard", "none"] = option(
        "auto", "whether targets are centred and divided by their spread; auto does it to numbers"
    )
    class_weights: ClassWeights = option(
        None,
        "how much a training row of each class counts, 1 where not named; "
        "balanced: every class counts the same in all",
    )
    stratify: bool = option(True, "whether each split gets its share of every class")
    order: OrderSetting = option(
        "random",
        "time keeps the last rows for test, and those before them for validation; so does {by: COLUMN}, "
        "in the order of a column of dates or numbers",
    )
    seed: int | None = option(None, "of the splits and of synthetic rows", ge=0, lt=2**64)
    storage: Storage = option(
        "auto",
        "where the rows of an NPY or Parquet file are: in memory, or on disk, for data that are larger than "
        "it; auto: on disk where they would take more than half of the memory that is free",
    )

    @property
    def cell_inputs(self) -> CellInputs:
        """How cells become inputs."""
        assert self.max_categories != "auto", "settings are resolved"
        sign = self.binary_categories == "sign"
        return CellInputs(self.max_categories, self.one_hot_up_to, sign, self.mark_gaps_from, self.words_from)

    @property
    def files(self) -> list[Path]:
        """The files that its sources consist of."""
        sources = [source for source in (self.source, self.test, self.validation) if isinstance(source, str)]
        return [file for source in sources if is_path(source) for file in source_files(Path(source))]

    @property
    def holds_out_validation(self) -> bool:
        """Whether rows are to be held out for validation, those of a fold or others."""
        return bool(self.validation) or self.folds is not None

    @property
    def trains_folds(self) -> bool:
        """Whether a network is trained for each fold, rather than one alone."""
        return self.folds is not None and self.folds.take is None

    @model_validator(mode="before")
    @classmethod
    def folds_validate(cls, values: object) -> object:
        """Folds take the place of the validation rows that there are by default."""
        if isinstance(values, dict) and values.get("folds") is not None and "validation" not in values:
            return {**values, "validation": 0}
        return values

    @model_validator(mode="after")
    def refuse_other_validation(self) -> "DataSettings":
        """Refuse validation rows beside those of the folds."""
        if self.folds is not None and self.validation:
            raise elsewhere(
                ("data", "validation"),
                f"{self.validation} does not go with data.folds, whose held-out rows validate; "
                "remove it or write 0",
            )
        return self

    @model_validator(mode="after")
    def refuse_repeats_in_time(self) -> "DataSettings":
        """Refuse repeats in the order of time, which would all be the same."""
        if self.folds is not None and self.folds.repeats > 1 and self.order != "random":
            raise elsewhere(
                ("data", "folds", "repeats"),
                f"{self.folds.repeats} does not go with data.order, by which every repeat would be the same",
            )
        return self

    @model_validator(mode="after")
    def refuse_groups_in_time(self) -> "DataSettings":
        """Refuse groups in the order of time, which would cut through them."""
        if self.order != "random" and self.columns.group is not None:
            order = f"{{by: {self.order.by}}}" if isinstance(self.order, OrderBy) else '"time"'
            raise elsewhere(
                ("data", "order"),
                f"{order} does not go with data.columns.group: the last rows may hold half a group",
            )
        return self
