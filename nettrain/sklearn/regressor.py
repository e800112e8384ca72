"""The regressor: one number, or several."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_y, check_is_fitted

from nettrain.data.targets.target import Target
from nettrain.inference.predictions import predict_distributions
from nettrain.sklearn.checked_rows import flat_column
from nettrain.sklearn.estimator import MLPEstimator
from nettrain.sklearn.fitted import NETWORK
from nettrain.sklearn.fitting import as_value_error
from nettrain.sklearn.settings import Values
from nettrain.sklearn.table import Array
from nettrain.workflow.intervals import checked_levels, levels_of


class MLPRegressor(RegressorMixin, MLPEstimator):
    """Multilayer perceptron regressor, in place of `sklearn.neural_network.MLPRegressor`.

    Inputs and targets are standardized, and predictions are in the targets' own units. The parameters and
    attributes are those of `MLPClassifier` without classes, but for:

    Parameters
    ----------
    loss : str, optional
        squared_error, poisson, or another of `nettrain list loss`; default: squared_error. With pinball and
        gaussian_nll there are also `predict_interval` and `predict_quantiles`.

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
        recipe: str | None = None,
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
            recipe=recipe,
            config=config,
        )
        self.loss = loss

    def predict(self, X: Any) -> Array:
        """Predict the number of each row, (N,), or its numbers, (N, K)."""
        predictions = self._predictions(X)
        return predictions[:, 0] if self._targets == 1 else predictions

    def predict_interval(self, X: Any, level: float = 0.9) -> Array:
        """Predict an interval that holds each number with this probability.

        Parameters
        ----------
        X : array or frame
            As for `predict`.
        level : float
            The probability; loss pinball has the intervals between its quantiles, gaussian_nll all.

        Returns
        -------
        numpy.ndarray
            (N, 2) of the lower and the upper end, for several targets (N, K, 2).

        Raises
        ------
        ValueError
            When the loss is another, or has not the quantiles at the ends.
        """
        check_is_fitted(self, NETWORK)
        with as_value_error():
            levels = levels_of(self._network.trained, level)
        return self._quantiles(X, levels)

    def predict_quantiles(self, X: Any, levels: Sequence[float] | None = None) -> Array:
        """Predict quantiles of each number.

        Parameters
        ----------
        X : array or frame
            As for `predict`.
        levels : sequence of float, optional
            Which quantiles; default: those of loss pinball, or 0.05, 0.5 and 0.95 of gaussian_nll.

        Returns
        -------
        numpy.ndarray
            (N, L), for several targets (N, K, L).

        Raises
        ------
        ValueError
            When the loss is another, or has not these quantiles.
        """
        check_is_fitted(self, NETWORK)
        with as_value_error():
            chosen = checked_levels(self._network.trained, levels)
        return self._quantiles(X, chosen)

    def _quantiles(self, X: Any, levels: Sequence[float]) -> Array:
        encoded, networks = self._encoded(X), self._network.trained.select_members().networks
        with as_value_error(), np.errstate(all="ignore"):
            distribution = predict_distributions(networks, encoded).distribution
        assert distribution is not None, "levels are checked before"
        values = distribution.quantiles(levels)
        return values[:, 0] if self._targets == 1 else values

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

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
