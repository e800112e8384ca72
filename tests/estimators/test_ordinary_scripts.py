"""Ordinary scikit-learn scripts, which run with the import changed and score as with its own MLP.

Each function is a script: it takes the two estimators, and returns a score or a figure of the fit.
"""

import io

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

import joblib
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import load_wine, make_classification, make_friedman1, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nettrain import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning"),
]
QUICK = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.02, "max_iter": 40, "random_state": 0}
X, Y = make_classification(
    500, 8, n_informative=5, n_redundant=0, flip_y=0.02, class_sep=1.5, shuffle=False, random_state=1
)
WINE, KINDS = load_wine(return_X_y=True)
F, T = make_friedman1(300, noise=0.5, random_state=0)
T = (T - T.mean()) / T.std()
F, X = StandardScaler().fit_transform(F), StandardScaler().fit_transform(X)
ORDER = np.random.default_rng(0).permutation(500)
X, Y = X[ORDER], Y[ORDER]


def people():
    """Rows with numbers, text and gaps, and a class that follows from them."""
    rng = np.random.default_rng(0)
    age, town = rng.normal(40, 12, 300), rng.choice(["Ulm", "Bonn", "Kiel"], 300)
    pay = rng.normal(3000, 800, 300)
    frame = pd.DataFrame({"age": np.where(rng.random(300) < 0.1, np.nan, age), "pay": pay, "town": town})
    return frame, np.where((town == "Ulm") ^ (pay > 3000), "yes", "no")


