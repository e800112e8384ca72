"""Columns of text by their words: a 0/1 feature for each word that many training rows have.

A word is a run of letters and digits. Characters beyond ASCII count as letters, but for punctuation and
signs; letters from A to Z are as those from a to z. It is that simple so that exported files can do the same.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

import numpy as np
from pydantic import AfterValidator
from typing_extensions import TypedDict

from nettrain.data.columns.cell_inputs import DEFAULT_INPUTS, CellInputs
from nettrain.data.columns.deviation import Deviation, new_gaps, no_cells
from nettrain.data.columns.input_kind import INDICATOR, InputKind
from nettrain.data.columns.numbers import EMPTY
from nettrain.data.tables.arrays import Floats, Indices, Mask
from nettrain.data.tables.spelling import as_text, is_missing
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

# without punctuation: U+0080 to U+00BF, U+2000 to U+206F, U+3000 to U+303F
LETTERS = "0-9A-Za-z\u00c0-\u1fff\u2070-\u2fff\u3040-\U0010ffff"
WORD = f"[{LETTERS}]+"
SHOWN_WORDS = 3  # in a note
BLOCK = 8_000_000  # bytes of text of which all words are listed at once
LONGEST = 1_000_000  # bytes of a text


def words_of(text: str) -> set[str]:
    """The different words of a text."""
    return {in_lower_case(word) for word in re.findall(WORD, text)}


def in_lower_case(word: str) -> str:
    """A word with its letters from A to Z in lower case."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), word)


def _word(text: str) -> str:
    """Raise ValueError for what is no word, as `words_of` returns them."""
    if words_of(text) != {text}:
        raise ValueError("is not a word in lower case")
    return text


class WordColumnJson(TypedDict):
    """A column of text in `preprocessing.json`."""

    name: str
    kind: Literal["words"]
    words: list[Annotated[str, AfterValidator(_word)]]
    gaps: bool
    marked: bool


@dataclass(frozen=True)
class WordColumn:
    """Which of these `words` a cell has, 0 for all of them where it is missing.

    `gaps` says whether training rows had some; where they are `marked` a further 0/1 feature says so.
    """

    name: str
    words: tuple[str, ...]
    gaps: bool
    marked: bool = False
    categories: ClassVar[int] = 0  # of a code

    @property
    def features(self) -> tuple[str, ...]:
        named = tuple(f'{self.name} has "{word}"' for word in self.words)
        return (*named, f"{self.name} is missing") if self.marked else named

    @property
    def kinds(self) -> tuple[InputKind, ...]:
        return (INDICATOR,) * (len(self.words) + self.marked)

    def encode(self, table: Table) -> Floats:
        """(N, words, and 1 for the mark of gaps). Raises DataError at a text that is too long."""
        x = np.zeros((table.height, len(self.kinds)))
        place = {word: k for k, word in enumerate(self.words)}
        for first, texts in blocks(texts_of(table, self.name)):
            found = words_by_row(texts)
            known = found.filter(found["word"].is_in(self.words))
            x[first + known["row"].to_numpy(), [place[word] for word in known["word"]]] = 1
        if self.marked:
            x[:, -1] = is_missing(table, self.name)
        return x

    def invalid_cells(self, table: Table) -> tuple[Mask, str]:
        """No row: any text has words or none."""
        return no_cells(table, self.name), ""

    def deviations(self, table: Table) -> list[Deviation]:
        """Gaps, where training rows had none."""
        return new_gaps(table, self.name, known=self.gaps)

    def to_json(self) -> WordColumnJson:
        return {
            "name": self.name,
            "kind": "words",
            "words": list(self.words),
            "gaps": self.gaps,
            "marked": self.marked,
        }

    @staticmethod
    def from_json(column: WordColumnJson) -> "WordColumn":
        """The column that `to_json` described."""
        return WordColumn(column["name"], tuple(column["words"]), column["gaps"], column["marked"])


def texts_of(table: Table, name: str) -> "pl.Series":
    """A column's texts (N,), null in gaps. Raises DataError at one that is too long."""
    cells = as_text(table, name)
    if longest(cells) > LONGEST:
        row = int(cells.str.len_bytes().arg_max() or 0)
        size = f"a text of {longest(cells):,} bytes, words are taken of at most {LONGEST:,}"
        raise DataError(f'{table.at(row)}: column "{name}": {size}')
    return cells


def longest(cells: "pl.Series") -> int:
    """The bytes of the longest of some texts (N,)."""
    return int(cast(int, cells.str.len_bytes().max()) or 0)


def blocks(cells: "pl.Series") -> Iterator[tuple[int, "pl.Series"]]:
    """The cells (N,) in blocks of some megabytes, whose words need many times as much; each with its row."""
    ends = np.cumsum(cells.str.len_bytes().fill_null(0).to_numpy() + 1)
    first = 0
    while first < len(ends):
        before = int(ends[first - 1]) if first else 0
        after = max(first + 1, int(np.searchsorted(ends, before + BLOCK, side="right")))
        yield first, cells[first:after]
        first = after


def words_by_row(cells: "pl.Series") -> "pl.DataFrame":
    """The different words of each cell of text (N,): a `row` for each, and the `word`."""
    import polars as pl

    texts = pl.DataFrame({"word": cells.cast(pl.String)}).with_row_index("row").drop_nulls()
    each = texts.with_columns(pl.col("word").str.extract_all(WORD)).explode("word").drop_nulls()
    spelled = each["word"].unique()
    plain = [in_lower_case(word) for word in spelled]
    lowered = each["word"].replace_strict(spelled, plain, return_dtype=pl.String)
    return each.with_columns(lowered).unique(maintain_order=True)


def frequent_words(cells: "pl.Series", rows: int, most: int) -> list[str]:
    """The `most` most frequent of the words that at least so many cells (N,) have, and as many lack."""
    import polars as pl

    each = [words_by_row(block)["word"].value_counts(name="rows") for _, block in blocks(cells)]
    counts = pl.concat(each).group_by("word").sum().sort("rows", "word", descending=[True, False])
    telling = counts.filter(counts["rows"].is_between(rows, max(len(cells) - rows, 0)))
    return telling["word"].head(most).to_list()


def fit_words(
    table: Table, name: str, train: Indices, inputs: CellInputs = DEFAULT_INPUTS
) -> tuple[WordColumn | None, list[str]]:
    """The encoder of a column of text by the words of the rows `train`, and notes on it.

    Raises DataError at a text that is too long.
    """
    cells = texts_of(table, name)[train.astype(np.uint32)]
    gaps = cells.null_count()
    if gaps == len(cells):
        return None, [EMPTY]
    words, marked = frequent_words(cells, inputs.words_from, inputs.most), inputs.marks(gaps)
    notes = [words_note(words)] if words else [f"no word of at least {inputs.words_from} training rows"]
    if gaps and marked:
        notes.append(f"{counted(gaps, 'gap')} in the training rows, marked by a 0/1 input")
    if not words and not marked:
        return None, [f"{notes[0]}, left out"]
    return WordColumn(name, tuple(sorted(words)), bool(gaps), marked), notes


def words_note(words: Sequence[str]) -> str:
    """The note on the words that are inputs, the most frequent first."""
    shown = ", ".join(words[:SHOWN_WORDS])
    return f"{counted(len(words), 'word')}, such as {shown}, taken as a 0/1 input each"
