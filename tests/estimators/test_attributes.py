"""The attributes and parameters that scripts for scikit-learn's own MLP read and set."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import StandardScaler

from nettrain import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
Z = StandardScaler().fit_transform(X)
D, T = load_diabetes(return_X_y=True)
LABELS = make_multilabel_classification(n_features=4, random_state=0)
COUNTS = np.random.default_rng(0).poisson(np.exp(1 + Z[:, 0] / 2))
PLAIN = {"data": {"scaling": "none", "target_scaling": "none"}, "backend": {"dtype": "float64"}}
TASKS = {
    "classes": (TheirClassifier, MLPClassifier, Z, Y, {}),
    "two classes": (TheirClassifier, MLPClassifier, Z, np.where(Y == 1, "a", "b"), {}),
    "numbers told as text": (TheirClassifier, MLPClassifier, Z, np.array(["9", "10", "11"])[Y], {}),
    "two numbers told as text": (TheirClassifier, MLPClassifier, Z, np.array(["9", "10", "10"])[Y], {}),
    "labels": (TheirClassifier, MLPClassifier, *LABELS, {}),
    "a number": (TheirRegressor, MLPRegressor, D, T / 100, {}),
    "two numbers": (TheirRegressor, MLPRegressor, D, np.column_stack([T, -T]) / 100, {}),
    "counts": (TheirRegressor, MLPRegressor, Z, COUNTS, {"loss": "poisson"}),
}
TANGENT = {**PLAIN, "model": {"parametrization": "neural_tangent"}}


def named(estimator):
    return {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")} | {
        name for name in ("coefs_", "intercepts_") if hasattr(estimator, name)
    }


@pytest.mark.parametrize(("task", "config"), [*((task, PLAIN) for task in TASKS), ("classes", TANGENT)])
def test_scikit_learn_predicts_alike_from_our_attributes(task, config):
    """Its own network, given weights and output activation, is the one that was fitted."""
    theirs, ours, x, y, more = TASKS[task]
    common = {
        "max_iter": 4,
        "hidden_layer_sizes": (6, 5),
        "activation": "tanh",
        "early_stopping": False,
        **more,
    }
    theirs, ours = theirs(**common).fit(x, y), ours(**common, config=config).fit(x, y)
    assert named(theirs) <= named(ours)
    same = ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "t_", "n_features_in_")
    assert {name: getattr(theirs, name) for name in same} == {name: getattr(ours, name) for name in same}
    assert [one.shape for one in theirs.coefs_] == [one.shape for one in ours.coefs_]
    theirs.coefs_, theirs.intercepts_ = ours.coefs_, ours.intercepts_
    ask = "predict_proba" if hasattr(ours, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(theirs, ask)(x), getattr(ours, ask)(x), rtol=1e-9)
    assert (theirs.predict(x) == ours.predict(x)).all() or ask == "predict"


@pytest.mark.parametrize(
    ("estimator", "y", "score"), [(MLPClassifier, Y, accuracy_score), (MLPRegressor, T, r2_score)]
)
def test_scores_of_validation_rows(estimator, y, score):
    x = X if y is Y else D
    fitted = estimator(max_iter=20, early_stopping=True, random_state=0, learning_rate_init=0.02)
    fitted.fit(x[::2], y[::2], X_val=x[1::2], y_val=y[1::2])
    assert fitted.n_iter_ == len(fitted.validation_scores_) == len(fitted.loss_curve_)
    best = fitted.validation_scores_[int(fitted.best_epoch_) - 1]
    assert score(y[1::2], fitted.predict(x[1::2])) == pytest.approx(best, abs=1e-6)
    assert max(fitted.validation_scores_) == fitted.best_validation_score_
    plain = estimator(max_iter=3).fit(x, y)
    assert (None, None) == (plain.validation_scores_, plain.best_validation_score_)
    assert (plain.loss_curve_[-1], min(plain.loss_curve_)) == (plain.loss_, plain.best_loss_)


def test_a_step_of_the_regressor_is_that_of_sklearn():
    common = {"hidden_layer_sizes": (5,), "activation": "tanh", "solver": "sgd", "alpha": 0.1}
    common |= {"shuffle": False, "momentum": 0.0, "batch_size": 442, "learning_rate_init": 0.5}
    y = np.column_stack([T, T**2 / 100]) / 100
    for targets in (y, y[:, 0]):
        ours = MLPRegressor(**common, max_iter=1, random_state=0, config={**PLAIN, "loss": "mse_half"})
        theirs = TheirRegressor(**common).partial_fit(D, targets)
        ours.partial_fit(D, targets)
        theirs.coefs_ = [weights.copy() for weights in ours.coefs_]
        theirs.intercepts_ = [bias.copy() for bias in ours.intercepts_]
        theirs._optimizer.params = [*theirs.coefs_, *theirs.intercepts_]
        ours.partial_fit(D, targets), theirs.partial_fit(D, targets)
        for mine, other in zip((*ours.coefs_, *ours.intercepts_), theirs._optimizer.params, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
    assert "mse_half" == MLPRegressor(max_iter=1).fit(D, T)._network.experiment.loss.name


def test_most_evaluations_end_lbfgs():
    assert 3 == MLPClassifier(solver="lbfgs", max_fun=3, random_state=0).fit(X, Y).n_iter_


def test_patience_may_be_infinite():
    estimator = MLPClassifier(n_iter_no_change=np.inf, tol=1.0, max_iter=30, early_stopping=np.True_)
    assert 30 == estimator.fit(X, Y).n_iter_


def test_rows_without_names_go_by_position():
    frame = pd.DataFrame(X, columns=list("abcd"))
    estimator = MLPClassifier(max_iter=20, random_state=0).fit(frame, Y, X_val=frame, y_val=Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert (estimator.predict(X) == estimator.predict(frame)).all()
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        estimator.partial_fit(X, Y)


def test_weights_count_in_every_partial_fit():
    """A fit that begins without weights goes on with them: rows of weight 0 do not train."""
    weight, config = (Y > 0) * 1.0, {**PLAIN, "training": {"batch_size": "full"}}
    weighted, without = (MLPClassifier(max_iter=5, random_state=0, config=config).fit(Z, Y) for _ in "ab")
    weighted.partial_fit(Z, Y, weight)
    without.partial_fit(Z[Y > 0], Y[Y > 0])
    np.testing.assert_allclose(weighted.predict_proba(Z), without.predict_proba(Z), rtol=1e-9)


def test_class_weights_count_in_every_epoch():
    common = {"class_weight": {0: 1, 1: 5, 2: 0.5}, "random_state": 0, "tol": 0.0}
    once = MLPClassifier(max_iter=6, **common).fit(X, Y)
    warm = MLPClassifier(max_iter=3, warm_start=True, **common).fit(X, Y).fit(X, Y)
    assert np.array_equal(once.predict_proba(X), warm.predict_proba(X))
    parts = MLPClassifier(**common)
    for rows in (Y < 2, Y > 0):
        parts.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    assert [0, 1, 2] == list(parts.classes_)
    named = MLPClassifier(max_iter=6, random_state=0, tol=0.0).set_params(
        config={"data": {"class_weights": {0: 1, 1: 5, 2: 0.5}}, "model": {"init": "glorot_uniform"}},
        hidden_layer_sizes=(100,), activation="relu", solver="adam", alpha=1e-4, batch_size="auto",
        learning_rate="constant", n_iter_no_change=10, shuffle=True,
    )  # fmt: skip
    assert np.array_equal(once.predict_proba(X), named.fit(X, Y).predict_proba(X))
