"""What the columns of a run's data became."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.dates import DateColumn
from nettrain.data.columns.encoding import Encoder
from nettrain.data.columns.words import WordColumn
from nettrain.data.preprocessing import Preprocessing


@dataclass(frozen=True)
class ColumnFact:
    """One input column: its kind, the range or the values of the training rows, and its inputs.

    `fill` is what a gap becomes; `gaps` says whether training rows had some, and `marked` whether an input of
    its own says where.
    """

    name: str
    kind: str  # numbers, yes or no, categories, dates, text
    inputs: int
    low: str | float | None = None
    high: str | float | None = None
    values: tuple[str, ...] = ()
    rare: bool = False
    gaps: bool = False
    fill: float | None = None
    marked: bool = False


def column_facts(preprocessing: Preprocessing) -> list[ColumnFact]:
    """The input columns in the order of the network's inputs."""
    return [_fact(encoder) for encoder in preprocessing.encoders]


def _fact(encoder: Encoder) -> ColumnFact:
    name, many = encoder.name, len(encoder.features)
    if isinstance(encoder, CategoryColumn):
        values, rare, marked = encoder.values, encoder.rare, not encoder.fill
        return ColumnFact(
            name, "categories", many, values=values, rare=rare, gaps=encoder.gaps, marked=marked
        )
    gaps, marked = encoder.gaps, encoder.marked
    if isinstance(encoder, WordColumn):
        return ColumnFact(name, "text", many, values=encoder.words, gaps=gaps, marked=marked)
    if isinstance(encoder, DateColumn):
        first, last = (str(when).removesuffix(" 00:00:00") for when in (encoder.first, encoder.last))
        return ColumnFact(name, "dates", many, first, last, gaps=gaps, marked=marked)
    if encoder.truth:
        return ColumnFact(name, "yes or no", many, gaps=gaps, fill=encoder.fill, marked=marked)
    low, high = _finite(encoder.low), _finite(encoder.high)
    return ColumnFact(name, "numbers", many, low, high, gaps=gaps, fill=encoder.fill, marked=marked)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


@dataclass(frozen=True)
class ClassShare:
    """A class of the target, and the number of its training rows."""

    name: str
    rows: int


def class_shares(preprocessing: Preprocessing, y: HostArray) -> list[ClassShare]:
    """How many of the rows with targets y (N,) each class has."""
    counts = np.bincount(y, minlength=len(preprocessing.classes))
    return [ClassShare(name, int(n)) for name, n in zip(preprocessing.classes, counts, strict=True)]
