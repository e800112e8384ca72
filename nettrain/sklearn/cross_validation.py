"""Cross-validation whose folds train side by side."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.model_selection._validation import (
    _aggregate_score_dicts,
    _check_groups_routing_disabled,
    _insert_error_scores,
    _normalize_score_results,
    _warn_or_raise_about_fit_failures,
)
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _routing_enabled,
    process_routing,
)

from nettrain.sklearn.estimator import MLPEstimator
from nettrain.sklearn.folds import AllRows, Fold
from nettrain.sklearn.joint_fitting import JointFit
from nettrain.sklearn.joint_scoring import Scoring
from nettrain.sklearn.processes import fit_and_score


def cross_validate(
    estimator: BaseEstimator,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: float | str = np.nan,
) -> dict[str, Any]:
    """Score an estimator by cross-validation, in place of `sklearn.model_selection.cross_validate`.

    The networks of all folds train side by side. Each ends bit-equal to a clone of the estimator that is
    fitted on the training rows of its fold alone.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or an estimator that contains one
        A Pipeline, for example, whose other steps are fitted on each fold's own training rows.
    X, y
        As for `fit` of the estimator.
    groups : array, (N,), optional
        Groups for a splitter such as GroupKFold.
    scoring : str, callable, list, tuple or dict, optional
        One scorer, or several, as for scikit-learn's function; by default the estimator's `score`.
    cv : int, splitter, or iterable, optional
        How rows are split; by default 5 folds, stratified for a classifier.
    n_jobs : int, optional
        How many processes share the folds, -1 for one on each processor; by default 1, unless a
        `joblib.parallel_config` says otherwise.
    params : dict, optional
        Arguments of `fit`, such as `sample_weight`; with metadata routing also of scorer and splitter.
    return_train_score, return_estimator, return_indices : bool
        What the result has besides.
    error_score : "raise" or number
        The score of a fold that cannot be fitted or scored.

    Returns
    -------
    dict
        Arrays with a value for each fold: `fit_time` (networks that train together have equal shares),
        `score_time`, `test_score` or, with several scorers, `test_NAME`; and what was asked for:
        `train_score` or `train_NAME`, `estimator`, `indices`.

    Raises
    ------
    TypeError
        When the estimator contains no network of nettrain.
    ValueError
        When no fold can be fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nettrain import MLPClassifier
    >>> from nettrain.sklearn import cross_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(random_state=0, learning_rate_init=0.01)
    >>> cross_validate(network, X, y)["test_score"].mean() > 0.9
    True
    """
    refuse_foreign(estimator, "cross_validate")
    _check_groups_routing_disabled(groups)
    X, y = indexable(X, y)
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    scorer = check_scoring(estimator, scoring=scoring, raise_exc=error_score == "raise")
    routed = _routed(estimator, splitter, scorer, groups, params or {})
    rows = AllRows(X, y, routed.estimator.fit, routed.scorer.score)
    folds = [
        Fold(number, train, test, rows)
        for number, (train, test) in enumerate(splitter.split(X, y, **routed.splitter.split))
    ]
    how = Scoring(scorer, return_train_score, error_score)
    described = return_estimator or how.needs_description(estimator)
    fits = [JointFit(estimator, {}, fold, described) for fold in folds]
    raises = error_score == "raise"
    results = fit_and_score(fits, how, raises=raises, n_jobs=n_jobs, estimators=return_estimator)
    _warn_or_raise_about_fit_failures(results, error_score)
    if callable(scoring):
        _insert_error_scores(results, error_score)
    return _report(
        _aggregate_score_dicts(results), folds if return_indices else None, estimators=return_estimator
    )


def _report(results: dict[str, Any], folds: list[Fold] | None, *, estimators: bool) -> dict[str, Any]:
    """The result under the names that scikit-learn gives it."""
    report = {name: results[name] for name in ("fit_time", "score_time")}
    if estimators:
        report["estimator"] = results["estimator"]
    if folds is not None:
        report["indices"] = {
            "train": tuple(fold.train for fold in folds),
            "test": tuple(fold.test for fold in folds),
        }
    splits = [split for split in ("test", "train") if f"{split}_scores" in results]
    scores = {split: _normalize_score_results(results[f"{split}_scores"]) for split in splits}
    for name in scores["test"]:
        report |= {f"{split}_{name}": scores[split][name] for split in splits}
    return report


def _routed(estimator: BaseEstimator, splitter: Any, scorer: Any, groups: Any, params: dict[str, Any]) -> Any:
    """Who gets which argument: by metadata routing or, without it, `fit` gets all."""
    if not _routing_enabled():
        arguments = {"splitter": {"split": {"groups": groups}}, "estimator": {"fit": params}}
        return _manual_routing({**arguments, "scorer": {"score": {}}})
    router = MetadataRouter(owner="cross_validate")
    for callee, receivers in (
        ("split", {"splitter": splitter}),
        ("fit", {"estimator": estimator}),
        ("score", {"scorer": scorer}),
    ):
        router.add(method_mapping=MethodMapping().add(caller="fit", callee=callee), **receivers)
    return process_routing(router, "fit", **params)


def refuse_foreign(estimator: Any, name: str) -> None:
    """Raise TypeError at an estimator without a network of nettrain."""
    parts = [estimator, *(estimator.get_params().values() if hasattr(estimator, "get_params") else [])]
    if not any(isinstance(part, MLPEstimator) for part in parts):
        kind = type(estimator).__name__
        raise TypeError(
            f"{name}: a {kind} contains no MLPClassifier or MLPRegressor of nettrain to train side by side"
        )
