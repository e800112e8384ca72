"""MLPClassifier and MLPRegressor: what scikit-learn's checks do not ask."""

import pickle
import re
import signal
from inspect import signature

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from scipy.sparse import csr_matrix
from sklearn.callback import ProgressBar
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils import get_tags

import nettrain
from nettrain import MLPClassifier, MLPRegressor
from nettrain.sklearn.table import inputs_table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def frame():
    table = pd.DataFrame(X.copy(), columns=list("abcd"))
    table["size"] = np.where(X[:, 0] > 5.5, "large", "small")
    table.loc[3, "a"] = np.nan
    table.loc[5, "size"] = None
    return table


def quick(**parameters):
    return MLPClassifier(**{"random_state": 0, "max_iter": 20, "learning_rate_init": 0.02, **parameters})


def test_parameters_are_those_of_sklearn_and_stay_untouched():
    assert set(TheirClassifier().get_params()) <= set(MLPClassifier().get_params())
    theirs = list(signature(TheirRegressor).parameters)
    assert theirs == list(signature(MLPRegressor).parameters)[: len(theirs)]  # loss comes first
    sizes = [8, 8]
    estimator = quick(hidden_layer_sizes=sizes).fit(X, Y)
    assert estimator.hidden_layer_sizes is sizes
    assert [(4, 8), (8, 8), (8, 3)] == [weights.shape for weights in estimator.coefs_]
    assert [8, 8, 3] == [len(bias) for bias in estimator.intercepts_]


def test_one_step_of_sgd_is_that_of_sklearn():
    """From the same weights, one full batch with penalty and momentum moves to the same place."""
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    common = {
        "hidden_layer_sizes": (5,),
        "activation": "tanh",
        "solver": "sgd",
        "alpha": 0.1,
        "shuffle": False,
    }
    ours = MLPClassifier(
        **common, batch_size=150, learning_rate_init=0.5, max_iter=1, random_state=0, momentum=0.9,
        config={"data": {"scaling": "none"}, "backend": {"dtype": "float64"}},
    )  # fmt: skip
    ours.partial_fit(scaled, Y)
    theirs = TheirClassifier(**common, batch_size=150, learning_rate_init=0.5, momentum=0.9)
    theirs.partial_fit(scaled, Y, classes=[0, 1, 2])
    before = [array.copy() for array in (*ours.coefs_, *ours.intercepts_)]
    theirs.coefs_ = [weights.copy() for weights in ours.coefs_]
    theirs.intercepts_ = [bias.copy() for bias in ours.intercepts_]
    theirs._optimizer.params = [*theirs.coefs_, *theirs.intercepts_]
    theirs._optimizer.velocities = [np.zeros_like(one) for one in theirs._optimizer.params]
    fresh = MLPClassifier(**ours.get_params()).set_params(momentum=0.0)
    fresh.partial_fit(scaled, Y)
    assert all(np.array_equal(a, b) for a, b in zip(before, (*fresh.coefs_, *fresh.intercepts_), strict=True))
    fresh.partial_fit(scaled, Y)
    theirs.set_params(momentum=0.0)
    theirs._optimizer.momentum = 0.0
    theirs.partial_fit(scaled, Y)
    for mine, other in zip((*fresh.coefs_, *fresh.intercepts_), theirs._optimizer.params, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "make", [frame, lambda: pl.from_dicts(frame().replace({np.nan: None}).to_dict("records"))]
)
def test_frames_with_text_and_gaps(make):
    table = make()
    estimator = quick(early_stopping=True).fit(table, NAMES)
    assert [*"abcd", "size"] == list(estimator.feature_names_in_)
    assert estimator.score(table, NAMES) > 0.8
    assert {*NAMES} == {*estimator.predict(table)}
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(
            table.rename({"a": "z"}) if isinstance(table, pl.DataFrame) else table.rename(columns={"a": "z"})
        )


