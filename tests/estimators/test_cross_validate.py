"""cross_validate: what scikit-learn's function returns, with folds that train side by side."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)
from sklearn.model_selection import cross_validate as of_sklearn
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nettrain import MLPClassifier, MLPRegressor
from nettrain.backend.native_replay import SHARED_FROM
from nettrain.backend.numpy import PRODUCTS_PER_ELEMENT
from nettrain.sklearn import cross_validate, joint_fitting

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ORDER = np.random.default_rng(0).permutation(150)[:91]  # 91 rows: folds differ by a row
X, Y = (array[ORDER] for array in load_iris(return_X_y=True))
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
GROUPS = np.arange(91) // 7
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, 91)
NUMBERS = tuple(array[:83] for array in load_diabetes(return_X_y=True))


def quick(**parameters):
    small = {"random_state": 0, "max_iter": 6, "learning_rate_init": 0.02, "hidden_layer_sizes": (8,)}
    return MLPClassifier(**{**small, **parameters})


def quick_regressor(**parameters):
    return MLPRegressor(**{"random_state": 0, "max_iter": 6, "hidden_layer_sizes": (8,), **parameters})


def frame():
    table = pd.DataFrame(X.copy(), columns=list("abcd"))
    table["size"] = np.where(X[:, 0] > 5.5, "large", "small")
    table.loc[3, "a"] = np.nan
    table.loc[5, "size"] = None
    return table


def assert_same(estimator, x=X, y=Y, **arguments):
    """Compare with scikit-learn's function: scores and fitted networks, to the bit."""
    arguments = {"cv": 3, "return_estimator": True, "return_train_score": True, **arguments}
    ours, theirs = cross_validate(estimator, x, y, **arguments), of_sklearn(estimator, x, y, **arguments)
    assert list(theirs) == list(ours)
    for name in ours:
        if name == "estimator":
            assert_same_fits(ours[name], theirs[name], x)
        elif name != "indices" and not name.endswith("_time"):
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    assert (ours["fit_time"] > 0).all()
    assert (ours["score_time"] > 0).all()
    return ours


def assert_same_fits(ours, theirs, x):
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        if hasattr(other, "predict_proba"):
            np.testing.assert_array_equal(mine.predict_proba(x), other.predict_proba(x))
        np.testing.assert_array_equal(mine.predict(x), other.predict(x))
        if isinstance(other, MLPClassifier | MLPRegressor):
            assert_same_networks(mine, other)


def assert_same_networks(mine, other):
    for a, b in zip((*mine.coefs_, *mine.intercepts_), (*other.coefs_, *other.intercepts_), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (mine.n_iter_, mine.best_epoch_, mine.t_) == (other.n_iter_, other.best_epoch_, other.t_)
    np.testing.assert_array_equal(mine.loss_curve_, other.loss_curve_)
    assert mine.history_.drop("epoch_seconds", strict=False).equals(
        other.history_.drop("epoch_seconds", strict=False)
    )
    if hasattr(other, "classes_"):
        np.testing.assert_array_equal(mine.classes_, other.classes_)
    assert mine.n_features_in_ == other.n_features_in_


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 30, "validation_fraction": 0.2},
        {"class_weight": "balanced"},
        {"batch_size": 16, "solver": "sgd", "learning_rate": "adaptive"},
        {"config": {"model": {"norm": "batch", "dropout": 0.2}, "training": {"batch_size": 20}}},
        {"random_state": np.random.RandomState(3)},
        {"solver": "lbfgs"},
        {"config": {"training": {"ensemble": 2}}},
    ],
    ids=[
        *("plain", "early stopping", "class weights", "batches", "norm and dropout", "random state"),
        *("lbfgs", "an ensemble"),
    ],
)
def test_folds_are_fits_of_their_own(parameters):
    assert_same(quick(**parameters))


def test_the_processors_share_the_folds(monkeypatch):
    """Products of enough members for kernels of two threads, which no bit depends on."""
    monkeypatch.setattr(joint_fitting, "most_threads", lambda: 2)
    x, y = (array[:700] for array in load_digits(return_X_y=True))
    assert 3 * 200 * 64 * 64 >= SHARED_FROM * PRODUCTS_PER_ELEMENT
    assert_same(quick(hidden_layer_sizes=(64,), max_iter=3), x, y)


def test_rows_weigh():
    ours = assert_same(quick(), params={"sample_weight": WEIGHT})
    plain = cross_validate(quick(), X, Y, cv=3, return_estimator=True)
    assert (ours["estimator"][0].coefs_[0] != plain["estimator"][0].coefs_[0]).any()


def test_text_and_gaps():
    ours = assert_same(quick(early_stopping=True, validation_fraction=0.3), frame(), NAMES)
    assert [*"abcd", "size"] == list(ours["estimator"][0].feature_names_in_)


def test_numbers_one_and_several():
    x, y = NUMBERS
    assert_same(quick_regressor(), x, y)
    assert_same(quick_regressor(), x, np.column_stack([y, -y]), scoring="neg_mean_absolute_error")


def test_labels():
    assert_same(quick(), X, np.column_stack([Y == 0, Y > 1]).astype(int))


