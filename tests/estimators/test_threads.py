"""Threads of estimators: no more than joblib and threadpoolctl allow, and others keep theirs."""

import pickle
import threading

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from joblib import Parallel, delayed, parallel_config
from numba import get_num_threads, set_num_threads
from sklearn.model_selection import cross_val_score
from threadpoolctl import ThreadpoolController, threadpool_limits

from nettrain import MLPClassifier
from nettrain.experiment.threads import available_cores

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(available_cores() < 2, reason="needs two processors"),
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 60))
Y = X[:, 0] > 0
# a product large enough for several threads
LARGE = {"hidden_layer_sizes": (400, 300), "batch_size": 300, "max_iter": 2, "random_state": 0}


def threads_of(estimator):
    return estimator._network.experiment.backend.threads


def fitted_threads(parameters=LARGE):
    return threads_of(MLPClassifier(**parameters).fit(X, Y))


def blas_threads():
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


@pytest.fixture(scope="module")
def large():
    return MLPClassifier(**LARGE).fit(X, Y)


def test_a_fit_leaves_the_threads_of_others(large):
    for threads in (1, 2):
        with threadpool_limits(threads):
            before = blas_threads()
            fitted = MLPClassifier(**LARGE).fit(X, Y).partial_fit(X, Y)
            assert (before, threads) == (blas_threads(), threads_of(fitted))
            fitted.predict(X), large.predict(X), pickle.loads(pickle.dumps(large))
            assert before == blas_threads()
    set_num_threads(2)
    MLPClassifier(max_iter=1).fit(X, Y).predict(X)
    assert 2 == get_num_threads()


def test_threads_are_those_that_are_left():
    assert 2 <= fitted_threads()
    config = {"backend": {"threads": 2}}
    assert 2 == fitted_threads({**LARGE, "config": config})
    with threadpool_limits(1):
        assert 1 == fitted_threads() == fitted_threads({**LARGE, "config": config})
    assert 1 == fitted_threads({**LARGE, "hidden_layer_sizes": (5,)})  # nothing to share


def test_workers_of_joblib_have_its_limit():
    assert [2] == Parallel(n_jobs=1)(delayed(fitted_threads)() for _ in "a")
    with parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=1):
        assert [1] * 2 == Parallel()(delayed(fitted_threads)() for _ in "ab")


def test_threads_at_once_fit_alike_with_one_each(large):
    with threadpool_limits(1):
        alone = MLPClassifier(**LARGE).fit(X, Y).predict_proba(X)
        expected = large.predict_proba(X)
    before = blas_threads()

    def fit(_):
        return MLPClassifier(**LARGE).fit(X, Y).predict_proba(X), large.predict_proba(X)

    for fitted, predicted in Parallel(n_jobs=3, backend="threading")(delayed(fit)(k) for k in range(6)):
        assert np.array_equal(alone, fitted)
        assert np.array_equal(expected, predicted)
    assert before == blas_threads()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_scores_do_not_depend_on_jobs(backend):
    estimator = MLPClassifier(max_iter=5, random_state=0, solver="sgd")
    expected = cross_val_score(estimator, X, Y, cv=3)
    with parallel_config(backend=backend):
        assert np.array_equal(expected, cross_val_score(estimator, X, Y, cv=3, n_jobs=2))


def test_a_fit_leaves_no_thread_behind():
    before = {*threading.enumerate()}
    MLPClassifier(max_iter=3, solver="lbfgs").fit(X, Y).predict(X)
    with pytest.raises(ValueError, match="diverged"):
        MLPClassifier(max_iter=3, solver="sgd", learning_rate_init=1e30).fit(X, Y)
    assert set() == {*threading.enumerate()} - before  # some of other tests may have ended meanwhile
