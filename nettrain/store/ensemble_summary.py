"""The summary of an ensemble of different networks, from those of its networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nettrain.inference.intervals import ByTarget
from nettrain.store.fold_summary import mean_baseline
from nettrain.store.joint_summary import mean_and_sd, overall_ending
from nettrain.store.postprocessing import joint_applied
from nettrain.store.summary import NetworkSummary, RunSummary, Timing
from nettrain.store.summary_additions import with_distribution


@dataclass(frozen=True)
class EndedNetworkOfEnsemble:
    """A network of an ensemble: its number, how often it counts, and its summary, or those of its folds.

    `held_out` are its figures of all validation rows together, where they are known.
    """

    number: int
    count: int
    summaries: tuple[RunSummary, ...]
    held_out: Mapping[str, float | None] | None = None

    def in_summary(self) -> NetworkSummary:
        """Its entry in the summary of the ensemble."""
        # test rows are for the ensemble: by figures of each network somebody might choose among them
        measured = [
            {split: of for split, of in one["metrics"].items() if split != "test"} for one in self.summaries
        ]
        mean, _ = mean_and_sd(measured)
        if self.held_out is not None:
            mean = {**mean, "val": self.held_out}
        ending = overall_ending(self.summaries)
        return {"network": self.number, "count": self.count, "metrics": mean, **ending}


def summarise_ensemble(
    name: str,
    networks: Sequence[EndedNetworkOfEnsemble],
    metrics: Mapping[str, Mapping[str, float | None]],
    distribution: Mapping[str, ByTarget],
    timing: Timing,
) -> RunSummary:
    """The summary of an ensemble.

    `metrics` by split and `distribution` are those of the mean prediction, `timing` is of all trainings, also
    of networks that count 0 times, which have no part in anything else.
    """
    predicting = [one for one in networks if one.count] or networks
    all_summaries = [summary for one in predicting for summary in one.summaries]
    first = all_summaries[0]
    summary: RunSummary = {
        "experiment": name,
        **overall_ending(all_summaries),  # type: ignore[typeddict-item]
        "status": "finished",
        "monitor": first["monitor"],
        "metrics": metrics,
        "parameters": sum(one["parameters"] for one in all_summaries),
        "output_activation": first["output_activation"],
        "timing": timing,
        "environment": first["environment"],
        "seed": first["seed"],
        "joint": True,
        "networks": [one.in_summary() for one in networks],
    }
    if "positive" in first:
        summary["positive"] = first["positive"]
    applied = {
        (one.number, fold): summary["postprocessing"]
        for one in predicting
        for fold, summary in enumerate(one.summaries)
        if "postprocessing" in summary
    }
    if applied:
        joint = joint_applied([*applied.values()], [fold for _, fold in applied])
        joint.pop("uncalibrated", None)  # of each network, with which figures of the mean say nothing
        summary["postprocessing"] = joint
    baseline = mean_baseline(networks[0].summaries)
    if baseline is not None:
        summary["baseline"] = {**baseline, "worse": []}
    return with_distribution(summary, distribution)
