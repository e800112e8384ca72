"""Fits of a cross-validation shared out among processes, in each of which they train side by side."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from nettrain.sklearn.joint_fitting import JointFit, fit_jointly
from nettrain.sklearn.joint_scoring import Result, Scoring, score_jointly

EVEN = 1.2  # times its equal share of the work that a process has at most, where fits can be cut up so
CELLS = 1 << 27  # of the rows of folds whose networks train at a time, 0.5 GB as float32


def fit_and_score(
    fits: Sequence[JointFit], scoring: Scoring, *, raises: bool, n_jobs: int | None, estimators: bool
) -> list[Result]:
    """The result of each fit, with its estimator if `estimators`, in as many processes as `n_jobs` says.

    `fits` come candidate by candidate.
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
    """The positions of the fits that each process takes: whole forms of networks, as far as that is even.

    The more networks of one form a process has, the less time each of them takes; but where processes would
    have more than EVEN times their share of the work, a form is cut in two, candidate by candidate if it can.
    """
    units = _by_form(fits)
    work = {k: _work(fit) for k, fit in enumerate(fits)}
    while True:
        shares = _dealt(units, work, processes)
        largest = max(sum(work[k] for k in share) for share in shares)
        if largest * processes <= EVEN * sum(work.values()) or all(len(unit) == 1 for unit in units):
            return [sorted(share) for share in shares if share]
        units = _largest_cut(units, work, len({fit.fold.number for fit in fits}))


def _by_form(fits: Sequence[JointFit]) -> list[list[int]]:
    """The positions of fits that may share a population: those whose candidates differ in numbers alone."""
    forms: dict[str, list[int]] = {}
    for k, fit in enumerate(fits):
        shared = {name: value for name, value in fit.parameters.items() if not isinstance(value, float)}
        forms.setdefault(repr(sorted(shared.items(), key=lambda item: item[0])), []).append(k)
    return list(forms.values())


def _work(fit: JointFit) -> float:
    """The work of a fit, roughly: the units of its layers, where candidates differ in them."""
    sizes = [value for name, value in fit.parameters.items() if name.endswith("hidden_layer_sizes")]
    return float(np.sum(sizes[0])) if sizes and sizes[0] is not None else 1.0


def _dealt(units: Sequence[list[int]], work: Mapping[int, float], processes: int) -> list[list[int]]:
    """The units dealt out, the one with the most work first, each to the process that has the least."""
    shares: list[list[int]] = [[] for _ in range(processes)]
    loads = [0.0] * processes
    for unit in sorted(units, key=lambda unit: -sum(work[k] for k in unit)):
        least = loads.index(min(loads))
        shares[least] += unit
        loads[least] += sum(work[k] for k in unit)
    return shares


def _largest_cut(units: Sequence[list[int]], work: Mapping[int, float], folds: int) -> list[list[int]]:
    """The units, of which the one with the most work, of those of several fits, is cut in two."""
    largest = max((unit for unit in units if len(unit) > 1), key=lambda unit: sum(work[k] for k in unit))
    half = len(largest) // 2
    cut = half // folds * folds or half
    return [*(unit for unit in units if unit is not largest), largest[:cut], largest[cut:]]


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
