"""The columns that a prediction needs, and how their cells become the features of a network.

The caller passes one array (N,) for each column: numbers, NaN in gaps; text, "" in gaps; or dates as seconds
since 1970-01-01 UTC, NaN in gaps. What settings say of the cells of a file, such as units and decimal commas,
lies in front of that: 7.4 is passed for `7,4 kg`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Literal

import numpy as np

from nettrain.backend.base import Array
from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.dates import DateColumn
from nettrain.data.columns.encoding import Encoder
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.columns.words import WordColumn, words_of
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import InputLayout
from nettrain.data.tables.spelling import decimal, normalized
from nettrain.export.calendar import component
from nettrain.export.node import ROWS, GraphNode, Option
from nettrain.export.traced import Traced, named

ColumnKind = Literal["number", "text", "date"]
MATRIX = "x"  # the name of a matrix of all columns
EXACT = 1 << 24  # whole numbers up to here are exact in float32
CASES = (str.lower, str.capitalize, str.upper)  # of false and true


@dataclass(frozen=True)
class ColumnInput:
    """A column of the data that the caller passes, and of what kind its cells are."""

    name: str
    kind: ColumnKind


class GraphInputs:
    """The columns that several preprocessings of one layout read, as inputs of a graph.

    With `matrix` there is one input (N, C) instead, which holds them in this order; all are numbers then.
    """

    def __init__(self, preprocessings: Sequence[Preprocessing], *, matrix: bool = False) -> None:
        self._preprocessings, self._matrix = preprocessings, matrix

    @cached_property
    def inputs(self) -> tuple[ColumnInput, ...]:
        """The columns in the order of the data."""
        kinds: dict[str, ColumnKind] = {}
        for one in self._preprocessings:
            for encoder in one.encoders:
                kind = kind_of(encoder)
                kinds[encoder.name] = "text" if "text" in (kind, kinds.get(encoder.name)) else kind
        order = {name: k for k, name in enumerate(self._preprocessings[0].layout.columns)}
        return tuple(ColumnInput(name, kinds[name]) for name in sorted(kinds, key=lambda name: order[name]))

    @cached_property
    def _arrays(self) -> dict[str, Traced]:
        if self._matrix:
            return {one.name: self._table[:, k] for k, one in enumerate(self.inputs)}
        return {one.name: _input(one.name, (ROWS,), one.kind) for one in self.inputs}

    @cached_property
    def _table(self) -> Array:
        return _input(MATRIX, (ROWS, len(self.inputs)), "number")

    def array(self, name: str) -> Array:
        """The cells (N,) of a column."""
        return self._arrays[name]

    def numbers(self, names: Sequence[str]) -> Array:
        """The cells (N, C) of several columns of numbers."""
        if self._matrix:
            order = [one.name for one in self.inputs]
            return self._table[:, [order.index(name) for name in names]]
        return np.stack([self._arrays[name] for name in names], axis=-1)


def _input(name: str, shape: tuple[int, ...], kind: ColumnKind) -> Array:
    dtype = np.dtype(np.str_ if kind == "text" else np.float64)
    return Traced(GraphNode("input", shape, dtype, options={"column": name}, name=name))


def kind_of(encoder: Encoder) -> ColumnKind:
    """What the caller passes for the column of this encoder."""
    if isinstance(encoder, DateColumn):
        return "date"
    if isinstance(encoder, NumberColumn):
        return "number"
    if isinstance(encoder, WordColumn):
        return "text"
    return "number" if numeric_values(encoder) else "text"


def numeric_values(column: CategoryColumn) -> tuple[float, ...]:
    """The values of a column whose categories are numbers that float32 holds exactly; else none."""
    if column.form not in ("integers", "numbers"):
        return ()
    numbers = [decimal(value) for value in column.values]
    values = tuple(float(number) for number in numbers if number is not None)
    exact = all(abs(value) <= EXACT and float(np.float32(value)) == value for value in values)
    return values if exact and len({*values}) == len(column.values) else ()


def encoded(preprocessing: Preprocessing, columns: GraphInputs) -> Array:
    """The features (N, D) of the rows, scaled: the input of a network, in float64."""
    encoders = preprocessing.scaled_encoders
    plain = [one for one in encoders if isinstance(one, NumberColumn)]
    parts = [_numbers(plain, columns)] if plain else []
    places = _places(encoders, plain)
    for encoder in encoders:
        if not isinstance(encoder, NumberColumn):
            parts.append(_features(encoder, columns, preprocessing.layout))
    joined: Array = np.concatenate(parts, axis=-1)
    return preprocessing.scaled(joined[:, places])


def _places(encoders: Sequence[Encoder], plain: Sequence[NumberColumn]) -> list[int]:
    """Where each feature is: numbers come first, then the marks of their gaps, then all others."""
    gaps = [one for one in plain if one.marked]
    number = {one.name: k for k, one in enumerate(plain)}
    mark = {one.name: len(plain) + k for k, one in enumerate(gaps)}
    places, done = [], len(plain) + len(gaps)
    for encoder in encoders:
        if isinstance(encoder, NumberColumn):
            places += [number[encoder.name], *([mark[encoder.name]] if encoder.marked else [])]
        else:
            count = len(encoder.kinds)
            places += range(done, done + count)
            done += count
    return places


def _numbers(encoders: Sequence[NumberColumn], columns: GraphInputs) -> Array:
    """Numbers with gaps filled, then the marks of gaps of those columns that have one."""
    cells = columns.numbers([one.name for one in encoders])
    missing = np.isnan(cells)
    filled = np.where(missing, np.array([one.fill for one in encoders]), cells)
    marked = [k for k, one in enumerate(encoders) if one.marked]
    if not marked:
        return filled
    return np.concatenate([filled, missing[:, marked].astype(np.float64)], axis=-1)


def _features(
    encoder: CategoryColumn | DateColumn | WordColumn, columns: GraphInputs, layout: InputLayout
) -> Array:
    """The features (N, w) of a column of categories, dates or text."""
    cells = columns.array(encoder.name)
    if isinstance(encoder, DateColumn):
        return _date_features(encoder, cells)
    if isinstance(encoder, WordColumn):
        return _word_features(encoder, cells, layout)
    own: Array = named(_positions(encoder, cells, layout), f"{encoder.name} position")
    return encoder.features_at(own)


def _date_features(column: DateColumn, seconds: Array) -> Array:
    missing = np.isnan(seconds)
    first = column.first.replace(tzinfo=UTC).timestamp()
    parts = [
        np.where(missing, fill, component(name, seconds, first))
        for name, fill in zip(column.components, column.fill, strict=True)
    ]
    marks = [missing.astype(np.float64)] if column.marked else []
    return np.stack([*parts, *marks], axis=-1)


def _word_features(column: WordColumn, cells: Array, layout: InputLayout) -> Array:
    """Whether a cell has each word; what stands for a gap has none."""
    gaps = ("", *layout.missing)
    missing = recorded("lookup", cells, np.int64, {"other": 0}, dict.fromkeys(gaps, 1)) == 1
    parts = []
    for word in column.words:
        found = recorded("has_word", cells, np.bool_, {"word": word})
        parts.append(found & ~missing if any(word in words_of(gap) for gap in gaps) else found)
    marks = [missing] if column.marked else []
    return np.stack([one.astype(np.float64) for one in (*parts, *marks)], axis=-1)


def recorded(
    operation: str,
    cells: Array,
    dtype: type[np.generic],
    options: Mapping[str, Option],
    table: Mapping[str, int] | None = None,
) -> Array:
    """What an operation on texts (N,) gives."""
    return Traced(GraphNode(operation, cells.shape, np.dtype(dtype), (cells.node,), options, table=table))


def _positions(column: CategoryColumn, cells: Array, layout: InputLayout) -> Array:
    """The position (N,) of each cell's category, as in training."""
    unseen, gap = len(column.values), column.told_apart - 1
    if cells.dtype.kind == "U":
        return recorded("lookup", cells, np.int64, {"other": unseen}, texts(column, layout))
    equal = cells[:, None] == np.array(numeric_values(column))
    known = equal.max(axis=-1)
    found = np.where(known, equal.argmax(axis=-1), unseen)
    return np.where(np.isnan(cells), gap, found)


def texts(column: CategoryColumn, layout: InputLayout) -> dict[str, int]:
    """The position of each spelling of a category, and of what stands in gaps."""
    import polars as pl

    gaps = dict.fromkeys(("", *layout.missing), column.told_apart - 1)
    keys = normalized(pl.Series(column.values, dtype=pl.String), column.form).to_list()
    if column.form == "booleans":
        return gaps | {case(key): k for k, key in enumerate(keys) for case in CASES}
    spelled = dict(zip(column.values, range(len(keys)), strict=True))
    return gaps | spelled | dict(zip(keys, range(len(keys)), strict=True))