@pytest.mark.parametrize(
    "classes",
    [["b", "a", "c"], [10, 2, 33], ["NA", "x", "?"], [" a", "a", "b"]],
    ids=["text", "integers", "gaps", "blanks"],
)
def test_probabilities_are_in_the_order_of_the_classes(classes):
    y = np.array(classes)[Y]
    estimator = quick(max_iter=40).fit(X, y)
    assert list(np.unique(y)) == list(estimator.classes_)
    likeliest = estimator.classes_[estimator.predict_proba(X).argmax(axis=1)]
    assert (likeliest == estimator.predict(X)).all()
    assert estimator.score(X, y) > 0.9


def test_two_classes_have_two_probabilities():
    y = np.where(Y == 0, "yes", "no")
    probabilities = quick().fit(X, y).predict_proba(X)
    assert (150, 2) == probabilities.shape
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities[Y == 0, 1].min() > probabilities[Y != 0, 1].max()


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "lbfgs"},
        {"hidden_layer_sizes": np.int64(5)},  # as a random search draws it
        {"config": {"training": {"evaluate_every": 0.5, "batch_size": 30}}},
        {"config": {"training": {"ensemble": 3}}},
    ],
    ids=["lbfgs", "a drawn width", "parts of an epoch", "an ensemble"],
)
def test_it_fits_and_goes_on(parameters):
    estimator = quick(max_iter=6, **parameters).set_callbacks(ProgressBar()).fit(X, Y)
    assert estimator.score(X, Y) > 0.6
    assert {*range(1, 7)} <= {*estimator.history_["epoch"]}
    curve = estimator.history_.filter(estimator.history_["epoch"] > 0)["epoch"].unique()
    assert len(curve) == len(estimator.loss_curve_)
    assert 7 == estimator.partial_fit(X, Y).n_iter_


@pytest.mark.parametrize("loss", ["hinge", "mse"])
def test_scores_are_not_passed_off_as_probabilities(loss):
    estimator = quick(config={"loss": loss}).fit(X, Y == 0)
    assert estimator.score(X, Y == 0) > 0.9
    with pytest.raises(ValueError, match="scores, not probabilities"):
        estimator.predict_proba(X)


def test_labels_and_several_numbers():
    x, labels = make_multilabel_classification(random_state=0)
    estimator = quick(max_iter=60).fit(x, labels)
    assert (100, 5) == estimator.predict_proba(x).shape == estimator.predict(x).shape
    assert estimator.score(x, labels) > 0.5
    x, y = load_diabetes(return_X_y=True)
    several = MLPRegressor(max_iter=30, learning_rate_init=0.01, random_state=0).fit(
        x, np.column_stack([y, -2 * y])
    )
    predictions = several.predict(x)
    assert (442, 2) == predictions.shape
    assert np.corrcoef(predictions[:, 0], predictions[:, 1])[0, 1] < -0.99


def test_a_pickle_predicts_goes_on_alike_and_holds_no_data():
    rows = np.random.default_rng(0).normal(size=(2000, 4))
    estimator = quick(max_iter=2, hidden_layer_sizes=(4,)).fit(rows, rows[:, 0] > 0)
    stored = pickle.dumps(estimator)
    assert len(stored) < rows.nbytes / 2
    again = pickle.loads(stored)
    assert np.array_equal(again.predict_proba(rows), estimator.predict_proba(rows))
    assert np.array_equal(
        again.partial_fit(rows, rows[:, 0] > 0).predict_proba(rows),
        estimator.partial_fit(rows, rows[:, 0] > 0).predict_proba(rows),
    )


def test_warm_starts_are_one_long_fit():
    warm = quick(max_iter=5, warm_start=True)
    for _ in range(4):
        warm.fit(X, Y)
    once = quick(max_iter=20, tol=0.0, n_iter_no_change=100).fit(X, Y)
    assert (20, 20) == (warm.n_iter_, len(warm.loss_curve_))
    assert np.array_equal(warm.predict_proba(X), once.predict_proba(X))
    np.testing.assert_array_equal(warm.loss_curve_, once.loss_curve_)


