"""The regressor: one number, or several."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_y

from nettrain.sklearn.estimator import Array, MLPEstimator, flat_column
from nettrain.sklearn.settings import Values


class MLPRegressor(RegressorMixin, MLPEstimator):
    """Multilayer perceptron regressor, in place of `sklearn.neural_network.MLPRegressor`.

    Inputs and targets are standardized, and predictions are in the targets' own units. The parameters and
    attributes are those of `MLPClassifier`, without classes.
    """

    def predict(self, X: Any) -> Array:
        """Predict the number of each row, (N,), or its numbers, (N, K)."""
        predictions = self._predictions(X)
        return predictions[:, 0] if self.n_outputs_ == 1 else predictions

    def _checked_y(self, y: Any) -> Array:
        checked = _check_y(flat_column(y), multi_output=True, y_numeric=True)
        return np.asarray(checked, dtype=np.float64)

    def _learn_targets(self, y: Array, weight: Array | None) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _check_targets(self, y: Array) -> None:
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if outputs != self.n_outputs_:
            raise ValueError(f"y has {outputs} columns, expected {self.n_outputs_}")

    def _cells(self, y: Array) -> Array:
        return y

    def _target_settings(self) -> Values:
        return {"target_kind": "numbers"}