@pytest.mark.parametrize(
    ("splitter", "groups"),
    [
        (4, None),
        (KFold(4, shuffle=True, random_state=0), None),
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0), None),
        (GroupKFold(3), GROUPS),
        (StratifiedGroupKFold(2), GROUPS),
        (LeaveOneGroupOut(), GROUPS // 4),
        (ShuffleSplit(2, train_size=0.4, random_state=0), None),
        (TimeSeriesSplit(3), None),
        (PredefinedSplit(np.arange(91) % 3 - 1), None),
        ([(np.arange(60), np.arange(60, 91)), (np.arange(20, 91), np.arange(10))], None),
    ],
    ids=lambda value: type(value).__name__ if value is not None else "",
)
def test_any_splitter(splitter, groups):
    ours = assert_same(quick(), cv=splitter, groups=groups, return_indices=True)
    theirs = of_sklearn(quick(), X, Y, cv=splitter, groups=groups, return_indices=True)
    for split in ("train", "test"):
        for mine, other in zip(ours["indices"][split], theirs["indices"][split], strict=True):
            np.testing.assert_array_equal(mine, other)


def accuracy(estimator, x, y):
    return float((estimator.predict(x) == y).mean())


def accuracy_and_epochs(estimator, x, y):
    return {"accuracy": accuracy(estimator, x, y), "epochs": estimator.n_iter_}


@pytest.mark.parametrize(
    "scoring",
    [
        "neg_log_loss",
        ["accuracy", "roc_auc_ovr", "neg_log_loss"],
        {"mine": make_scorer(accuracy_score), "other": accuracy},
        accuracy,
    ],
    ids=["name", "names", "dict", "function"],
)
@pytest.mark.parametrize("wrap", [lambda network: network, make_pipeline], ids=["network", "pipeline"])
def test_any_scorer(scoring, wrap):
    assert_same(wrap(quick()), scoring=scoring)


def test_a_scorer_may_ask_for_more_than_predictions():
    assert_same(quick(), scoring=accuracy_and_epochs, return_estimator=False)


def test_scored_estimators_keep_no_rows():
    for estimator in cross_validate(quick(), X, Y, cv=2, return_estimator=True)["estimator"]:
        assert "_known" not in vars(estimator)


# ----- estimators around networks -----


def columns():
    return ColumnTransformer(
        [("text", OneHotEncoder(handle_unknown="ignore"), ["size"])], remainder=StandardScaler()
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_pipeline(columns(), quick()),
        lambda: make_pipeline(make_pipeline(columns(), quick())),
        lambda: OneVsRestClassifier(make_pipeline(columns(), quick())),
        lambda: CalibratedClassifierCV(quick(), cv=2),  # it asks networks while it is fitted
    ],
    ids=["pipeline", "pipeline in a pipeline", "one versus rest", "calibrated"],
)
def test_estimators_that_contain_a_network(make):
    assert_same(make(), frame(), Y)


def test_a_pipeline_passes_weights_on():
    estimator = make_pipeline(StandardScaler(), quick())
    assert_same(estimator, params={"mlpclassifier__sample_weight": WEIGHT})


def test_targets_that_are_transformed():
    x, y = NUMBERS
    network = TransformedTargetRegressor(quick_regressor(), func=np.log, inverse_func=np.exp)
    assert_same(network, x, y)


def test_metadata_is_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        network = quick().set_fit_request(sample_weight=True, groups=False)
        network.set_score_request(sample_weight=True)
        routed = {"sample_weight": WEIGHT, "groups": GROUPS}
        assert_same(network, cv=GroupKFold(3), params=routed)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        assert_same(make_pipeline(scaler, network), cv=GroupKFold(3), params=routed)


def test_a_network_that_is_watched_trains_by_itself(capsys):
    cross_validate(quick(max_iter=2, verbose=True), X, Y, cv=2)
    assert 4 == capsys.readouterr().out.count("Iteration")


# ----- errors -----


@pytest.mark.parametrize("estimator", [LogisticRegression(), 3], ids=["logistic regression", "number"])
def test_estimators_without_a_network_are_refused(estimator):
    with pytest.raises(TypeError, match=r"cross_validate: an? .* contains no MLPClassifier"):
        cross_validate(estimator, X, Y)


def test_a_fold_that_fails_has_the_error_score():
    y = np.where(np.arange(91) < 30, 0, Y)  # one class alone in the second training half
    folds = [(np.arange(40, 91), np.arange(40)), (np.arange(30), np.arange(30, 91))]
    with pytest.warns(sklearn.exceptions.FitFailedWarning, match="1 fits failed out of a total of 2"):
        scores = cross_validate(quick(), X, y, cv=folds, error_score=-1.0)["test_score"]
    assert -1.0 == scores[1] < scores[0]
    with pytest.raises(ValueError, match="rows of at least two classes"):
        cross_validate(quick(), X, y, cv=folds, error_score="raise")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "sgd", "learning_rate_init": 1e30}, "training diverged in epoch"),
        ({"activation": "rleu"}, 'did you mean "relu"'),
        ({"alpha": -1.0}, "alpha == -1.0"),
    ],
    ids=["diverged", "activation", "alpha"],
)
def test_errors_are_those_of_a_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        cross_validate(quick(**parameters), X, Y, error_score="raise")
    with pytest.raises(ValueError, match="All the 5 fits failed") as failed:
        cross_validate(quick(**parameters), X, Y)
    assert message in str(failed.value)


def test_the_next_fit_trains_at_once():
    with pytest.raises(ValueError, match="alpha"):
        cross_validate(quick(alpha=-1.0), X, Y, error_score="raise")
    assert quick().fit(X, Y).score(X, Y) > 0
