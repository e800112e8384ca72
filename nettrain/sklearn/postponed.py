"""Fits that are described but not trained yet, so that many networks can train side by side.

While `postponing` is active, a first fit of an MLPClassifier or MLPRegressor checks its rows, learns its
targets and leaves a PostponedFit behind. Whatever wraps it, such as a Pipeline, goes through its own `fit`
as usual. An estimator that is asked before it is trained is not fitted, and says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.data.reading.conversion import ConvertedTable
from nettrain.sklearn.fitting import FitRequest
from nettrain.sklearn.table import Array, FitTable, inputs_table, labelled_table

if TYPE_CHECKING:
    from nettrain.sklearn.estimator import MLPEstimator


@dataclass(frozen=True, eq=False)
class PostponedFit:
    """A network to train, and the estimator that is fitted by it."""

    estimator: "MLPEstimator"
    request: FitRequest


@dataclass(frozen=True, eq=False)
class _LabelledInputs:
    """The columns of X, those beside them, and the table of both."""

    inputs: ConvertedTable
    others: tuple[Any, ...]
    table: FitTable


@dataclass(frozen=True, eq=False)
class _LearnedRows:
    """X, y and weights as they were passed and as they are checked, and the attributes that they set."""

    passed: tuple[Any, ...]
    checked: tuple[Any, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, eq=False)
class RowTables:
    """What rows that were passed have become: the same rows, passed again, are the same table."""

    # by class of estimator and id of all that was passed, which is kept
    rows: dict[tuple[object, ...], _LearnedRows] = field(default_factory=dict)
    converted: dict[int, tuple[Any, ConvertedTable]] = field(default_factory=dict)  # by id of X, kept too
    labels: dict[int, list[_LabelledInputs]] = field(default_factory=dict)  # by id of the inputs

    def learned(
        self, estimator: "MLPEstimator", passed: tuple[Any, ...], learn: Callable[..., tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """What `learn(*passed)` returns, with the attributes that it sets on an estimator of this class."""
        key = (type(estimator), *map(id, passed))
        if key not in self.rows:
            before = dict(vars(estimator))
            checked, after = learn(*passed), vars(estimator)
            attributes = {name: after[name] for name in after if after[name] is not before.get(name, learn)}
            self.rows[key] = _LearnedRows(passed, checked, attributes)
        estimator.__dict__.update(self.rows[key].attributes)
        return self.rows[key].checked

    def inputs(self, x: Any) -> ConvertedTable:
        """As `inputs_table`."""
        if id(x) not in self.converted:
            self.converted[id(x)] = (x, inputs_table(x))
        return self.converted[id(x)][1]

    def labelled(
        self, inputs: ConvertedTable, y: Array, weight: Array | None, groups: Any, targets: tuple[str, ...]
    ) -> FitTable:
        """As `labelled_table`."""
        known, others = self.labels.setdefault(id(inputs), []), (y, weight, groups, targets)
        for one in known:
            if all(_same(a, b) for a, b in zip(one.others, others, strict=True)):
                return one.table
        known.append(_LabelledInputs(inputs, others, labelled_table(inputs, *others)))
        return known[-1].table


def _same(a: Any, b: Any) -> bool:
    """Whether two columns, or their absence, are equal."""
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


@dataclass(frozen=True, eq=False)
class Postponement:
    """The fits that were postponed, in order, and the tables of their rows."""

    tables: RowTables = field(default_factory=RowTables)
    fits: list[PostponedFit] = field(default_factory=list)


_ACTIVE: ContextVar[Postponement | None] = ContextVar("postponement", default=None)


@contextmanager
def postponing(tables: RowTables) -> Iterator[Postponement]:
    """Postpone the training of first fits in this thread; those of the same rows share their tables."""
    postponement = Postponement(tables)
    token = _ACTIVE.set(postponement)
    try:
        yield postponement
    finally:
        _ACTIVE.reset(token)


@contextmanager
def training_now() -> Iterator[None]:
    """Train fits at once, whether they are postponed around this or not."""
    token = _ACTIVE.set(None)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def postponement() -> Postponement | None:
    """What fits in this thread are to be added to, if they are postponed."""
    return _ACTIVE.get()


def row_tables() -> RowTables:
    """Where fits find the tables of their rows: shared, if they are postponed."""
    active = _ACTIVE.get()
    return RowTables() if active is None else active.tables
