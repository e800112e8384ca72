"""What a fitted estimator can be asked, and how it is stored, whatever it predicts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from nettrain.backend.blas_threads import borrowed_blas_threads
from nettrain.data.unpredictable import read_predictable
from nettrain.inference.predictions import predict
from nettrain.model.architecture import Node
from nettrain.model.parameters import views
from nettrain.sklearn.checked_rows import checked_inputs
from nettrain.sklearn.fitting import as_value_error
from nettrain.sklearn.pickled import packed, unpacked
from nettrain.sklearn.table import Array, inputs_table, memory_of
from nettrain.sklearn.threads import predicting
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.prediction import unpredictable_lines
from nettrain.workflow.run import Run

NETWORK = "_network"  # the attribute that holds the fitted network


@dataclass(frozen=True, eq=False)
class KnownPredictions:
    """What an estimator predicts for the rows of this very X, (N, K)."""

    x: Any
    predictions: Array


class FittedEstimator(CallbackSupportMixin, BaseEstimator):
    """An estimator with the network that `fit` has trained."""

    _network: MemoryRun
    _known: KnownPredictions | None = None  # of rows on which it is scored
    _columns: tuple[str, ...]  # of X, as the network knows them
    _targets: int  # columns of y
    _target_names: tuple[str, ...]  # of y where it was first fitted, if it had some
    t_: int
    verbose: bool

    @property
    def _run(self) -> Run:
        return Run(self._network)

    def _predictions(self, X: Any) -> Array:
        """What the network predicts for X (N, K)."""
        check_is_fitted(self, NETWORK)
        if self._known is not None and self._known.x is X:
            return self._known.predictions
        encoded, order = self._encoded(X), self._order()
        trained = self._network.trained.select_members()
        with as_value_error(), predicting(trained) as trained, np.errstate(all="ignore"):
            predictions = predict(trained.networks, encoded)
        return predictions if order is None else predictions[:, order]

    def _order(self) -> list[int] | None:
        """The columns of the network's predictions in the order of the estimator's, where it has its own."""
        return None

    def _encoded(self, X: Any) -> Array:
        """The inputs of the network for X, (N, D)."""
        trained = self._network.trained
        memory = memory_of(inputs_table(checked_inputs(self, X), self._columns))
        with as_value_error(), np.errstate(all="ignore"):
            rows = read_predictable(memory, trained.preprocessing, dtype=trained.experiment.backend.dtype)
            if rows.unpredictable:
                raise ValueError("\n".join(unpredictable_lines(rows)))
            return rows.x

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each dense layer as they meet its inputs, (inputs, units)."""
        return [
            arrays["weight"][0] * node.layer.weight_factor(node.inputs)
            for node, arrays in self._learned()
            if "weight" in arrays
        ]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each dense layer, (units,)."""
        return [arrays["bias"][0].reshape(-1) for _, arrays in self._learned() if "bias" in arrays]

    def _learned(self) -> Iterator[tuple[Node, dict[str, Array]]]:
        """The layers of the network, each with its arrays (R, m, n) by name."""
        check_is_fitted(self, NETWORK)
        trained = self._network.trained
        model = trained.networks.model
        yield from zip(model.architecture.nodes, views(trained.parameters, model.layout), strict=True)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write a run folder, which the commands of nettrain read.

        Parameters
        ----------
        folder : str or path
            A folder that is empty or does not exist.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError
            When the folder is not empty, or is a file.
        NettrainError
            When it cannot be written.
        """
        check_is_fitted(self, NETWORK)
        return self._run.save(folder)

    # ----- scikit-learn -----

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, NETWORK)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if NETWORK in state:
            state[NETWORK] = packed(state[NETWORK])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if NETWORK in state:
            with borrowed_blas_threads():
                state = {**state, NETWORK: unpacked(state[NETWORK])}
        super().__setstate__(state)