def test_partial_fit_knows_classes_that_come_later():
    estimator = quick()
    for part in (Y < 2, Y > 0, Y >= 0):
        for _ in range(40):
            estimator.partial_fit(X[part], Y[part], None, [0, 1, 2])
    assert [0, 1, 2] == list(estimator.classes_)
    assert (120, 40 * (100 + 100 + 150)) == (estimator.n_iter_, estimator.t_)
    assert estimator.score(X, Y) > 0.9
    with pytest.raises(ValueError, match=r"classes that are not in `classes_`: \[7\]"):
        estimator.partial_fit(X, np.full(150, 7))


def test_validation_rows_stop_early_with_the_best_weights():
    estimator = quick(max_iter=500, learning_rate_init=0.1, n_iter_no_change=3)
    estimator.fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    losses = estimator.history_.filter(pl.col("epoch") > 0)["val_loss"].to_numpy()
    assert estimator.n_iter_ < 500
    assert estimator.best_epoch_ == 1 + int(losses.argmin())


def test_labels_come_in_many_forms():
    labels = np.column_stack([Y == 0, Y == 1, Y > 0]).astype(int)
    expected = quick().fit(X, labels).predict_proba(X)
    for form in (
        labels.astype(bool),
        csr_matrix(labels),
        labels.tolist(),
        pd.DataFrame(labels, columns=[*"abc"]),
    ):
        assert np.array_equal(expected, quick().fit(X, form).predict_proba(X))
    parts = quick().partial_fit(X, labels, classes=[0, 1, 2]).partial_fit(X, labels)
    assert (150, 3) == parts.predict(X).shape
    with pytest.raises(ValueError, match="several columns of y are labels of 0 and 1"):
        quick().fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="class_weight is for classes, and y has labels"):
        quick(class_weight="balanced").fit(X, labels)


def test_weights_name_classes():
    assert quick(class_weight={0: 1, 1: 1, 2: 1, 7: 1}).fit(X, Y).score(X, Y) > 0.7  # as folds may lack one
    with pytest.raises(ValueError, match=r"class_weight names 7, which is no class of y: \[0, 1, 2\]"):
        quick(class_weight={0: 1, 7: 2}).fit(X, Y)


def test_validation_rows_come_with_their_targets():
    with pytest.raises(ValueError, match="X_val and y_val go together"):
        quick().fit(X, Y, X_val=X)


def test_verbose_prints_what_scikit_learn_prints(capsys):
    """Line for line, but for the figures."""
    shown = []
    for one in (MLPClassifier, TheirClassifier):
        one(max_iter=2, verbose=True, early_stopping=True, random_state=0).fit(X, Y)
        shown.append(re.sub(r"\d\.\d+", "x", capsys.readouterr().out))
    assert shown[0] == shown[1]


def test_verbose_prints_the_validation_loss_of_numbers(capsys):
    fitted = MLPRegressor(max_iter=2, verbose=True, early_stopping=True, random_state=0).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    losses = fitted.history_["val_loss"]
    assert [f"Validation loss: {loss:f}" for loss in losses[-2:]] == [one for one in lines if "Val" in one]


def test_the_rate_of_scikit_learn_falls_with_a_power_of_the_epoch():
    fitted = quick(solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, power_t=0.25, max_iter=3)
    rates = fitted.fit(X, Y).history_["learning_rate"]
    np.testing.assert_allclose([0.1, 0.1 / 2**0.25, 0.1 / 3**0.25], rates[-3:])


def test_logarithms_of_probabilities():
    fitted = quick(max_iter=2).fit(X, Y)
    np.testing.assert_array_equal(np.log(fitted.predict_proba(X)), fitted.predict_log_proba(X))


def test_targets_are_as_many_as_they_were():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        quick().fit(X, None)
    with pytest.raises(ValueError, match="y has 2 columns, expected 1"):
        MLPRegressor(max_iter=1).fit(X, Y).partial_fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"y has the shape \(150, 4\), expected 3 labels"):
        quick(max_iter=1).fit(X, np.eye(3)[Y]).partial_fit(X, np.eye(4)[Y])


def test_a_name_in_config_is_a_block_that_parameters_add_to():
    fitted = quick(solver=None, config={"optimizer": "sgd"}, learning_rate_init=0.25, max_iter=1).fit(X, Y)
    optimizer = fitted._network.experiment.optimizer
    assert ("sgd", 0.25) == (optimizer.name, optimizer.learning_rate)


