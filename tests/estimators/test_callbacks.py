"""Callbacks by scikit-learn's protocol: they see every epoch, may stop, and are always torn down."""

import pickle
import threading

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from joblib import parallel_config
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nettrain import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)


def quick(**parameters):
    return MLPClassifier(**{"random_state": 0, "max_iter": 6, "learning_rate_init": 0.02, **parameters})


class Recorder:
    """Writes down what it is called with; asks to stop after the epoch `last`."""

    def __init__(self, last=None):
        self.calls, self.last = [], last

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.calls.append(("end", context.task_name, context.task_id))
        assert len(X) == len(y) == len(fitted_estimator.predict(X))
        assert metadata is None or (metadata["sample_weight"] == 2).all()
        return context.task_name == "epoch" and context.task_id + 1 == self.last


def test_every_epoch_is_a_task():
    recorder = Recorder(last=2)
    estimator = quick(batch_size=16).set_callbacks(recorder).fit(X, Y, np.full(150, 2.0))
    epochs = [(when, "epoch", number) for number in range(2) for when in ("begin", "end")]
    fit = ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]
    assert fit == recorder.calls
    assert 2 == estimator.n_iter_
    recorder.calls.clear()
    estimator.partial_fit(X, Y)
    assert ["setup", ("begin", "fit", 0), *epochs[:2], ("end", "fit", 0), "teardown"] == recorder.calls


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_callbacks_are_torn_down_when_a_fit_fails(method):
    recorder = Recorder()
    estimator = quick(solver="sgd", learning_rate_init=1e30, max_iter=3).set_callbacks(recorder)
    recorder.on_fit_task_end = lambda *arguments, **others: None
    fit = estimator.fit if method == "fit" else lambda x, y: [estimator.partial_fit(x, y) for _ in range(3)]
    with pytest.raises(ValueError, match="diverged"):
        fit(X, Y)
    assert ("setup", "teardown") == (recorder.calls[0], recorder.calls[-1])
    assert recorder.calls.count("setup") == recorder.calls.count("teardown")


@pytest.mark.parametrize("more", [{}, {"config": {"training": {"ensemble": 2}}}, {"warm_start": True}])
def test_scores_of_every_epoch_are_those_of_fits_of_so_many(more):
    """ScoringMonitor asks the estimator as it is after each epoch, which does not change the fit."""
    monitor = ScoringMonitor(scoring="neg_log_loss")
    estimator = quick(**more).set_callbacks(monitor).fit(X, Y)
    scores = [one["neg_log_loss"] for one in monitor.get_logs().data if one["task_name"] == "epoch"]
    assert 6 == len(scores)
    for epochs in (1, 4, 6):
        shorter = quick(**{**more, "max_iter": epochs}).fit(X, Y)
        alone = -np.log(shorter.predict_proba(X)[np.arange(150), Y]).mean()
        assert -alone == pytest.approx(scores[epochs - 1], rel=1e-5)
    plain = quick(**more).fit(X, Y)
    assert np.array_equal(plain.predict_proba(X), estimator.predict_proba(X))
    if more.get("warm_start"):
        assert estimator.fit(X, Y).score(X, Y) == plain.fit(X, Y).score(X, Y)


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_of_a_search(capsys, jobs):
    """A bar for the search, and one for each fit below it; none of their threads stays."""
    search = GridSearchCV(quick(), {"alpha": [1e-4, 1e-2]}, cv=2, n_jobs=jobs)
    with parallel_config(backend="threading"):
        search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert "MLPClassifier - fit" in shown
    assert shown.count("100%") >= 7  # the search, its parts, four fits and the last
    assert [] == [one for one in threading.enumerate() if "RichProgressMonitor" in type(one).__name__]


def test_progress_of_a_regressor_in_a_pipeline(capsys):
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(max_iter=3)).set_callbacks(ProgressBar())
    assert pipeline.fit(X, Y).predict(X).shape == (150,)
    shown = capsys.readouterr().out
    assert "MLPRegressor - fit" in shown
    pickle.loads(pickle.dumps(pipeline)).predict(X)
