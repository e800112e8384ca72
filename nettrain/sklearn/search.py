"""A search over parameters whose candidates and folds train side by side."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from numbers import Integral
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, clone, is_classifier
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _insert_error_scores, _warn_or_raise_about_fit_failures
from sklearn.utils import Tags, get_tags, indexable
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_method_params

from nettrain.sklearn.cross_validation import refuse_foreign
from nettrain.sklearn.folds import AllRows, Fold
from nettrain.sklearn.joint_fitting import JointFit
from nettrain.sklearn.joint_scoring import Result, Scoring
from nettrain.sklearn.processes import fit_and_score

Candidates = Sequence[dict[str, Any]]
DRAWS = 10  # of parameters with distributions, where `n_iter` is None


class SearchCV(BaseSearchCV):
    """Search for the best parameters by cross-validation, in place of GridSearchCV and RandomizedSearchCV.

    The networks of all candidates and folds train side by side, as few populations as possible. Each ends
    bit-equal to a clone of the estimator with the candidate's parameters that is fitted on the training rows
    of its fold alone. Candidates that differ in numbers only (rates, penalties, seeds) share a population,
    those that differ in sizes or kinds (layers, activations, solvers, batches) do not.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or an estimator that contains one
        Such as a Pipeline, whose other steps are fitted on each fold's own training rows.
    parameters : dict, or list of dicts
        Values to try, by parameter: a list or, for random draws, a distribution with a method `rvs`, such as
        those of scipy.stats.
    n_iter : int, optional
        How many candidates to draw. By default every combination is tried; with distributions 10 are drawn.
    scoring : str, callable, list, tuple or dict, optional
        One scorer, or several, as for scikit-learn; by default the estimator's `score`.
    n_jobs : int, optional
        How many processes share the candidates, -1 for one on each processor; by default 1, unless a
        `joblib.parallel_config` says otherwise.
    refit : bool, str or callable
        Whether the best candidate is fitted to all rows; of several scorers, the name of the one that
        decides; or a function from `cv_results_` to the index of the best.
    cv : int, splitter, or iterable, optional
        How rows are split; by default 5 folds, stratified for a classifier.
    random_state : int or RandomState, optional
        Seed of the draws.
    return_train_score : bool
        Whether the rows that trained are scored as well.
    error_score : "raise" or number
        The score where an estimator cannot be fitted or scored.
    verbose : int
        From 1 on the number of fits is printed, from 2 on the score of each.

    Attributes
    ----------
    cv_results_ : dict of arrays
        The columns that scikit-learn's searches have: `params`, `param_NAME`, `split0_test_score`,
        `mean_test_score`, `std_test_score`, `rank_test_score`, `mean_fit_time` and so on. Networks that train
        together share their time equally.
    best_index_, best_params_, best_score_
        The best candidate: its row, parameters and mean score.
    best_estimator_ : estimator
        It, fitted to all rows. `predict`, `predict_proba` and `score` ask it.
    scorer_, n_splits_, multimetric_, refit_time_, classes_, n_features_in_, feature_names_in_
        As in scikit-learn's searches.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from nettrain import MLPClassifier
    >>> from nettrain.sklearn import SearchCV
    >>> rates = {"learning_rate_init": loguniform(1e-3, 1e-1)}
    >>> search = SearchCV(MLPClassifier(random_state=0), rates, n_iter=4, random_state=0)
    >>> search.fit(*load_iris(return_X_y=True)).best_score_ > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        "parameters": [dict, list],
        "n_iter": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        parameters: Any,
        *,
        n_iter: int | None = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        random_state: Any = None,
        return_train_score: bool = False,
        error_score: float | str = np.nan,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.parameters = parameters
        self.n_iter = n_iter
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags = deepcopy(get_tags(self.estimator).input_tags)
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Try all candidates on all folds, and fit the best one to all rows.

        Parameters
        ----------
        X, y
            As for `fit` of the estimator.
        **params
            Arguments of its `fit`, such as `sample_weight`. Those with a value per row are split with X;
            `groups` goes to the splitter.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            When the estimator contains no network of nettrain.
        ValueError
            When no candidate can be fitted.
        """
        refuse_foreign(self.estimator, "SearchCV")
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))
        weight = params.get("sample_weight")
        watched = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(estimator=self, **watched)
        rows = AllRows(X, y, routed.estimator.fit, routed.scorer.score)
        rounds = _Rounds(self, rows, scorer, routed.splitter.split)
        self._run_search(rounds.evaluate, callback_ctx=context)
        self._choose(rounds, metric)
        if self.refit:
            self._refit(rows, context, watched)
        self.scorer_ = scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer
        self.cv_results_ = rounds.results
        context.call_on_fit_task_end(estimator=self, **watched)
        return self

    def _candidates(self) -> Candidates:
        """The combinations of parameters to try."""
        blocks = [self.parameters] if isinstance(self.parameters, Mapping) else self.parameters
        drawn = any(hasattr(values, "rvs") for block in blocks for values in block.values())
        if self.n_iter is None and not drawn:
            return list(ParameterGrid(self.parameters))
        count = DRAWS if self.n_iter is None else self.n_iter
        return list(ParameterSampler(self.parameters, count, random_state=self.random_state))

    def _run_search(self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None) -> None:
        """Evaluate all candidates; a subclass may call `evaluate_candidates` more often."""
        candidates = self._candidates()
        context = callback_ctx.subcontext(
            task_name="search", max_subtasks=len(candidates) * self.n_splits_, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)
        evaluate_candidates(candidates, callback_ctx=context)
        context.call_on_fit_task_end(estimator=self)

    def _choose(self, rounds: "_Rounds", metric: str) -> None:
        """Set which candidate is the best."""
        if not rounds.out:
            raise ValueError("no fits were performed: there are no candidates, or no folds")
        first, results = rounds.out[0]["test_scores"], rounds.results
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
            metric = self.refit
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, rows: AllRows, context: Any, watched: Mapping[str, Any]) -> None:
        """Fit the best candidate to all rows."""
        best = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        task = context.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(best):
            task.call_on_fit_task_begin(estimator=self, **watched)
            started = perf_counter()
            arguments = (rows.x,) if rows.y is None else (rows.x, rows.y)
            self.best_estimator_ = best.fit(*arguments, **rows.fit_arguments)
            self.refit_time_ = perf_counter() - started
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        task.call_on_fit_task_end(estimator=self, **watched)


class _Rounds:
    """Evaluates candidates on all folds, as often as a search asks, and gathers the results."""

    def __init__(
        self, search: SearchCV, rows: AllRows, scorer: Any, split_arguments: Mapping[str, Any]
    ) -> None:
        self._search, self._rows = search, rows
        self._scoring = Scoring(scorer, search.return_train_score, search.error_score)
        self._split_arguments = split_arguments
        self._splitter = check_cv(search.cv, rows.y, classifier=is_classifier(search.estimator))
        search._checked_cv_orig = self._splitter
        search.n_splits_ = self._splitter.get_n_splits(rows.x, rows.y, **split_arguments)
        self.candidates: list[dict[str, Any]] = []
        self.out: list[Result] = []
        self.results: dict[str, Any] = {}
        self._more: defaultdict[str, list[Any]] = defaultdict(list)

    def evaluate(
        self,
        candidate_params: Iterable[dict[str, Any]],
        cv: Any = None,
        more_results: Mapping[str, Sequence[Any]] | None = None,
        callback_ctx: Any = None,
    ) -> dict[str, Any]:
        """Evaluate candidates; returns the results so far, in the form of `cv_results_`."""
        search, candidates = self._search, list(candidate_params)
        folds = self._folds(cv or self._splitter)
        if search.verbose > 0:
            fits = len(candidates) * len(folds)
            print(
                f"Fitting {len(folds)} folds for each of {len(candidates)} candidates, totalling {fits} fits"
            )
        self.out += self._evaluated(candidates, folds, callback_ctx)
        self.candidates += candidates
        for key, values in (more_results or {}).items():
            self._more[key].extend(values)
        if self.out:
            self.results = search._format_results(self.candidates, len(folds), self.out, self._more)
        return self.results

    def _folds(self, splitter: Any) -> list[Fold]:
        rows, expected = self._rows, self._search.n_splits_
        splits = list(splitter.split(rows.x, rows.y, **self._split_arguments))
        if len(splits) != expected:
            raise ValueError(f"cv.split yields {len(splits)} folds, but cv.get_n_splits says {expected}")
        return [Fold(number, train, test, rows) for number, (train, test) in enumerate(splits)]

    def _evaluated(self, candidates: Candidates, folds: Sequence[Fold], context: Any) -> list[Result]:
        """The result of each candidate on each fold, candidate by candidate."""
        search = self._search
        described = self._scoring.needs_description(search.estimator)
        fits = [
            JointFit(search.estimator, parameters, fold, described)
            for parameters in candidates
            for fold in folds
        ]
        raises = search.error_score == "raise"
        results = fit_and_score(fits, self._scoring, raises=raises, n_jobs=search.n_jobs, estimators=False)
        for number, result in enumerate(results):
            del result["estimator"]
            if context is not None:
                task = context.subcontext(task_name="candidate-split-evaluation", task_id=number)
                task.call_on_fit_task_begin(estimator=search)
                task.call_on_fit_task_end(estimator=search)
        if search.verbose > 1:
            _print_scores(fits, results, len(folds))
        if results:
            _warn_or_raise_about_fit_failures(results, search.error_score)
        if callable(search.scoring):
            _insert_error_scores(results, search.error_score)
        return results


def _print_scores(fits: Sequence[JointFit], results: Sequence[Result], folds: int) -> None:
    """A line for each fit."""
    for fit, result in zip(fits, results, strict=True):
        settings = ", ".join(f"{name}={fit.parameters[name]}" for name in sorted(fit.parameters))
        scores = result["test_scores"]
        named = scores if isinstance(scores, dict) else {"score": scores}
        text = ", ".join(f"{name} {score:.3f}" for name, score in named.items())
        print(f"fold {fit.fold.number + 1}/{folds}  {settings}: {text}")
