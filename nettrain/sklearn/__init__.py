"""Estimators for scikit-learn, on top of what the commands do. Needs `nettrain[sklearn]`."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if find_spec("sklearn") is None or find_spec("sklearn.callback") is None:  # which 1.9 has brought
    raise ImportError(
        "the estimators of nettrain need scikit-learn 1.9: pip install 'nettrain[sklearn]'", name="sklearn"
    )

from nettrain.sklearn.classifier import MLPClassifier
from nettrain.sklearn.regressor import MLPRegressor

if TYPE_CHECKING:
    from nettrain.sklearn.cross_validation import cross_validate
    from nettrain.sklearn.search import SearchCV

__all__ = ["MLPClassifier", "MLPRegressor", "SearchCV", "cross_validate"]
_MODULES = {"SearchCV": "search", "cross_validate": "cross_validation"}


def __getattr__(name: str) -> object:
    """Import what cross-validates when it is first asked for: scikit-learn's model selection takes time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
