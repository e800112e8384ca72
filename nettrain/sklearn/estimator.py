"""What the classifier and the regressor share: parameters, fitting, and asking the fitted network."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackContext, CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from nettrain.data.targets.target import Target
from nettrain.data.unpredictable import read_predictable
from nettrain.inference.predictions import predict
from nettrain.model.parameters import views
from nettrain.sklearn.attributes import (
    output_activation,
    rows_seen,
    training_losses,
    validation_scores,
)
from nettrain.sklearn.fitting import (
    Current,
    FitRequest,
    as_value_error,
    continue_in_memory,
    fit_in_memory,
    not_diverged,
)
from nettrain.sklearn.of_run import input_columns, run_config
from nettrain.sklearn.parameters import check_parameters
from nettrain.sklearn.pickled import packed, unpacked
from nettrain.sklearn.postponed import PostponedFit, postponement, row_tables
from nettrain.sklearn.settings import FitSettings, Values
from nettrain.sklearn.table import (
    FitTable,
    dense,
    inputs_table,
    is_frame,
    labelled_table,
    memory_of,
    target_names,
)
from nettrain.sklearn.threads import borrowed_threads, predicting
from nettrain.training.events import EpochDone
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.loaded_run import load_into_memory
from nettrain.workflow.prediction import unpredictable_lines
from nettrain.workflow.run import Run

Array = npt.NDArray[Any]
SEEDS = 2**31 - 1
NETWORK = "_network"  # the attribute that holds the fitted network


@dataclass(frozen=True, eq=False)
class KnownPredictions:
    """What an estimator predicts for the rows of this very X, (N, K)."""

    x: Any
    predictions: Array


class MLPEstimator(CallbackSupportMixin, BaseEstimator):
    """A multilayer perceptron behind scikit-learn's interface; see MLPClassifier and MLPRegressor."""

    _network: MemoryRun
    _known: KnownPredictions | None = None  # of rows on which it is scored
    _columns: tuple[str, ...]  # of X, as the network knows them
    _targets: int  # columns of y
    _target_names: tuple[str, ...]  # of y where it was first fitted, if it had some
    t_: int

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
        config: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.config = config

    # ----- fitting -----

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, sparse matrix or data frame, (N, D)
            Numbers, text, booleans or dates; NaN and None are gaps.
        y : array, (N,) or (N, K)
            The targets.
        sample_weight : array, (N,), optional
            How much each row counts in the loss.
        X_val, y_val : optional
            Validation rows, in place of a share of X. They stop training early, unless `early_stopping` is
            False.
        groups : array, (N,), optional
            Rows of one group are not split between training and validation.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When a parameter, `config` or the data are wrong, with one line per problem, or when training
            diverges.
        """
        check_parameters(self)
        if self.warm_start and hasattr(self, NETWORK):
            return self._continue(X, y, sample_weight, FitSettings.of(self, len(y)).more_epochs)
        x, y, weight = row_tables().learned(self, (X, y, sample_weight), self._learn)
        return self._first_fit(x, y, weight, X_val, y_val, groups)

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows, after what came before.

        The first call fits how columns are encoded and scaled, which later ones keep.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
        """
        check_parameters(self)
        if hasattr(self, NETWORK):
            return self._continue(X, y, sample_weight, 1)
        return self._first_fit(*self._learn(X, y, sample_weight), epochs=1)

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Array, Array | None]:
        """X, y and weights by scikit-learn's rules, whose columns and targets are known from here on."""
        x, y = self._checked(X, y, reset=True)
        weight = self._weight(sample_weight, y)
        self._learn_targets(y, weight)
        return x, y, weight

    def _first_fit(
        self,
        x: Any,
        y: Array,
        weight: Array | None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
        epochs: int | None = None,
    ) -> Self:
        """Fit encoders, scaling and network; with `epochs` for so many, and nothing ends them early."""
        request = self._request(x, y, weight, X_val, y_val, groups, epochs)
        if epochs is None and self._postpones(request):
            return self
        decided = FitSettings.of(self, len(y)).decided
        with (
            as_value_error(decided),
            borrowed_threads(),
            _Epochs(self, request.epochs, x, y, weight) as on_epoch,
        ):
            self._network = not_diverged(fit_in_memory(request, on_epoch))
        return self._fitted(converges=request.converges)

    def _request(
        self,
        x: Any,
        y: Array,
        weight: Array | None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
        epochs: int | None = None,
    ) -> FitRequest:
        """What a first fit trains, with targets that are known."""
        check_consistent_length(x, groups)
        tables = row_tables()
        inputs = tables.inputs(x)
        self._columns = inputs.names
        train = tables.labelled(inputs, self._cells(y), weight, groups, self._target_names)
        validation = self._validation(X_val, y_val, train)
        settings = FitSettings.of(self, len(y), self._seed(), validated=validation is not None)
        with as_value_error():
            values = self._with_data(
                settings.experiment() if epochs is None else settings.first(epochs), train
            )
        converges = epochs is None and not settings.stops_early
        return FitRequest(values, memory_of(train.table, validation), self._all_classes(), converges)

    def _postpones(self, request: FitRequest) -> bool:
        """Whether the network trains later, beside others; one that is watched, or goes on, trains now."""
        postponed = postponement()
        if postponed is None or self.verbose or self.warm_start or hasattr(self, "_skl_callbacks"):
            return False
        self.__dict__.pop(NETWORK, None)
        postponed.fits.append(PostponedFit(self, request))
        return True

    def _continue(self, X: Any, y: Any, sample_weight: Any, epochs: int) -> Self:
        """Train the fitted network for more epochs."""
        x, y = self._checked(X, y, reset=False)
        self._check_targets(y)
        targets = self._network.trained.preprocessing.target_names
        inputs, weight = inputs_table(x, self._columns), self._weight(sample_weight, y)
        train = labelled_table(inputs, self._cells(y), weight, targets=targets)
        with as_value_error(), borrowed_threads(), _Epochs(self, epochs, x, y, weight) as on_epoch:
            self._network = not_diverged(continue_in_memory(self._network, train, epochs, on_epoch))
        seen = self.t_ + len(y) * (self._network.summary["epochs_run"] - self.n_iter_)
        self._fitted(converges=False)
        self.t_ = seen
        return self

    def _fitted(self, *, converges: bool) -> Self:
        """Set the attributes that describe the fit; warn if it `converges` but epochs ran out."""
        run = self._run
        self._describe(run)
        self._warn_of_epochs(run.epochs, run.stop_reason, converges=converges)
        return self

    def _warn_of_epochs(self, epochs: int, reason: str, *, converges: bool) -> None:
        """Warn if training `converges` but epochs ran out."""
        if converges and reason == "epochs" and self.config is None:
            text = f"Maximum iterations ({epochs}) reached and the training loss still falls."
            warnings.warn(text, ConvergenceWarning, stacklevel=5)

    def _describe(self, run: Run) -> None:
        """Set the attributes that describe a trained run."""
        self.history_ = run.history
        self.loss_curve_ = training_losses(self.history_)
        self.loss_, self.best_loss_ = self.loss_curve_[-1], min(self.loss_curve_)
        self.validation_scores_ = validation_scores(run)
        self.best_validation_score_ = max(self.validation_scores_ or [], default=None)
        self.n_iter_, self.best_epoch_ = run.epochs, run.best_epoch
        self.t_ = rows_seen(run.summary)
        self.n_layers_ = 2 + len(run.trained.experiment.model.hidden_layers())
        self.n_outputs_, self.out_activation_ = run.trained.architecture.outputs, output_activation(run)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        """X and y by scikit-learn's rules; a frame stays one."""
        if y is None:
            name = type(self).__name__
            raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None.")
        if reset:
            self._target_names = target_names(y)
        if is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            check_rows(X, type(self).__name__)
            check_consistent_length(X, y)
            return X, self._checked_y(y)
        x, y = validate_data(self, X, y, reset=reset, multi_output=True, **INPUTS)
        return dense(x), self._checked_y(y)

    def _inputs(self, X: Any) -> Any:
        """X of rows to predict, with the columns of training."""
        if is_frame(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            check_rows(X, type(self).__name__)
            return X
        return dense(validate_data(self, X, reset=False, **INPUTS))

    def _weight(self, sample_weight: Any, y: Array) -> Array | None:
        if sample_weight is None:
            return None
        weight: Array = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        return weight

    def _validation(self, X_val: Any, y_val: Any, train: FitTable) -> Any:
        """The table of the validation rows, if there are any, with the columns of training."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val go together, and one of them is None")
        check_consistent_length(X_val, y_val)
        y = self._checked_y(y_val)
        self._check_targets(y)
        weight = None if train.weight is None else np.ones(len(y))
        inputs = inputs_table(self._inputs(X_val), self._columns)
        return labelled_table(inputs, self._cells(y), weight, targets=train.table.targets).table

    def _seed(self) -> int:
        """The seed: `random_state` itself, or drawn from it."""
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(SEEDS))

    def _with_data(self, values: Values, train: FitTable) -> Values:
        """The experiment with the roles of the table's columns, and the kind of target."""
        data = dict(values.get("data", {}))
        roles = {"weight": train.weight, "group": train.group}
        columns = {name: column for name, column in roles.items() if column is not None}
        data["columns"] = {**data.get("columns", {}), **columns}
        return {**values, "data": {**data, **self._target_settings()}}

    # ----- asking -----

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
        memory = memory_of(inputs_table(self._inputs(X), self._columns))
        with as_value_error(), np.errstate(all="ignore"):
            rows = read_predictable(memory, trained.preprocessing, dtype=trained.experiment.backend.dtype)
            if rows.unpredictable:
                raise ValueError("\n".join(unpredictable_lines(rows)))
            return rows.x

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each dense layer, (inputs, units)."""
        return self._arrays("weight")

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each dense layer, (units,)."""
        return [bias.reshape(-1) for bias in self._arrays("bias")]

    def _arrays(self, name: str) -> list[Array]:
        check_is_fitted(self, NETWORK)
        trained = self._network.trained
        layers = views(trained.parameters, trained.networks.model.layout)
        return [layer[name][0] for layer in layers if name in layer]

    @classmethod
    def from_run(cls, run: Run) -> Self:
        """Return a fitted estimator with the networks of a run, see `Run.to_sklearn`.

        Parameters
        ----------
        run : Run
            As `nettrain.train` and `nettrain.open_run` return it.

        Raises
        ------
        ValueError
            When the target of the run is of another kind.
        """
        estimator = cls(random_state=run.resolved.seed, config=run_config(run))
        preprocessing = run.trained.preprocessing
        estimator._learn_from_run(preprocessing.target)
        estimator._columns = input_columns(preprocessing)
        estimator.n_features_in_ = len(estimator._columns)
        if preprocessing.layout.header:
            estimator.feature_names_in_ = np.array(estimator._columns, dtype=object)
        estimator._network = load_into_memory(run)
        estimator._describe(run)
        return estimator

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
            with borrowed_threads():
                state = {**state, NETWORK: unpacked(state[NETWORK])}
        super().__setstate__(state)

    # ----- what depends on the kind of target -----

    def _checked_y(self, y: Any) -> Array:
        """Y as an array (N,) or (N, K). Raises ValueError when it does not suit the estimator."""
        raise NotImplementedError

    def _learn_targets(self, y: Array, weight: Array | None) -> None:
        """Set what describes the targets, such as `classes_`."""
        raise NotImplementedError

    def _check_targets(self, y: Array) -> None:
        """Raise ValueError when targets of other rows do not go with those of the first fit."""
        raise NotImplementedError

    def _cells(self, y: Array) -> Array:
        """The targets as cells of a table, (N,) or (N, K)."""
        raise NotImplementedError

    def _target_settings(self) -> Values:
        """The keys of `data` on the target."""
        raise NotImplementedError

    def _learn_from_run(self, target: Target) -> None:
        """Set what describes the targets of a run. Raises ValueError when they are of another kind."""
        raise NotImplementedError

    def _all_classes(self) -> Sequence[object] | None:
        """All classes as cells, where the rows need not have each of them."""
        return None


INPUTS: dict[str, Any] = {
    "ensure_all_finite": "allow-nan",
    "dtype": None,
    "accept_sparse": ("csr", "csc", "coo"),
}


def check_rows(frame: Any, name: str) -> None:
    """Raise ValueError, as scikit-learn does of arrays, when a frame has no rows or no columns."""
    rows, columns = frame.shape
    for count, what in ((rows, "sample"), (columns, "feature")):
        if not count:
            shape = f"(shape=({rows}, {columns}))"
            raise ValueError(
                f"Found array with 0 {what}(s) {shape} while a minimum of 1 is required by {name}."
            )


def flat_column(y: Any) -> Array:
    """Y as an array, (N,) where it has one column."""
    targets: Array = np.asarray(dense(y))
    if targets.ndim == 2 and targets.shape[1] == 1:
        return np.asarray(column_or_1d(targets, warn=True))
    return targets


def epoch_line(event: EpochDone) -> str:
    """What scikit-learn's MLP prints of an epoch, of several networks that of the first."""
    lines = [f"Iteration {event.epoch}, loss = {float(event.figures['running_loss'][0]):.8f}"]
    if "val_accuracy" in event.figures:
        lines.append(f"Validation score: {float(event.figures['val_accuracy'][0]):f}")
    elif "val_loss" in event.figures:
        lines.append(f"Validation loss: {float(event.figures['val_loss'][0]):f}")
    return "\n".join(lines)


class _Epochs:
    """Calls the callbacks of an estimator around a fit, and after every epoch of it.

    A callback that asks for it gets the rows, their weights, and the estimator as it is then.
    """

    def __init__(self, estimator: MLPEstimator, epochs: int | None, x: Any, y: Array, weight: Any) -> None:
        self._estimator, self._epochs = estimator, epochs
        metadata = None if weight is None else {"sample_weight": weight}
        self._rows: dict[str, Any] = {"X": x, "y": y, "metadata": metadata}

    def __enter__(self) -> "_Epochs":
        self._context = self._estimator._init_callback_context(max_subtasks=self._epochs)
        self._context.call_on_fit_task_begin(estimator=self._estimator, **self._rows)
        return self

    def __call__(self, event: EpochDone, current: Current) -> bool:
        """Report an epoch; returns whether a callback asks to stop."""
        estimator = self._estimator
        if estimator.verbose:
            print(epoch_line(event))
        context = self._context.subcontext(task_name="epoch")
        context.call_on_fit_task_begin(estimator=estimator, **self._rows)
        return self._end(context, current)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            self._end(self._context, lambda: self._estimator._network)

    def _end(self, context: CallbackContext, current: Current) -> bool:
        return bool(
            context.call_on_fit_task_end(
                estimator=self._estimator,
                reconstruction_attributes=lambda: {NETWORK: current()},
                **self._rows,
            )
        )
