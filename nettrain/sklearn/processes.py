"""Fits of a cross-validation shared out among processes, in each of which they train side by side."""

from collections.abc import Sequence

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from nettrain.sklearn.joint_fitting import JointFit, fit_jointly
from nettrain.sklearn.joint_scoring import Result, Scoring, score_jointly


def fit_and_score(
    fits: Sequence[JointFit], scoring: Scoring, *, raises: bool, n_jobs: int | None, estimators: bool
) -> list[Result]:
    """The result of each fit, with its estimator if `estimators`, in as many processes as `n_jobs` says.

    `fits` come candidate by candidate, as joblib's processes, if there are several, take them in turn.
    """
    shares = shared_out(fits, effective_n_jobs(n_jobs))
    if len(shares) < 2:
        return _fit_and_score(fits, scoring, raises=raises, estimators=estimators)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_score)([fits[k] for k in share], scoring, raises=raises, estimators=estimators)
        for share in shares
    )
    results = {
        k: one for share, part in zip(shares, parts, strict=True) for k, one in zip(share, part, strict=True)
    }
    return [results[k] for k in range(len(fits))]


def shared_out(fits: Sequence[JointFit], processes: int) -> list[list[int]]:
    """The positions of the fits that each process takes: whole candidates by turns, if there are enough.

    So each has as many candidates of every form as any other, and prepares the data of a fold once.
    """
    folds = len({fit.fold.number for fit in fits})
    turn = folds if len(fits) >= processes * folds else 1
    shares = [[k for k in range(len(fits)) if k // turn % processes == one] for one in range(processes)]
    return [share for share in shares if share]


def _fit_and_score(
    fits: Sequence[JointFit], scoring: Scoring, *, raises: bool, estimators: bool
) -> list[Result]:
    fit_jointly(fits, raises=raises)
    results = score_jointly(fits, scoring)
    return [one if estimators else {**one, "estimator": None} for one in results]
