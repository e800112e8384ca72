"""How cells become inputs, as the settings of an experiment say, and what notes say of it."""

from dataclasses import dataclass
from typing import Literal

CATEGORIES = 50  # of a column with a feature of their own, however many rows there are
# Where few rows have a gap, an input that marks it learns these by heart, and misleads for all later ones: of
# 344 penguins two lack all measurements, and a network took each for the species of the other.
MARK_GAPS_FROM = 10  # gaps in the training rows, unless the settings say otherwise
WORDS_FROM = 20  # training rows that have a word, likewise
SIGNED = 2  # values of a column that may become a sign
CategoryEncoding = Literal["indicators", "sign", "code"]
GAP_PHRASES: dict[CategoryEncoding, str] = {
    "indicators": "marked by a 0/1 input of its own",
    "sign": "which become 0",
    "code": "a category of their own",
}
MARKED = "; a 0/1 input marks gaps"
FILLED = "filled with the shares of the categories"


@dataclass(frozen=True)
class CellInputs:
    """How cells become inputs, as the settings of an experiment say.

    Of a column of categories at most `most` values, the most frequent, are told apart. One that would take
    more than `one_hot_up_to` indicators has a code instead, and with `sign` one of two values a sign. Columns
    with fewer gaps in the training rows than `mark_gaps_from` have no indicator for these. Of columns
    of text `most` words are told apart that at least `words_from` training rows have, and as many lack.
    """

    most: int = CATEGORIES
    one_hot_up_to: int | None = None
    sign: bool = False
    mark_gaps_from: int = MARK_GAPS_FROM
    words_from: int = WORDS_FROM

    def marks(self, gaps: int) -> bool:
        """Whether so many gaps in the training rows have an indicator; of categories even none may."""
        return gaps >= max(1, self.mark_gaps_from)

    def encoding(self, values: int, *, rare: bool) -> CategoryEncoding:
        """The encoding of a column with so many values that are told apart, and `rare` ones or none."""
        if self.sign and values == SIGNED and not rare:
            return "sign"
        many = self.one_hot_up_to is not None and values + rare + 1 > self.one_hot_up_to
        return "code" if many else "indicators"


DEFAULT_INPUTS = CellInputs()


def code_note(inputs: CellInputs) -> str:
    """The note on a column with a code."""
    return f"more than {inputs.one_hot_up_to} categories, embedded by their codes (data.one_hot_up_to)"


def many_note(distinct: int, most: int, encoding: CategoryEncoding = "indicators") -> str:
    """The note on a column with more values than are told apart."""
    own, one = ("a code", "a code") if encoding == "code" else ("an input", "one")
    which = f"the {most} most frequent get {own} each" if most > 1 else f"the most frequent gets {own}"
    rest = f"the rest ({distinct - most}) share {one}"
    return f"{distinct} different values; {which} (data.max_categories), {rest}"
