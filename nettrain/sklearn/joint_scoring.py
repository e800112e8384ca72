"""Scoring of estimators that were fitted side by side: networks of one form predict together."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _PassthroughScorer
from sklearn.model_selection._validation import _score
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import _routing_enabled

from nettrain.backend.base import Floats
from nettrain.experiment.task import loss_of
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.inference.predict import raw_outputs
from nettrain.sklearn.estimator import MLPEstimator
from nettrain.sklearn.fitted import KnownPredictions
from nettrain.sklearn.folds import CutRows
from nettrain.sklearn.joint_fitting import JointFit
from nettrain.sklearn.table import Array
from nettrain.sklearn.threads import predicting
from nettrain.store.trained_run import TrainedRun

OUTPUTS = 1 << 23  # numbers that networks which predict together have at once
Result = dict[str, Any]  # what scikit-learn's `_fit_and_score` returns


@dataclass(frozen=True)
class Scoring:
    """How fits are scored: by a scorer, also on the rows that trained, and what a fit that failed has."""

    scorer: Any
    train: bool
    error_score: Any

    @property
    def asks_predictions(self) -> bool:
        """Whether scorers ask estimators for predictions alone, so that they may ask the last step."""
        scorer = self.scorer
        scorers = scorer._scorers.values() if isinstance(scorer, _MultimetricScorer) else [scorer]
        return not _routing_enabled() and all(
            isinstance(one, _BaseScorer | _PassthroughScorer) for one in scorers
        )

    def needs_description(self, estimator: BaseEstimator) -> bool:
        """Whether scorers of this estimator may ask for more than predictions, such as its history."""
        plain = isinstance(estimator, MLPEstimator) or type(estimator) is Pipeline
        return not (plain and self.asks_predictions)

    def of_failed(self) -> Any:
        """The scores of a fit that failed."""
        names = self.scorer._scorers if isinstance(self.scorer, _MultimetricScorer) else None
        return self.error_score if names is None else dict.fromkeys(names, self.error_score)


@dataclass(frozen=True, eq=False)
class _Subject:
    """An estimator as the scorers see it, and the rows in the form in which it takes them."""

    fit: JointFit
    estimator: BaseEstimator
    x: Any

    @property
    def is_network(self) -> bool:
        """Whether the estimator is a network that was trained beside others, and has no calibration."""
        if not isinstance(self.estimator, MLPEstimator) or len(self.fit.planned) != 1:
            return False
        return self.trained.postprocessing is None

    @property
    def trained(self) -> TrainedRun:
        """The network of such an estimator."""
        trained: TrainedRun = self.estimator._network.trained
        return trained

    @property
    def form(self) -> str:
        """What networks that predict in one pass have in common, beside their data."""
        trained = self.trained
        loss = loss_of(trained.experiment)
        return f"{trained.backend.name} {trained.architecture.to_json()} {loss.name} {loss.model_dump()}"


def score_jointly(fits: Sequence[JointFit], scoring: Scoring) -> list[Result]:
    """The scores and times of each fit."""
    results = [_result(fit, scoring) for fit in fits]
    order = sorted(range(len(fits)), key=lambda k: fits[k].fold.number)
    for _, of_fold in groupby(order, key=lambda k: fits[k].fold.number):
        fitted = [k for k in of_fold if fits[k].error is None]
        if fitted:
            _score_fold([fits[k] for k in fitted], [results[k] for k in fitted], scoring)
    return results


def _result(fit: JointFit, scoring: Scoring) -> Result:
    """The result of a fit before it is scored."""
    result = {
        "fit_error": fit.error,
        "fit_time": fit.seconds,
        "score_time": 0.0,
        "n_test_samples": len(fit.fold.test),
        "test_scores": scoring.of_failed(),
        "estimator": fit.estimator,
    }
    return {**result, "train_scores": scoring.of_failed()} if scoring.train else result


def _score_fold(fits: Sequence[JointFit], results: Sequence[Result], scoring: Scoring) -> None:
    """Set the scores of fits on the rows of one fold."""
    fold, first = fits[0].fold, fits[0].estimator
    started = perf_counter()
    with _subjects(fits, fold.testing(first), scoring) as (subjects, rows):
        share = (perf_counter() - started) / len(fits)
        for subject, result in zip(subjects, results, strict=True):
            started = perf_counter()
            result["test_scores"] = _scores(subject, rows, scoring)
            result["score_time"] = share + perf_counter() - started
    if scoring.train:
        with _subjects(fits, fold.scored_training(first), scoring) as (subjects, rows):
            for subject, result in zip(subjects, results, strict=True):
                result["train_scores"] = _scores(subject, rows, scoring)


def _scores(subject: _Subject, rows: CutRows, scoring: Scoring) -> Any:
    return _score(subject.estimator, subject.x, rows.y, scoring.scorer, rows.arguments, scoring.error_score)


@contextmanager
def _subjects(
    fits: Sequence[JointFit], rows: CutRows, scoring: Scoring
) -> Iterator[tuple[list[_Subject], CutRows]]:
    """The estimators to score, which know their predictions for these rows meanwhile."""
    last_steps = scoring.asks_predictions
    subjects = [_subject(fit, rows.x, last_step=last_steps) for fit in fits]
    try:
        _predict_jointly([subject for subject in subjects if subject.is_network])
        yield subjects, rows
    finally:
        for subject in subjects:
            subject.estimator.__dict__.pop("_known", None)


def _subject(fit: JointFit, x: Any, *, last_step: bool) -> _Subject:
    """The estimator and its rows, or the network that a Pipeline ends with and what reaches it."""
    estimator = fit.estimator
    if last_step and type(estimator) is Pipeline and isinstance(estimator[-1], MLPEstimator):
        with suppress(Exception):  # which the scorer will meet as well
            return _Subject(fit, estimator[-1], estimator[:-1].transform(x))
    return _Subject(fit, estimator, x)


# ----- predictions -----


def _predict_jointly(subjects: Sequence[_Subject]) -> None:
    """Let networks know their predictions: those of one form that share data predict in one pass."""
    encoded: dict[tuple[object, int], Array] = {}
    forms: dict[tuple[tuple[object, int], str], list[_Subject]] = {}
    for subject in subjects:
        rows = (_identity(subject.x), id(subject.fit.planned[0].data))
        with suppress(Exception):  # which the scorer will meet as well
            if rows not in encoded:
                encoded[rows] = subject.estimator._encoded(subject.x)
            forms.setdefault((rows, subject.form), []).append(subject)
    for (rows, _), members in forms.items():
        order = members[0].estimator._order()
        runs = [subject.trained for subject in members]
        with predicting(runs[0]) as first:
            all_predictions = predict_each([first, *runs[1:]], encoded[rows])
            for subject, predictions in zip(members, all_predictions, strict=True):
                ordered = predictions if order is None else predictions[:, order]
                subject.estimator._known = KnownPredictions(subject.x, ordered)


def _identity(x: Any) -> object:
    """What rows of equal content share, as far as that is quickly seen."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        content = hashlib.blake2b(np.ascontiguousarray(x).data).digest()
        return x.dtype.str, x.shape, content
    return id(x)


@np.errstate(all="ignore")
def predict_each(runs: Sequence[TrainedRun], x: Array) -> Iterator[Floats]:
    """The predictions (N, K) of each of some runs with one network, all of one form, for x (N, D)."""
    first = runs[0]
    model = Model(first.experiment, first.task, first.architecture)
    step = max(1, OUTPUTS // max(1, len(x) * first.architecture.outputs))
    for start in range(0, len(runs), step):
        some = runs[start : start + step]
        parameters = np.concatenate([run.parameters for run in some])
        statistics = np.concatenate([run.statistics for run in some])
        networks = TrainedNetworks.stored(model, first.backend, parameters, statistics)
        for outputs in raw_outputs(networks.network(), x):
            yield networks.predictions(outputs[None])