def test_a_file_that_is_no_experiment_is_named(tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n- 2\n")
    with pytest.raises(ValueError, match=rf"^config: {re.escape(str(path))}: an experiment file is a block"):
        quick(config=path).fit(X, Y)


def test_there_is_nothing_else_to_import():
    with pytest.raises(AttributeError, match=r"module 'nettrain\.sklearn' has no attribute 'Nothing'"):
        nettrain.sklearn.Nothing  # noqa: B018


def test_ctrl_c_keeps_what_training_has_reached():
    """As in scikit-learn's MLP; a second one ends it at once."""

    class Press:
        presses = 1

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            for _ in range(self.presses if context.task_id == 3 else 0):
                signal.raise_signal(signal.SIGINT)

    press = Press()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        stopped = quick(max_iter=100).set_callbacks(press).fit(X, Y)
    assert stopped.n_iter_ == 4
    assert np.array_equal(quick(max_iter=4).fit(X, Y).predict_proba(X), stopped.predict_proba(X))
    press.presses = 2
    with pytest.raises(KeyboardInterrupt):
        quick().set_callbacks(press).fit(X, Y)
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


def test_folds_of_a_config_are_for_cross_validation():
    config = {"data": {"folds": 5, "validation": 0}}
    fitted = quick(config=config).fit(X, Y)
    assert np.array_equal(
        quick(config={"data": {"validation": 0}}).fit(X, Y).predict_proba(X), fitted.predict_proba(X)
    )


def test_groups_are_not_split():
    x = np.repeat(X[::10], 10, axis=0)
    groups = np.repeat(np.arange(15), 10)
    estimator = quick(early_stopping=True, validation_fraction=0.3).fit(
        x, np.repeat(Y[::10], 10), groups=groups
    )
    assert estimator.score(x, np.repeat(Y[::10], 10)) > 0.5


def test_class_weights_move_the_boundary():
    y = np.where(Y == 2, "rare", "rest")
    plain = quick(max_iter=10, hidden_layer_sizes=()).fit(X, y).predict_proba(X)[:, 0].mean()
    heavy = quick(max_iter=10, hidden_layer_sizes=(), class_weight={"rare": 20, "rest": 1})
    assert heavy.fit(X, y).predict_proba(X)[:, 0].mean() > plain + 0.05


def test_folds_of_a_config_are_left_to_scikit_learn():
    plain = quick(config={"data": {}}).fit(X, Y).predict_proba(X)
    for folds in (5, {"count": 5, "take": 3}):
        folded = quick(config={"data": {"folds": folds}}).fit(X, Y)
        np.testing.assert_array_equal(plain, folded.predict_proba(X))


def test_config_has_all_else_and_parameters_come_first(tmp_path):
    (tmp_path / "mlp.yaml").write_text(
        "data: {source: nowhere.csv, target: z, scaling: minmax}\nmodel: {hidden: [8], dropout: 0.2}\n"
        "optimizer: {name: lion, learning_rate: 0.002}\ntraining: {epochs: 7}\n"
    )
    estimator = MLPClassifier(config=tmp_path / "mlp.yaml", random_state=3).fit(X, Y)
    settings = estimator._network.experiment
    assert (7, [8], "lion", 0.2, "minmax", 3) == (
        estimator.n_iter_, settings.model.hidden, settings.optimizer.name, settings.model.dropout,
        settings.data.scaling.name, settings.seed,
    )  # fmt: skip
    other = MLPClassifier(config=tmp_path / "mlp.yaml", hidden_layer_sizes=(3,), learning_rate_init=0.1).fit(
        X, Y
    )
    settings = other._network.experiment
    assert ([3], 0.1, 7) == (settings.model.hidden, settings.optimizer.learning_rate, other.n_iter_)
    assert "lion" == settings.optimizer.name


def test_a_recipe_is_a_network_and_its_training():
    estimator = MLPClassifier(recipe="mlp", random_state=3, max_iter=5, hidden_layer_sizes=(4,)).fit(X, Y)
    settings = estimator._network.experiment
    assert ("mlp", [], [4], "adamw", 5) == (
        settings.recipe.name, settings.recipe.open, settings.model.hidden, settings.optimizer.name,
        estimator.n_iter_,
    )  # fmt: skip
    same = MLPClassifier(
        config={"recipe": "mlp", "model": {"hidden": [4]}, "training": {"epochs": 5}}, random_state=3
    ).fit(X, Y)
    np.testing.assert_array_equal(same.predict_proba(X), estimator.predict_proba(X))
    slower = MLPClassifier(recipe="mlp", random_state=3, max_iter=1, learning_rate_init=1e-4).fit(X, Y)
    optimizer = slower._network.experiment.optimizer
    assert ("adamw", 1e-4) == (optimizer.name, optimizer.learning_rate)
    assert "mlp" == pickle.loads(pickle.dumps(slower)).recipe
    assert np.isfinite(slower.partial_fit(X, Y).predict_proba(X)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "rleu"}, 'did you mean "relu"'),
        ({"config": {"model": {"hiden": [3]}}}, 'did you mean "hidden"'),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"batch_size": "all"}, "batch_size must be 'auto' or a whole number"),
        ({"alpha": -1.0}, "alpha == -1.0, must be >= 0"),
        ({"solver": "sgd", "learning_rate_init": 1e30}, "training diverged in epoch"),
        ({"recipe": "mpl"}, '^recipe: unknown "mpl", did you mean "mlp"'),
        ({"solver": "adm"}, '^solver: unknown "adm", did you mean "adam"'),
        ({"activation": "rleu", "config": {"model": {"dropout": 0.1}}}, "^activation: unknown"),
        ({"config": {"model": {"activation": "rleu"}}}, "^model.activation: unknown"),
        ({"hidden_layer_sizes": "10"}, "hidden_layer_sizes must be a whole number or several, got '10'"),
        ({"hidden_layer_sizes": (5, 2.5)}, "hidden_layer_sizes must be a whole number or several"),
        ({"tol": float("nan")}, "tol must be a number, got nan"),
        ({"random_state": -1}, "random_state must be a whole number from 0"),
        (
            {"early_stopping": True, "validation_fraction": 0},
            "^early_stopping: .* but validation_fraction is",
        ),
    ],
    ids=[
        *(
            "activation",
            "config",
            "sizes",
            "batch size",
            "alpha",
            "diverged",
            "recipe",
            "solver",
            "beside config",
        ),
        *("of config", "text", "fraction", "nan", "seed", "none held out"),
    ],
)
def test_wrong_parameters_are_refused_in_fit(parameters, message):
    estimator = quick(**parameters)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, Y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"activation": 3},
        {"solver": 3},
        {"verbose": "yes"},
        {"max_iter": 2.5},
        {"config": 3},
        {"nesterovs_momentum": "y"},
    ],
    ids=["activation", "solver", "verbose", "max_iter", "config", "nesterovs_momentum"],
)
def test_parameters_of_another_type_are_refused_by_name(parameters):
    (name,) = parameters
    with pytest.raises(TypeError, match=f"^{name} must be"):
        quick(**parameters).fit(X, Y)


