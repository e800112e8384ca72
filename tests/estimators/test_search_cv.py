"""SearchCV: what scikit-learn's searches find, with candidates and folds that train side by side."""

import pickle
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    ParameterGrid,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nettrain import MLPClassifier, MLPRegressor
from nettrain.sklearn import SearchCV, cross_validate
from nettrain.sklearn.processes import rounds, shared_out
from nettrain.workflow.side_by_side import TrainedTogether

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ORDER = np.random.default_rng(0).permutation(150)[:91]  # 91 rows: folds differ by a row
X, Y = (array[ORDER] for array in load_iris(return_X_y=True))
WEIGHT = np.random.default_rng(1).uniform(0.5, 2, 91)
GRID = {"alpha": [1e-4, 0.1], "learning_rate_init": [0.001, 0.05]}


def quick(**parameters):
    small = {"random_state": 0, "max_iter": 5, "learning_rate_init": 0.02, "hidden_layer_sizes": (8,)}
    return MLPClassifier(**{**small, **parameters})


def assert_same_results(ours, theirs):
    """The columns of `cv_results_`, all but times to the bit, and what follows from them."""
    assert {*theirs.cv_results_} == {*ours.cv_results_}
    for name, column in theirs.cv_results_.items():
        if not name.endswith("_time"):
            np.testing.assert_array_equal(ours.cv_results_[name], column, err_msg=name)
            assert type(column) is type(ours.cv_results_[name])
    for name in ("best_index_", "best_params_", "best_score_", "n_splits_", "multimetric_"):
        assert getattr(theirs, name) == getattr(ours, name)
    assert str(theirs.scorer_) == str(ours.scorer_)


@pytest.mark.parametrize(
    "grid",
    [
        GRID,
        {"hidden_layer_sizes": [(4,), (4, 4), 6], "random_state": [0, 1]},
        [{"alpha": [0.1, 0.2]}, {"activation": ["tanh"], "class_weight": [None, "balanced"]}],
        {
            "batch_size": [8, 64],
            "config": [None, {"model": {"dropout": 0.2}}, {"data": {"scaling": "minmax"}}],
        },
        {"early_stopping": [True], "validation_fraction": [0.1, 0.3], "random_state": [1, 2]},
    ],
    ids=["rates", "sizes and seeds", "two grids", "batches and configs", "early stopping"],
)
def test_a_grid_is_that_of_sklearn(grid):
    ours = SearchCV(quick(), grid, cv=3, return_train_score=True).fit(X, Y)
    theirs = GridSearchCV(quick(), grid, cv=3, return_train_score=True).fit(X, Y)
    assert_same_results(ours, theirs)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert ours.score(X, Y) == theirs.score(X, Y)
    assert (list(ours.classes_), ours.n_features_in_) == ([0, 1, 2], 4)
    assert ours.refit_time_ > 0
    assert (ours.cv_results_["mean_fit_time"] > 0).all()
    assert not hasattr(ours, "decision_function")


@pytest.mark.parametrize(
    ("values", "draws"),
    [
        ({"alpha": loguniform(1e-5, 1), "hidden_layer_sizes": randint(3, 6)}, 5),
        ({"alpha": loguniform(1e-5, 1)}, None),
        (GRID, 3),
    ],
    ids=["distributions", "ten by default", "some of a grid"],
)
def test_draws_are_those_of_sklearn(values, draws):
    ours = SearchCV(quick(), values, n_iter=draws, cv=2, random_state=3).fit(X, Y)
    theirs = RandomizedSearchCV(quick(), values, n_iter=draws or 10, cv=2, random_state=3).fit(X, Y)
    assert_same_results(ours, theirs)


