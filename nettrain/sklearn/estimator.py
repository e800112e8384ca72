"""What the classifier and the regressor share: parameters, and fitting."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, validate_data

from nettrain.backend.blas_threads import borrowed_blas_threads
from nettrain.data.targets.target import Target
from nettrain.sklearn.attributes import output_activation, rows_seen, training_losses, validation_scores
from nettrain.sklearn.checked_rows import INPUTS, FitRows, check_rows, checked_inputs, checked_weight
from nettrain.sklearn.epochs import FitEpochs
from nettrain.sklearn.fitted import NETWORK, FittedEstimator
from nettrain.sklearn.fitting import (
    FitRequest,
    as_value_error,
    continue_in_memory,
    fit_in_memory,
    not_diverged,
)
from nettrain.sklearn.of_run import input_columns, run_config
from nettrain.sklearn.parameters import check_parameters
from nettrain.sklearn.postponed import PostponedFit, postponement, row_tables
from nettrain.sklearn.settings import FitSettings, Values
from nettrain.sklearn.table import (
    Array,
    FitTable,
    dense,
    inputs_table,
    is_frame,
    labelled_table,
    memory_of,
    target_names,
)
from nettrain.workflow.loaded_run import load_into_memory
from nettrain.workflow.run import Run

SEEDS = 2**31 - 1


class MLPEstimator(FittedEstimator):
    """A multilayer perceptron behind scikit-learn's interface; see MLPClassifier and MLPRegressor."""

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
        recipe: str | None = None,
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
        self.recipe = recipe
        self.config = config

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
        return self._first_fit(FitRows(x, y, weight, X_val, y_val, groups))

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

        Raises
        ------
        ValueError
            As `fit`, and when columns or targets are others than those of the first call.
        """
        check_parameters(self)
        if hasattr(self, NETWORK):
            return self._continue(X, y, sample_weight, 1)
        return self._first_fit(FitRows(*self._learn(X, y, sample_weight)), epochs=1)

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Array, Array | None]:
        """X, y and weights by scikit-learn's rules, whose columns and targets are known from here on."""
        x, y = self._checked(X, y, reset=True)
        weight = checked_weight(sample_weight, y)
        self._learn_targets(y, weight)
        return x, y, weight

    def _first_fit(self, rows: FitRows, epochs: int | None = None) -> Self:
        """Fit encoders, scaling and network; with `epochs` for so many, and nothing ends them early."""
        request = self._request(rows, epochs)
        if epochs is None and self._postpones(request):
            return self
        decided = FitSettings.of(self, len(rows.y)).decided
        with (
            as_value_error(decided),
            borrowed_blas_threads(),
            FitEpochs(self, request.epochs, rows.x, rows.y, rows.weight) as on_epoch,
        ):
            self._network = not_diverged(fit_in_memory(request, on_epoch))
        return self._fitted(converges=request.converges)

    def _request(self, rows: FitRows, epochs: int | None) -> FitRequest:
        """What a first fit trains, with targets that are known."""
        check_consistent_length(rows.x, rows.groups)
        tables = row_tables()
        inputs = tables.inputs(rows.x)
        self._columns = inputs.names
        train = tables.labelled(inputs, self._cells(rows.y), rows.weight, rows.groups, self._target_names)
        validation = self._validation(rows.x_val, rows.y_val, train)
        settings = FitSettings.of(self, len(rows.y), self._seed(), validated=validation is not None)
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
        inputs, weight = inputs_table(x, self._columns), checked_weight(sample_weight, y)
        train = labelled_table(inputs, self._cells(y), weight, targets=targets)
        with as_value_error(), borrowed_blas_threads(), FitEpochs(self, epochs, x, y, weight) as on_epoch:
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
        if converges and reason == "epochs" and self.config is None and self.recipe is None:
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
        inputs = inputs_table(checked_inputs(self, X_val), self._columns)
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