def columns():
    """What makes numbers of such rows."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    text = OneHotEncoder(sparse_output=False)
    return ColumnTransformer(
        [("n", numbers, make_column_selector(dtype_include="number")), ("t", text, ["town"])]
    )


def column_transformer(classifier, regressor):
    frame, y = people()
    return cross_val_score(make_pipeline(columns(), classifier(**QUICK)), frame, y, cv=3).mean()


def transform_output_pandas(classifier, regressor):
    frame, y = people()
    with config_context(transform_output="pandas"):
        return (
            make_pipeline(columns(), classifier(**QUICK))
            .fit(frame[:200], y[:200])
            .score(frame[200:], y[200:])
        )


def transform_output_polars(classifier, regressor):
    frame = pl.DataFrame({f"f{k}": X[:, k] for k in range(8)})
    with config_context(transform_output="polars"):
        pipeline = make_pipeline(StandardScaler(), classifier(**QUICK)).fit(frame[:200], pl.Series(Y[:200]))
        return pipeline.score(frame[200:], pl.Series(Y[200:]))


def sparse_text(classifier, regressor):
    frame, y = people()
    sparse = OneHotEncoder().fit_transform(frame[["town"]].assign(rich=frame["pay"] > 3000))
    return classifier(**QUICK).fit(sparse[:200], y[:200]).score(sparse[200:], y[200:])


def grid_search(classifier, regressor):
    grid = {"hidden_layer_sizes": [(4,), (16,)], "alpha": [1e-4, 1e-2]}
    search = GridSearchCV(classifier(**QUICK), grid, cv=3).fit(X[:200], Y[:200])
    assert set(search.best_params_) == set(grid)
    return search.score(X[200:], Y[200:])


def randomized_search(classifier, regressor):
    ranges = {"mlp__alpha": np.logspace(-5, -1, 9), "mlp__activation": ["relu", "tanh", "logistic"]}
    pipeline = make_pipeline(StandardScaler(), classifier(**QUICK))
    pipeline.steps[-1] = ("mlp", pipeline.steps[-1][1])
    search = RandomizedSearchCV(pipeline, ranges, n_iter=3, cv=3, random_state=0, scoring="roc_auc")
    return search.fit(X, Y).best_score_


def halving_search(classifier, regressor):
    search = HalvingGridSearchCV(
        classifier(**{**QUICK, "max_iter": 10}), {"alpha": [1e-4, 1e-3, 1e-2]},
        resource="max_iter", max_resources=40, min_resources=10, factor=2, cv=3, random_state=0,
    )  # fmt: skip
    return search.fit(X, Y).best_score_


def several_metrics(classifier, regressor):
    scores = cross_validate(
        classifier(**QUICK), X, Y, cv=3, scoring=["f1", "neg_log_loss"], return_train_score=True
    )
    return scores["test_f1"].mean()


def out_of_fold(classifier, regressor):
    wine = make_pipeline(StandardScaler(), classifier(**QUICK))
    probabilities = cross_val_predict(wine, WINE, KINDS, cv=3, method="predict_proba")
    return accuracy_score(KINDS, probabilities.argmax(axis=1))


def calibrated(classifier, regressor):
    fitted = CalibratedClassifierCV(classifier(**QUICK), cv=3).fit(X[:200], Y[:200])
    return brier_score_loss(Y[200:], fitted.predict_proba(X[200:])[:, 1])


def calibrated_afterwards(classifier, regressor):
    fitted = FrozenEstimator(classifier(**QUICK).fit(X[:120], Y[:120]))
    calibrated = CalibratedClassifierCV(fitted, method="isotonic").fit(X[120:220], Y[120:220])
    return calibrated.score(X[220:], Y[220:])


def tuned_threshold(classifier, regressor):
    tuned = TunedThresholdClassifierCV(classifier(**QUICK), scoring="f1", cv=3).fit(X[:200], Y[:200])
    return f1_score(Y[200:], tuned.predict(X[200:]))


def voting(classifier, regressor):
    members = [
        ("linear", LogisticRegression()),
        ("a", classifier(**QUICK)),
        ("b", classifier(**QUICK, alpha=0.1)),
    ]
    return VotingClassifier(members, voting="soft").fit(X[:200], Y[:200]).score(X[200:], Y[200:])


def stacking(classifier, regressor):
    members = [("linear", LogisticRegression()), ("mlp", classifier(**QUICK))]
    return StackingClassifier(members, cv=3).fit(X[:200], Y[:200]).score(X[200:], Y[200:])


def bagging(classifier, regressor):
    bagged = BaggingClassifier(classifier(**QUICK), 5, max_features=0.8, random_state=0)
    return bagged.fit(X[:200], Y[:200]).score(X[200:], Y[200:])


def one_vs_rest(classifier, regressor):
    scaled = StandardScaler().fit_transform(WINE)
    return (
        OneVsRestClassifier(classifier(**QUICK)).fit(scaled[::2], KINDS[::2]).score(scaled[1::2], KINDS[1::2])
    )


def permuted_columns(classifier, regressor):
    fitted = regressor(**QUICK, alpha=0.01).fit(F, T)
    means = permutation_importance(fitted, F, T, n_repeats=3, random_state=0).importances_mean
    assert set(means.argsort()[-5:]) == {0, 1, 2, 3, 4}  # the others are noise
    return means[3] / means.sum()


def partial_dependences(classifier, regressor):
    fitted = regressor(**QUICK, alpha=0.01).fit(F, T)
    curve = partial_dependence(fitted, F, [3], kind="average", grid_resolution=10)["average"][0]
    return curve[-1] - curve[0]


def feature_selection(classifier, regressor):
    quick = regressor(**{**QUICK, "max_iter": 15})
    chosen = SequentialFeatureSelector(quick, n_features_to_select=1, cv=2).fit(F[:, 2:7], T)
    return float(chosen.get_support().argmax())


def curve_of_sizes(classifier, regressor):
    sizes, _, scores = learning_curve(classifier(**QUICK), X, Y, train_sizes=[0.3, 1.0], cv=3)
    assert [99, 333] == list(sizes)
    return scores[-1].mean()


def curve_of_a_parameter(classifier, regressor):
    _, scores = validation_curve(
        classifier(**QUICK), X, Y, param_name="alpha", param_range=[1e-3, 1e-1], cv=3
    )
    return scores.mean()


def dumped_and_loaded(classifier, regressor):
    file = io.BytesIO()
    joblib.dump(make_pipeline(StandardScaler(), regressor(**QUICK)).fit(F[:200], T[:200]), file)
    file.seek(0)
    return r2_score(T[200:], joblib.load(file).predict(F[200:]))


def several_outputs(classifier, regressor):
    y = np.column_stack([T, F[:, 0] - F[:, 1]])
    fitted = MultiOutputRegressor(regressor(**QUICK)).fit(F[:200], y[:200])
    return r2_score(y[200:], fitted.predict(F[200:]))


def outputs_at_once(classifier, regressor):
    y = pd.DataFrame({"t": T, "d": F[:, 0] - F[:, 1]})
    return regressor(**QUICK).fit(F[:200], y[:200]).score(F[200:], y[200:])


def transformed_target(classifier, regressor):
    fitted = TransformedTargetRegressor(regressor(**QUICK), func=np.log1p, inverse_func=np.expm1)
    return fitted.fit(F[:200], np.exp(T[:200])).score(F[200:], np.exp(T[200:]))


def labels(classifier, regressor):
    x, y = make_multilabel_classification(200, 10, n_classes=3, random_state=0)
    fitted = make_pipeline(StandardScaler(), classifier(**QUICK)).fit(x[:150], y[:150])
    return f1_score(y[150:], fitted.predict(x[150:]), average="micro")


def chain_of_labels(classifier, regressor):
    x, y = make_multilabel_classification(200, 10, n_classes=3, random_state=0)
    chain = ClassifierChain(make_pipeline(StandardScaler(), classifier(**QUICK))).fit(x[:150], y[:150])
    return f1_score(y[150:], chain.predict(x[150:]), average="micro")


def routed_weights(classifier, regressor):
    """Weights that take the flipped class of some rows out of fitting and scoring."""
    weight = np.where(X[:, 0] > 1.5, 0.0, 1.0)
    y = np.where(weight == 0, 1 - Y, Y)
    with config_context(enable_metadata_routing=True):
        estimator = classifier(**QUICK).set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=True)
        scores = cross_validate(estimator, X, y, cv=3, params={"sample_weight": weight})
    return scores["test_score"].mean()


def online(classifier, regressor):
    estimator = classifier(**QUICK)
    for _ in range(15):
        for rows in np.split(np.arange(200), 4):
            estimator.partial_fit(X[rows], Y[rows], classes=[0, 1])
    return estimator.score(X[200:], Y[200:])


def warm_starts(classifier, regressor):
    estimator = classifier(**{**QUICK, "max_iter": 10, "warm_start": True})
    losses = [estimator.fit(X[:200], Y[:200]).loss_ for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    return estimator.score(X[200:], Y[200:])


def early_stopping(classifier, regressor):
    stopping = {"early_stopping": True, "n_iter_no_change": 10, "validation_fraction": 0.2, "max_iter": 300}
    estimator = classifier(**{**QUICK, **stopping}).fit(X[:200], Y[:200])
    assert len(estimator.loss_curve_) == len(estimator.validation_scores_) == estimator.n_iter_ < 300
    assert max(estimator.validation_scores_) == estimator.best_validation_score_
    return estimator.score(X[200:], Y[200:])


def quasi_newton(classifier, regressor):
    estimator = regressor(solver="lbfgs", hidden_layer_sizes=(8,), max_iter=100, random_state=0, alpha=0.1)
    return clone(estimator).fit(F[:200], T[:200]).score(F[200:], T[200:])


def descent(classifier, regressor):
    estimator = classifier(
        (16,), "tanh", solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, momentum=0.8,
        nesterovs_momentum=False, batch_size=20, max_iter=40, random_state=0,
    )  # fmt: skip
    return estimator.fit(X[:200], Y[:200]).score(X[200:], Y[200:])


SCRIPTS = {  # by script: how far its result may be from that with scikit-learn's MLP
    **{
        column_transformer: 0.05,
        transform_output_pandas: 0.06,
        transform_output_polars: 0.06,
        sparse_text: 0.02,
    },
    **{grid_search: 0.06, randomized_search: 0.03, halving_search: 0.05, several_metrics: 0.05},
    **{out_of_fold: 0.03, calibrated: 0.03, calibrated_afterwards: 0.08, tuned_threshold: 0.06},
    **{voting: 0.05, stacking: 0.05, bagging: 0.05, one_vs_rest: 0.04},
    **{permuted_columns: 0.06, partial_dependences: 0.2, feature_selection: 0, curve_of_sizes: 0.05},
    **{curve_of_a_parameter: 0.05, dumped_and_loaded: 0.06, several_outputs: 0.06, outputs_at_once: 0.06},
    **{transformed_target: 0.08, labels: 0.06, chain_of_labels: 0.06, routed_weights: 0.05},
    **{online: 0.06, warm_starts: 0.06, early_stopping: 0.15, quasi_newton: 0.08, descent: 0.06},
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_runs_with_the_import_changed(script):
    theirs = script(TheirClassifier, TheirRegressor)
    ours = script(MLPClassifier, MLPRegressor)
    assert theirs == pytest.approx(ours, abs=SCRIPTS[script])