def test_several_scorers_and_a_rule_for_the_best():
    def second(results):
        return int(np.argsort(results["rank_test_neg_log_loss"])[1])

    scoring = ["accuracy", "neg_log_loss"]
    ours = SearchCV(quick(), GRID, cv=2, scoring=scoring, refit="neg_log_loss").fit(X, Y)
    theirs = GridSearchCV(quick(), GRID, cv=2, scoring=scoring, refit="neg_log_loss").fit(X, Y)
    assert_same_results(ours, theirs)
    assert ours.score(X, Y) == theirs.score(X, Y)
    other = SearchCV(quick(), GRID, cv=2, scoring=scoring, refit=second).fit(X, Y)
    assert 2 == other.cv_results_["rank_test_neg_log_loss"][other.best_index_]
    assert not hasattr(other, "best_score_")
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        SearchCV(quick(), GRID, scoring=scoring).fit(X, Y)


@pytest.mark.parametrize("refit", ["gap", False])
def test_a_scorer_may_give_several_figures(refit):
    def both(estimator, x, y):
        share = estimator.score(x, y)
        return {"share": share, "gap": -abs(share - 0.5)}

    ours = SearchCV(quick(), GRID, cv=2, scoring=both, refit=refit).fit(X, Y)
    theirs = GridSearchCV(quick(), GRID, cv=2, scoring=both, refit=refit).fit(X, Y)
    assert hasattr(ours, "best_index_") == bool(refit)
    np.testing.assert_array_equal(theirs.cv_results_["mean_test_gap"], ours.cv_results_["mean_test_gap"])
    if refit:
        assert (theirs.best_index_, theirs.best_score_) == (ours.best_index_, ours.best_score_)
    else:
        assert ours.multimetric_
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        SearchCV(quick(), GRID, cv=2, scoring=both, refit="neither").fit(X, Y)


class Rounds(SearchCV):
    """A search that evaluates `parameters` one after the other, and says in which round."""

    def _run_search(self, evaluate_candidates, **context):
        for number, block in enumerate(self.parameters):
            evaluate_candidates(
                ParameterGrid(block), more_results={"round": [number] * len(ParameterGrid(block))}
            )


def test_a_subclass_evaluates_in_rounds():
    blocks = [{"alpha": [0.1]}, {"alpha": [0.2, 0.3]}]
    search = Rounds(quick(), blocks, cv=2).fit(X, Y)
    assert [0, 1, 1] == search.cv_results_["round"].tolist()
    whole = SearchCV(quick(), {"alpha": [0.1, 0.2, 0.3]}, cv=2).fit(X, Y)
    np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])


class NoCandidates(SearchCV):
    """A search that has nothing to evaluate."""

    def _run_search(self, evaluate_candidates, **context):
        evaluate_candidates([])


class OneFoldTooFew:
    """A splitter that does not keep its word."""

    def split(self, x, y=None, groups=None):
        yield np.arange(50), np.arange(50, 91)

    def get_n_splits(self, x=None, y=None, groups=None):
        return 2


def test_a_search_without_fits_is_refused():
    with pytest.raises(ValueError, match="no fits were performed: there are no candidates, or no folds"):
        NoCandidates(quick(), GRID).fit(X, Y)
    with pytest.raises(ValueError, match=r"cv\.split yields 1 folds, but cv\.get_n_splits says 2"):
        SearchCV(quick(), GRID, cv=OneFoldTooFew()).fit(X, Y)


def test_names_of_columns_are_those_of_the_best():
    search = SearchCV(quick(), {"alpha": [0.1, 0.2]}, cv=2).fit(pl.DataFrame(X, schema=list("abcd")), Y)
    assert ["a", "b", "c", "d"] == list(search.feature_names_in_)


def test_without_refit_nothing_is_asked():
    search = SearchCV(quick(), GRID, cv=2, refit=False).fit(X, Y)
    assert {"alpha", "learning_rate_init"} == {*search.best_params_}
    assert not hasattr(search, "best_estimator_")
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        search.predict(X)
    with pytest.raises(NotFittedError):
        SearchCV(quick(), GRID).predict(X)


