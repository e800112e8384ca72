"""Estimators for scikit-learn, on top of what the commands do. Needs `nettrain[sklearn]`."""

from importlib.util import find_spec

if find_spec("sklearn") is None or find_spec("sklearn.callback") is None:  # which 1.9 has brought
    raise ImportError(
        "the estimators of nettrain need scikit-learn 1.9: pip install 'nettrain[sklearn]'", name="sklearn"
    )

from nettrain.sklearn.classifier import MLPClassifier
from nettrain.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