def test_no_rows_are_held_out_that_nothing_asks_for():
    assert quick(validation_fraction=0).fit(X, Y).validation_scores_ is None


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_are_checked_as_arrays_are(frame):
    table = frame({"a": X[:, 0], "b": X[:, 1]})
    few = r"inconsistent numbers of samples: \[150, 149\]"
    with pytest.raises(ValueError, match=few):
        quick().fit(table, Y[:-1])
    with pytest.raises(ValueError, match=few):
        quick().fit(table, Y, X_val=table, y_val=Y[:-1])
    with pytest.raises(ValueError, match=few):
        quick(early_stopping=True).fit(table, Y, groups=Y[:-1])
    estimator = quick().fit(table, Y)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        estimator.predict(table[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        quick().fit(table[:0], Y[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
        quick().fit(pd.DataFrame(index=range(150)), Y)


def test_frames_of_fractions_are_read_as_one_array():
    numbers = X.copy()
    numbers[::7, 2] = np.nan
    table = pd.DataFrame(numbers, columns=list("abcd"))
    polars = pl.from_pandas(table)
    assert polars["c"].null_count()
    expected = quick().fit(numbers, Y).predict_proba(numbers)
    for frame_of in (table, polars, table.convert_dtypes()):
        read = inputs_table(frame_of)
        assert (read.numbers is None) == (frame_of is not table and frame_of is not polars)
        assert ("a", "b", "c", "d") == read.names
        estimator = quick().fit(frame_of, Y)
        assert np.array_equal(expected, estimator.predict_proba(frame_of))
    infinite = table.replace(table.iloc[0, 0], np.inf)
    with pytest.raises(ValueError, match='column "a": "inf" is not a finite number'):
        estimator.predict(infinite)


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA], ids=["None", "nan", "NA"])
def test_classes_that_are_missing_are_refused(gap):
    names = np.array(["a", "b", "c"], dtype=object)[Y]
    names[3] = gap
    for y in (names, pd.Series(names)):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            quick().fit(frame(), y)


def test_a_fit_that_diverges_leaves_what_was_there():
    wild = {"solver": "sgd", "learning_rate_init": 1e30, "max_iter": 3}
    estimator = quick(**wild)
    with pytest.raises(ValueError, match="training diverged in epoch"):
        estimator.fit(X, Y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    assert not hasattr(estimator, "coefs_")
    estimator = quick(solver="sgd", max_iter=2, warm_start=True).fit(X, Y)
    before = estimator.predict_proba(X)
    with pytest.raises(ValueError, match="training diverged in epoch"):
        estimator.set_params(max_iter=5).fit(X * 1e30, Y)
    assert np.array_equal(before, estimator.predict_proba(X))
    assert 2 == estimator.n_iter_


def test_tags_say_what_it_takes():
    classifier, regressor = get_tags(MLPClassifier()), get_tags(MLPRegressor())
    for tags in (classifier, regressor):
        inputs = tags.input_tags
        assert (True,) * 4 == (inputs.allow_nan, inputs.string, inputs.categorical, inputs.sparse)
        assert (False, False) == (tags.non_deterministic, tags._skip_test)
    assert (True, True) == (classifier.classifier_tags.multi_class, classifier.classifier_tags.multi_label)
    assert (True, False) == (regressor.target_tags.multi_output, regressor.regressor_tags.poor_score)


def test_a_saved_estimator_is_a_run(tmp_path):
    estimator = quick().fit(frame(), NAMES, sample_weight=np.ones(150))
    estimator.save(tmp_path / "run")
    run = nettrain.open_run(tmp_path / "run")
    assert (run.predict(frame()) == estimator.predict(frame())).all()
    np.testing.assert_array_equal(run.predict_proba(frame()), estimator.predict_proba(frame()))


def test_callbacks_see_every_epoch_and_may_stop(capsys):
    class Counter:
        ends = 0

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context, **others): ...
        def on_fit_task_end(self, estimator, context, **others):
            self.ends += context.task_name == "epoch"
            return self.ends == 4

    counter = Counter()
    estimator = quick(batch_size=16).set_callbacks(counter).fit(X, Y)
    assert (4, 4) == (counter.ends, estimator.n_iter_)
    quick().set_callbacks(ProgressBar()).fit(X, Y)
    assert "100%" in capsys.readouterr().out


def test_epochs_that_ran_out_are_a_warning():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        quick(max_iter=3).fit(X, Y)


def test_frames_with_categories_that_are_embedded():
    table = frame()
    table["city"] = pd.Categorical(np.array([f"c{k % 11}" for k in range(len(X))]))
    config = {"data": {"one_hot_up_to": 9, "binary_categories": "sign", "scaling": "quantile"}}
    fitted = quick(config=config).fit(table, NAMES)
    assert fitted.score(table, NAMES) > 0.9
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(fitted.predict_proba(table), again.predict_proba(table))
    unseen = table.assign(city="nowhere")
    assert fitted.predict_proba(unseen).shape == (len(X), 3)
