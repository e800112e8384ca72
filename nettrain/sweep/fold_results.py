"""From the networks of a trial, one for each fold, to its result: figures are means over the folds."""

from collections.abc import Mapping, Sequence

from nettrain.store.journal_lines import TrialStatus
from nettrain.sweep.fold_figures import means
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.population_training import EndedNetwork

STATUSES: tuple[TrialStatus, ...] = ("diverged", "pruned")  # the worst first; otherwise a trial is finished


def trial_result(networks: Sequence[EndedNetwork], rungs: Mapping[int, float], members: int) -> TrialResult:
    """The result of a trial whose networks, in the order of the folds, have all ended.

    One of which a network has diverged has diverged. `rungs` has its metric by epoch, `members` is how many
    networks trained together.
    """
    folds = tuple(one.figures for one in networks)
    reasons = {one.reason for one in networks}
    return TrialResult(
        networks[0].network.trial,
        next((status for status in STATUSES if status in reasons), "finished"),
        max(one.epochs for one in networks),
        _mean_epoch([one.best_epoch for one in networks]),
        means(folds),
        dict(rungs),
        seconds=sum(one.seconds for one in networks),
        members=members,
        folds=folds if len(folds) > 1 else (),
        out_of_time="interrupted" in reasons,
    )


def _mean_epoch(epochs: Sequence[float | None]) -> float | None:
    """The mean of the best epochs, whole where it can be; None where a network has none."""
    known = [epoch for epoch in epochs if epoch is not None]
    if len(known) < len(epochs):
        return None
    whole, rest = divmod(sum(known), len(known))
    return int(whole) if rest == 0 else sum(known) / len(known)