def test_groups_and_weights():
    ours = SearchCV(quick(), GRID, cv=GroupKFold(3)).fit(
        X, Y, groups=np.arange(91) // 5, sample_weight=WEIGHT
    )
    theirs = GridSearchCV(quick(), GRID, cv=GroupKFold(3))
    theirs.fit(X, Y, groups=np.arange(91) // 5, sample_weight=WEIGHT)
    assert_same_results(ours, theirs)
    assert (ours.best_estimator_.coefs_[0] == theirs.best_estimator_.coefs_[0]).all()


def test_a_regressor():
    x, y = (array[:61] for array in load_diabetes(return_X_y=True))
    network = MLPRegressor(random_state=0, max_iter=5, hidden_layer_sizes=(8,))
    ours = SearchCV(network, GRID, cv=3, scoring="neg_root_mean_squared_error").fit(x, y)
    assert_same_results(
        ours, GridSearchCV(network, GRID, cv=3, scoring="neg_root_mean_squared_error").fit(x, y)
    )


def test_steps_of_a_pipeline_vary():
    pipeline = Pipeline([("scale", StandardScaler()), ("network", quick())])
    grid = {"scale": [StandardScaler(), MinMaxScaler(), "passthrough"], "network__alpha": [1e-4, 1.0]}
    ours, theirs = (search(pipeline, grid, cv=2).fit(X, Y) for search in (SearchCV, GridSearchCV))
    for name in ("mean_test_score", "rank_test_score", "split1_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name])
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_a_network_may_be_exchanged_for_another_estimator():
    pipeline = Pipeline([("scale", StandardScaler()), ("model", quick())])
    search = SearchCV(pipeline, {"model": [quick(), LogisticRegression()]}, cv=2).fit(X, Y)
    assert isinstance(search.best_params_["model"], LogisticRegression)


@pytest.mark.parametrize("validate", [cross_val_score, cross_validate], ids=["sklearn", "nettrain"])
def test_a_search_is_cross_validated(validate):
    def scores(search):
        found = validate(search(quick(), {"alpha": [1e-4, 10.0]}, cv=2), X, Y, cv=3)
        return found["test_score"] if isinstance(found, dict) else found

    np.testing.assert_array_equal(scores(SearchCV), scores(GridSearchCV))


def test_candidates_that_differ_in_numbers_share_a_population(monkeypatch):
    sizes = []

    class Counted(TrainedTogether):
        def __init__(self, trainees, positions, *others, **named):
            sizes.append(len(positions))
            super().__init__(trainees, positions, *others, **named)

    monkeypatch.setattr("nettrain.sklearn.joint_fitting.TrainedTogether", Counted)
    numbers = {**GRID, "random_state": [0, None], "momentum": [0.5]}
    SearchCV(quick(), numbers, cv=3).fit(X, Y)  # 31, 30 and 30 rows test
    assert [24] == sizes
    sizes.clear()
    SearchCV(make_pipeline(StandardScaler(), quick()), {"mlpclassifier__activation": ["relu", "tanh"]}).fit(
        X, Y
    )
    assert [5, 5] == sizes


def test_folds_of_too_many_rows_train_one_after_the_other(monkeypatch):
    fits = [SimpleNamespace(fold=SimpleNamespace(number=k % 3, cells=60)) for k in range(6)]
    assert [[*range(6)]] == rounds(fits)
    found = SearchCV(quick(), GRID, cv=3).fit(X, Y)
    monkeypatch.setattr("nettrain.sklearn.processes.CELLS", 100)
    assert [[0, 3], [1, 2, 4, 5]] == rounds(fits)
    assert_same_results(SearchCV(quick(), GRID, cv=3).fit(X, Y), found)


# ----- errors -----


def test_a_candidate_that_fails_is_the_last():
    nan = pytest.warns(UserWarning, match="non-finite")
    with nan, pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search = SearchCV(quick(solver="sgd"), {"learning_rate_init": [0.01, 1e30]}, cv=2).fit(X, Y)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert [1, 2] == search.cv_results_["rank_test_score"].tolist()
    with pytest.raises(ValueError, match="training diverged in epoch"):
        clone(search).set_params(error_score="raise").fit(X, Y)


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="SearchCV: a LogisticRegression contains no MLPClassifier"):
        SearchCV(LogisticRegression(), {"C": [1.0]}).fit(X, Y)
    with pytest.raises(ValueError, match="'n_iter' parameter of SearchCV must be"):
        SearchCV(quick(), GRID, n_iter=0).fit(X, Y)
    with pytest.raises(ValueError, match="Invalid parameter 'alhpa'"):
        SearchCV(quick(), {"alhpa": [1.0]}).fit(X, Y)


# ----- scikit-learn's rules -----


def test_it_is_cloned_and_pickled():
    search = SearchCV(quick(), GRID, n_iter=2, cv=2, random_state=0)
    assert search.get_params() == clone(search).get_params() | {"estimator": search.estimator}
    search.fit(X, Y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))


