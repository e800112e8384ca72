"""The regressor: one number, or several."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_y

from nettrain.data.targets.target import Target
from nettrain.sklearn.estimator import Array, MLPEstimator, flat_column
from nettrain.sklearn.settings import Values


class MLPRegressor(RegressorMixin, MLPEstimator):
    """Multilayer perceptron regressor, in place of `sklearn.neural_network.MLPRegressor`.

    Inputs and targets are standardized, and predictions are in the targets' own units. The parameters and
    attributes are those of `MLPClassifier` without classes, but for:

    Parameters
    ----------
    loss : str, optional
        squared_error, poisson, or another of `nettrain list loss`; default: squared_error.

    Attributes
    ----------
    validation_scores_ : list of float or None
        R² of validation rows after every epoch; of several targets nearly so.
    out_activation_ : str
        identity, or exp of poisson.
    """

    def __init__(
        self,
        loss: str | None = None,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | None = None,
        *,
        solver: str | None = None,
        alpha: float | None = None,
        batch_size: int | str | None = None,
        learning_rate: str | None = None,
        learning_rate_init: float | None = None,
        power_t: float | None = None,
        max_iter: int | None = None,
        shuffle: bool | None = None,
        random_state: int | np.random.RandomState | None = None,
        tol: float | None = None,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float | None = None,
        nesterovs_momentum: bool | None = None,
        early_stopping: bool | None = None,
        validation_fraction: float | None = None,
        beta_1: float | None = None,
        beta_2: float | None = None,
        epsilon: float | None = None,
        n_iter_no_change: float | None = None,
        max_fun: int | None = None,
        config: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            config=config,
        )
        self.loss = loss

    def predict(self, X: Any) -> Array:
        """Predict the number of each row, (N,), or its numbers, (N, K)."""
        predictions = self._predictions(X)
        return predictions[:, 0] if self._targets == 1 else predictions

    def _checked_y(self, y: Any) -> Array:
        checked = _check_y(flat_column(y), multi_output=True, y_numeric=True)
        return np.asarray(checked, dtype=np.float64)

    def _learn_targets(self, y: Array, weight: Array | None) -> None:
        self._targets = 1 if y.ndim == 1 else y.shape[1]

    def _check_targets(self, y: Array) -> None:
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if outputs != self._targets:
            raise ValueError(f"y has {outputs} columns, expected {self._targets}")

    def _cells(self, y: Array) -> Array:
        return y

    def _target_settings(self) -> Values:
        return {"target_kind": "numbers"}

    def _learn_from_run(self, target: Target) -> None:
        if target.kind != "numbers":
            raise ValueError(f"the run predicts {target.kind}: MLPClassifier.from_run")
        self._targets = len(target.names)
