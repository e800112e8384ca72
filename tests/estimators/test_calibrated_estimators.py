"""Calibration and thresholds of estimators, against scikit-learn's CalibratedClassifierCV."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score

import nettrain
from nettrain import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
HOW = {"hidden_layer_sizes": (32,), "max_iter": 60, "random_state": 0, "learning_rate_init": 0.01}


def drawn(classes):
    X, y = make_classification(
        900, 6, n_informative=4, n_classes=classes, flip_y=0.2, class_sep=0.6, random_state=1
    )
    names = np.array(["zebra", "ant", "mole"])[y]  # whose order is another than that of the labels
    return (X[:300], names[:300]), (X[300:600], names[300:600]), (X[600:], names[600:])


def fitted(train, validation, **config):
    X, y = validation
    return MLPClassifier(**HOW, early_stopping=False, config=config).fit(*train, X_val=X, y_val=y)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_those_that_scikit_learn_calibrates(method, classes):
    train, validation, (X, _) = drawn(classes)
    theirs = CalibratedClassifierCV(FrozenEstimator(fitted(train, validation)), method=method).fit(
        *validation
    )
    ours = fitted(train, validation, calibration=method)
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-6, rtol=0)


@pytest.mark.parametrize("positive", ["ant", "zebra"])
def test_classes_follow_the_threshold_whichever_is_positive(positive):
    train, validation, (X, _) = drawn(2)
    ours = fitted(train, validation, threshold="f1", calibration="temperature", data={"positive": positive})
    k = ours.classes_.tolist().index(positive)
    known, y = ours.predict_proba(validation[0])[:, k], validation[1] == positive
    best = max(f1_score(y, known >= score) for score in known)
    assert best == f1_score(y, ours.predict(validation[0]) == positive)
    p = ours.predict_proba(X)[:, k]
    called = ours.predict(X) == positive
    assert p[called].min() > p[~called].max()
    assert (called != (p > 0.5)).any()


def test_labels_follow_their_thresholds():
    X, y = make_multilabel_classification(600, 6, n_classes=3, random_state=0)
    ours = fitted((X[:200], y[:200]), (X[200:], y[200:]), calibration="isotonic", threshold="youden")
    thresholds = ours._network.trained.task.thresholds
    assert 3 == len({*thresholds})
    assert ((ours.predict_proba(X) >= thresholds) == ours.predict(X)).all()


def test_a_pickle_and_a_folder_carry_both(tmp_path):
    train, validation, (X, _) = drawn(2)
    ours = fitted(train, validation, calibration="isotonic", threshold="youden")
    copy = pickle.loads(pickle.dumps(ours))
    assert ours.predict_proba(X).tolist() == copy.predict_proba(X).tolist()
    assert ours.predict(X).tolist() == copy.predict(X).tolist()
    run = nettrain.open_run(copy.save(tmp_path / "run"))
    assert ours.predict(X).tolist() == run.predict(X).tolist()


def test_training_that_goes_on_keeps_what_was_fitted():
    train, validation, (X, _) = drawn(2)
    ours = fitted(train, validation, calibration="temperature", threshold="f1")
    before = ours._network.trained.postprocessing
    ours.partial_fit(*train)
    assert before == ours._network.trained.postprocessing
    assert "temperature" == ours._network.trained.experiment.calibration.name
    assert (300,) == ours.predict(X).shape


def test_a_regressor_has_nothing_to_calibrate():
    (X, _), _, _ = drawn(2)
    with pytest.raises(ValueError, match="calibration: temperature is for classes and labels"):
        MLPRegressor(config={"calibration": "temperature"}).fit(X, X[:, 0])
