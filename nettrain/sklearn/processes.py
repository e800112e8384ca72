"""Fits of a cross-validation shared out among processes, in each of which they train side by side."""

from collections.abc import Sequence
from itertools import accumulate

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from nettrain.sklearn.joint_fitting import JointFit, fit_jointly
from nettrain.sklearn.joint_scoring import Result, Scoring, score_jointly

CELLS = 1 << 27  # of the rows of folds whose networks train at a time, 0.5 GB as float32


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
    results: dict[int, Result] = {}
    for positions in rounds(fits):
        some = [fits[k] for k in positions]
        fit_jointly(some, raises=raises)
        scored = score_jointly(some, scoring)
        kept = scored if estimators else [{**one, "estimator": None} for one in scored]
        results |= zip(positions, kept, strict=True)
        for fit in some:
            fit.release()
    return [results[k] for k in range(len(fits))]


def rounds(fits: Sequence[JointFit]) -> list[list[int]]:
    """The positions of the fits to train at a time: those of all folds, unless their rows are too many."""
    folds = {fit.fold.number: fit.fold for fit in fits}
    ends = accumulate(fold.cells for fold in folds.values())
    number_of = {number: end // CELLS for number, end in zip(folds, ends, strict=True)}
    by_round: dict[int, list[int]] = {}
    for position, fit in enumerate(fits):
        by_round.setdefault(number_of[fit.fold.number], []).append(position)
    return list(by_round.values())
