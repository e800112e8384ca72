"""How columns of categories become inputs, as the settings of an experiment say, and what notes say of it."""

from dataclasses import dataclass
from typing import Literal

MOST_CATEGORIES = 50  # with a feature of their own, unless the settings say otherwise
SIGNED = 2  # values of a column that may become a sign
CategoryEncoding = Literal["indicators", "sign", "code"]
GAP_PHRASES: dict[CategoryEncoding, str] = {
    "indicators": "marked by a 0/1 input of its own",
    "sign": "which become 0",
    "code": "a category of their own",
}


@dataclass(frozen=True)
class CategoryInputs:
    """How columns of categories become inputs, as the settings of an experiment say.

    At most `most` values, the most frequent, are told apart. A column that would take more than
    `one_hot_up_to` indicators has a code instead, and with `sign` one of two values a sign.
    """

    most: int = MOST_CATEGORIES
    one_hot_up_to: int | None = None
    sign: bool = False

    def encoding(self, values: int, *, rare: bool) -> CategoryEncoding:
        """The encoding of a column with so many values that are told apart, and `rare` ones or none."""
        if self.sign and values == SIGNED and not rare:
            return "sign"
        many = self.one_hot_up_to is not None and values + rare + 1 > self.one_hot_up_to
        return "code" if many else "indicators"


ONE_HOT = CategoryInputs()


def code_note(inputs: CategoryInputs) -> str:
    """The note on a column with a code."""
    return f"more than {inputs.one_hot_up_to} categories, embedded by their codes (data.one_hot_up_to)"


def many_note(distinct: int, most: int, encoding: CategoryEncoding = "indicators") -> str:
    """The note on a column with more values than are told apart."""
    own, one = ("a code", "a code") if encoding == "code" else ("an input", "one")
    which = f"the {most} most frequent get {own} each" if most > 1 else f"the most frequent gets {own}"
    rest = f"the rest ({distinct - most}) share {one}"
    return f"{distinct} different values; {which} (data.max_categories), {rest}"
