"""The rows of a cross-validation, cut into folds as scikit-learn does it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

Arguments = Mapping[str, Any]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class CutRows:
    """Rows of X and y, and the arguments of `fit`, or those of the scorers, for just these rows."""

    x: Any
    y: Any
    arguments: Arguments

    @property
    def positional(self) -> tuple[Any, ...]:
        """X, and y where there is one."""
        return (self.x,) if self.y is None else (self.x, self.y)


@dataclass(frozen=True, eq=False)
class AllRows:
    """All rows: X, y, and the arguments of `fit` and of the scorers, of which some have a value per row."""

    x: Any
    y: Any
    fit_arguments: Arguments = field(default_factory=dict)
    score_arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fold:
    """The positions of the rows that train and of those that test, and the rows themselves."""

    number: int
    train: Positions
    test: Positions
    rows: AllRows

    @property
    def cells(self) -> int:
        """The number of cells of X that train."""
        shape = getattr(self.rows.x, "shape", (len(self.train), 1))
        return len(self.train) * math.prod(shape[1:])

    def training(self, estimator: BaseEstimator) -> CutRows:
        """The rows on which the estimator is fitted, with the arguments of `fit`."""
        x, y = _safe_split(estimator, self.rows.x, self.rows.y, self.train)
        return CutRows(x, y, self._arguments(self.rows.fit_arguments, self.train))

    def scored_training(self, estimator: BaseEstimator) -> CutRows:
        """The same rows, with the arguments of the scorers."""
        x, y = _safe_split(estimator, self.rows.x, self.rows.y, self.train)
        return CutRows(x, y, self._arguments(self.rows.score_arguments, self.train))

    def testing(self, estimator: BaseEstimator) -> CutRows:
        """The rows on which the estimator is scored, with the arguments of the scorers."""
        x, y = _safe_split(estimator, self.rows.x, self.rows.y, self.test, self.train)
        return CutRows(x, y, self._arguments(self.rows.score_arguments, self.test))

    def _arguments(self, arguments: Arguments, positions: Positions) -> Arguments:
        cut: Arguments = _check_method_params(self.rows.x, params=dict(arguments), indices=positions)
        return cut