def test_callbacks_see_every_fit(capsys):
    class Counter:
        def __init__(self):
            self.tasks = []

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context, **others): ...
        def on_fit_task_end(self, estimator, context, **others):
            self.tasks.append(context.task_name)

    counter = Counter()
    SearchCV(quick(), GRID, cv=2, verbose=2).set_callbacks(counter, ProgressBar()).fit(X, Y)
    assert 8 == counter.tasks.count("candidate-split-evaluation")
    assert {"search", "refit-with-best-params", "fit"} <= {*counter.tasks}
    printed = capsys.readouterr().out
    assert "Fitting 2 folds for each of 4 candidates, totalling 8 fits" in printed
    assert "fold 2/2  alpha=0.1, learning_rate_init=0.05: score 0." in printed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_all_checks_of_sklearn_pass():
    network = quick(max_iter=40, random_state=0)
    results = check_estimator(SearchCV(network, {"alpha": [1e-4, 1e-3]}, cv=2), on_fail=None)
    failed = {one["check_name"]: str(one["exception"]) for one in results if one["status"] == "failed"}
    assert {} == failed


def test_processes_share_candidates_and_folds():
    fits = [
        SimpleNamespace(fold=SimpleNamespace(number=k % 3), parameters={"alpha": 0.1 * (k // 3)})
        for k in range(12)
    ]
    assert shared_out(fits, 1) == [list(range(12))]
    assert shared_out(fits, 2) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]  # whole candidates
    assert shared_out(fits[:3], 2) == [[0, 2], [1]]
    assert shared_out(fits[:1], 4) == [[0]]


def test_processes_take_whole_forms_where_that_is_even():
    def fits(*widths):
        sizes = [width for width in widths for _ in range(2)]
        return [
            SimpleNamespace(fold=SimpleNamespace(number=f), parameters={"hidden_layer_sizes": size})
            for size in sizes
            for f in range(2)
        ]

    assert shared_out(fits((30,), (10, 20)), 2) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert shared_out(fits(64, 32, 32), 2) == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10, 11]]
    assert [len(share) for share in shared_out(fits(90, 10), 2)] == [6, 2]  # a form in two


@pytest.mark.slow
@pytest.mark.parametrize("search", [True, False], ids=["SearchCV", "cross_validate"])
def test_processes_change_no_result(search):
    def found(n_jobs):
        if search:
            results = SearchCV(quick(), GRID, n_jobs=n_jobs).fit(X, Y).cv_results_
            return {name: column for name, column in results.items() if not name.endswith("_time")}
        validated = cross_validate(quick(), X, Y, n_jobs=n_jobs, return_estimator=True)
        return [one.coefs_[0].tolist() for one in validated["estimator"]], validated["test_score"].tolist()

    assert repr(found(1)) == repr(found(2))
