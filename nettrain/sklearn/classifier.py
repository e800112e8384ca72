"""The classifier: classes, or several labels of 0 and 1."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from nettrain.data.tables.spelling import value_text
from nettrain.data.targets.target import Target
from nettrain.sklearn.checked_rows import flat_column
from nettrain.sklearn.estimator import MLPEstimator
from nettrain.sklearn.of_run import class_values
from nettrain.sklearn.settings import Values
from nettrain.sklearn.table import Array

GAPS = ("", "?", "NA", "NaN")  # cells that the data of a file may have as gaps


class MLPClassifier(ClassifierMixin, MLPEstimator):
    """Multilayer perceptron classifier, in place of `sklearn.neural_network.MLPClassifier`.

    Parameters that are None are those of `config` and `recipe` or, without either, have scikit-learn's
    defaults.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, optional
        Units of each hidden layer; default: (100,).
    activation : str, optional
        identity, logistic, tanh, relu, or another of `nettrain list activation`; default: relu.
    solver : str, optional
        adam, sgd (with momentum), lbfgs, or another of `nettrain list optimizer`; default: adam.
    alpha : float, optional
        L2 penalty, divided by the rows of a batch; default: 1e-4.
    batch_size : int or "auto", optional
        Rows of a batch; default: 200, or all where there are fewer.
    learning_rate : str, optional
        constant, invscaling, adaptive, or another of `nettrain list schedule`; default: constant.
    learning_rate_init : float, optional
        The initial rate; default: 0.001.
    power_t : float, optional
        Exponent of invscaling; default: 0.5.
    max_iter : int, optional
        Epochs; default: 200.
    shuffle : bool, optional
        Whether each epoch has its own order of rows; default: True.
    random_state : int or RandomState, optional
        Seed of the weights, the order of rows, and the rows that are held out.
    tol, n_iter_no_change : float and int, optional
        Training ends when the loss has not fallen by more than `tol` for so many epochs; default: 1e-4, 10.
    verbose : bool
        Whether to print the loss of each epoch.
    warm_start : bool
        Whether `fit` goes on from the weights that are there.
    momentum, nesterovs_momentum : float and bool, optional
        Of sgd; default: 0.9, True.
    early_stopping : bool, optional
        Whether the loss of validation rows ends training, which then has the weights of the best epoch;
        default: False, or True where `fit` gets such rows.
    validation_fraction : float, optional
        The share of rows that is held out for it; default: 0.1.
    beta_1, beta_2, epsilon : float, optional
        Of adam; default: 0.9, 0.999, 1e-8.
    max_fun : int, optional
        Of lbfgs: the most iterations, each of which evaluates the loss at least once; default: 15000.
    class_weight : "balanced" or dict, optional
        How much the rows of each class count.
    recipe : str, optional
        A whole network and its training, one of `nettrain list recipe`.
    config : str, path or mapping, optional
        An experiment file, or its keys, for all else: {"model": {"dropout": 0.2}}.

    Attributes
    ----------
    classes_ : numpy.ndarray, (K,)
        The classes in the order of `predict_proba`; for labels, a list of [0, 1].
    history_ : polars.DataFrame
        The figures of every epoch.
    loss_curve_ : list of float
        The training loss of every epoch, while its steps were taken.
    loss_, best_loss_ : float
        The last and the lowest of them.
    validation_scores_ : list of float or None
        The accuracy of validation rows after every epoch, where there are such rows.
    best_validation_score_ : float or None
        The highest of them.
    n_iter_, best_epoch_ : int
        The epochs that were trained, and the best of them.
    t_ : int
        The rows that were trained on, counted anew in every epoch.
    coefs_, intercepts_ : list of numpy.ndarray, (inputs, units) and (units,)
        Weights and biases of each dense layer, of several networks those of the first.
    n_layers_, n_outputs_ : int
        Layers, input and output among them, and units of the last.
    out_activation_ : str
        softmax, logistic or, of other losses, another name.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : numpy.ndarray, (D,)
        Their names, where X was a frame whose columns have some.
    """

    classes_: Any
    _class_cells: list[Any]  # of `classes_`, as the network knows them

    def __init__(
        self,
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
        class_weight: str | Mapping[Any, float] | None = None,
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
        self.class_weight = class_weight

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these rows, after what came before.

        The first call fits how columns are encoded and scaled, which later ones keep.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array, (K,), optional
            All classes, of which the first call needs those that its rows lack.

        Returns
        -------
        self
        """
        self._known_classes = None if self.__sklearn_is_fitted__() or classes is None else np.unique(classes)
        try:
            super().partial_fit(X, y, sample_weight)
            return self
        finally:
            del self._known_classes

    def predict(self, X: Any) -> Array:
        """Predict the class of each row, (N,), or its labels, (N, K)."""
        predictions = self._predictions(X)
        task = self._network.trained.select_members().task
        if self._multilabel:
            return task.decisions(predictions)
        decided = predictions.argmax(axis=1)
        if task.thresholds:  # of the network's second class, which may be the first of `classes_`
            positions = self._positions()
            decided = np.argsort(positions)[task.decisions(predictions[:, np.argsort(positions)])]
        classes: Array = self.classes_[decided]
        return classes

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class, (N, K), in the order of `classes_`.

        Raises ValueError when the loss that `config` names makes predictions scores.
        """
        predictions = self._predictions(X)
        if not self._network.trained.task.probabilities:
            raise ValueError("predict_proba: the loss makes predictions scores, not probabilities")
        return predictions

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of each probability, (N, K)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _order(self) -> list[int] | None:
        return None if self._multilabel else self._positions()

    def _positions(self) -> list[int]:
        """Where the network has each class of `classes_`."""
        target = self._network.trained.preprocessing.target
        found = [target.find_class(cell) for cell in self._class_cells]
        assert None not in found, "the network has all classes"
        return [int(position) for position in found if position is not None]

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each dense layer, (inputs, units), those of the last in the order of `classes_`."""
        return self._in_order(super().coefs_)

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each dense layer, (units,), those of the last in the order of `classes_`."""
        return self._in_order(super().intercepts_)

    def _in_order(self, layers: list[Array]) -> list[Array]:
        if self._multilabel or (positions := self._positions()) == sorted(positions):
            return layers
        *others, last = layers
        # the one output of two classes is that of the second
        return [*others, -last if last.shape[-1] == 1 else last[..., positions]]

    # ----- targets -----

    @property
    def _multilabel(self) -> bool:
        check_is_fitted(self, "classes_")
        return isinstance(self.classes_, list)

    def _checked_y(self, y: Any) -> Array:
        targets = flat_column(y)
        if targets.dtype == object and any(map(_is_gap, targets.flat)):
            raise ValueError("Input y contains NaN or None.")
        check_classification_targets(targets)
        return targets

    def _learn_targets(self, y: Array, weight: Array | None) -> None:
        self._targets = 1 if y.ndim == 1 else y.shape[1]
        if type_of_target(y) == "multilabel-indicator":
            self.classes_ = [np.array([0, 1])] * self._targets
            return
        if y.ndim > 1:
            raise ValueError(
                "several columns of y are labels of 0 and 1; MultiOutputClassifier takes classes"
            )
        known = getattr(self, "_known_classes", None)
        present = y if weight is None else y[weight > 0]
        self.classes_ = np.unique(y) if known is None else known
        self._class_cells = class_cells(self.classes_)
        if known is None and len(np.unique(present)) < 2:
            weighed = "" if weight is None else ", without those of sample_weight 0"
            raise ValueError(f"a classifier needs rows of at least two classes, got one class{weighed}")
        self._check_targets(y)

    def _check_targets(self, y: Array) -> None:
        if self._multilabel:
            if y.ndim != 2 or y.shape[1] != self._targets:
                raise ValueError(f"y has the shape {y.shape}, expected {self._targets} labels")
            return
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has classes that are not in `classes_`: {unknown.tolist()}")

    def _cells(self, y: Array) -> Array:
        if self._multilabel:
            return np.asarray(y, dtype=np.int64)
        names: Array = np.array(self._class_cells, dtype=object)
        cells: Array = names[np.searchsorted(self.classes_, y)]
        return cells

    def _target_settings(self) -> Values:
        if self._multilabel:
            if self.class_weight is not None:
                raise ValueError("class_weight is for classes, and y has labels")
            return {"target_kind": "labels"}
        weights = self.class_weight
        if isinstance(weights, Mapping):
            weights = self._weights_by_name(weights)
        return {"target_kind": "classes", **({} if weights is None else {"class_weights": weights})}

    def _weights_by_name(self, weights: Mapping[Any, float]) -> Values:
        """The weights of the classes as the network knows them; classes that y lacks have none."""
        names = dict(zip(self.classes_.tolist(), map(value_text, self._class_cells), strict=True))
        unknown = [one for one in weights if one not in names]
        if unknown and not names.keys() <= weights.keys():
            raise ValueError(f"class_weight names {unknown[0]!r}, which is no class of y: {[*names]}")
        return {name: float(weights[one]) for one, name in names.items() if one in weights}

    def _all_classes(self) -> Sequence[object] | None:
        known = getattr(self, "_known_classes", None) is not None
        return self._class_cells if known and not self._multilabel else None

    def _learn_from_run(self, target: Target) -> None:
        if target.kind == "numbers":
            raise ValueError("the run predicts numbers: MLPRegressor.from_run")
        self._targets = len(target.names)
        if target.kind == "labels":
            self.classes_ = [np.array([0, 1])] * self._targets
            return
        names = class_values(target)
        self.classes_, self._class_cells = np.array([*names]), [*names.values()]

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _is_gap(value: object) -> bool:
    return value is None or bool(is_scalar_nan(value) or is_pandas_na(value))


def class_cells(classes: Array) -> list[Any]:
    """The classes as cells of a table: themselves, or, where they look alike, their positions."""
    names: list[Any] = classes.tolist()
    texts = [str(value_text(name)).strip() if isinstance(name, bool | int | str) else "" for name in names]
    told_apart = len({*texts}) == len(texts) and not {*GAPS} & {*texts}
    return names if told_apart else list(range(len(names)))
