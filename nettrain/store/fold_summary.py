"""The summary of a cross-validated run, from those of its folds, and `folds.csv`, a row for each fold.

Training and validation figures are means over the folds that did not diverge; the validation rows of a fold
are those that it held out. `out_of_fold` pools them: figures of all held-out rows, each predicted by the fold
that held it out. Test rows are the same for all folds: their figures are those of the mean prediction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from nettrain.experiment.settings import Experiment
from nettrain.store.joint_summary import finite_metrics, mean_and_sd, overall_ending
from nettrain.store.postprocessing import joint_applied
from nettrain.store.run_folder import csv_text
from nettrain.store.run_overview import main_metric
from nettrain.store.summary import Ending, FoldSummary, Improving, Metrics, RunBaseline, RunSummary, Timing

FACTS = ("fold", "repeat", "status", "stop_reason", "epochs_run", "best_epoch")


@dataclass(frozen=True)
class EndedFold:
    """A fold, numbered from 1 over all repeats: how many rows of each split it has, and its own summary."""

    number: int
    repeat: int
    rows: Mapping[str, int]  # by split: train, val, test
    summary: RunSummary

    def in_summary(self) -> FoldSummary:
        """Its entry in the summary of the whole run."""
        one = self.summary
        ending: Ending = {
            "status": one["status"],
            "stop_reason": one["stop_reason"],
            "epochs_run": one["epochs_run"],
            "unfinished_steps": one["unfinished_steps"],
            "best_epoch": one["best_epoch"],
            "restored_best": one["restored_best"],
        }
        if "objective_rises" in one:
            ending["objective_rises"] = one["objective_rises"]
        if "divergence" in one:
            ending["divergence"] = one["divergence"]
        return {
            "fold": self.number,
            "repeat": self.repeat,
            "rows": dict(self.rows),
            **ending,
            "metrics": one["metrics"],
        }


def summarise_folds(
    experiment: Experiment,
    ended: Sequence[EndedFold],
    out_of_fold: Mapping[str, float | None],
    test: Mapping[str, float | None] | None,
    timing: Timing,
) -> RunSummary:
    """The summary of a cross-validated run.

    `out_of_fold` are the pooled figures of the held-out rows, `test` those of the mean prediction for the
    test rows, if there are any; `timing` is of all folds together.
    """
    folds = [one.in_summary() for one in ended]
    mean, sd = mean_and_sd(finite_metrics(folds))
    first = ended[0].summary
    summary: RunSummary = {
        "experiment": experiment.experiment,
        **overall_ending(folds),  # type: ignore[typeddict-item]
        "monitor": first["monitor"],
        "metrics": {**mean, "test": dict(test)} if test is not None else mean,
        "parameters": max(one.summary["parameters"] for one in ended),
        "output_activation": first["output_activation"],
        "timing": timing,
        "environment": first["environment"],
        "seed": experiment.seed,
        "mean": mean,
        "sd": sd,
        "folds": folds,
        "out_of_fold": dict(out_of_fold),
    }
    if "positive" in first:
        summary["positive"] = first["positive"]
    improving = joined_improving([one.summary for one in ended])
    if improving is not None:
        summary["improving"] = improving
    applied = [one.summary["postprocessing"] for one in ended if _decides(one.summary)]
    if applied:
        summary["postprocessing"] = joint_applied(applied)
    baseline = mean_baseline([one.summary for one in ended])
    return summary if baseline is None else {**summary, "baseline": baseline}


def _decides(fold: RunSummary) -> bool:
    """Whether something was fitted to the predictions of a fold, which it is not where it diverged."""
    return fold["status"] != "diverged" and "postprocessing" in fold


def joined_improving(folds: Sequence[RunSummary]) -> Improving | None:
    """How many folds were still improving, and what gives all of them longer; None when none were."""
    each = [one["improving"] for one in folds if "improving" in one]
    overrides = sorted({override for one in each for override in one["overrides"]})
    return {"networks": len(each), "overrides": overrides, "resumable": False} if each else None


def mean_baseline(folds: Sequence[RunSummary]) -> RunBaseline | None:
    """The mean figures of the folds' baselines, and the constants of the first; None if one has none.

    `worse` are the figures in which most folds are worse than theirs.
    """
    baselines = [one["baseline"] for one in folds if "baseline" in one]
    if len(baselines) < len(folds):
        return None
    worse = [name for one in baselines for name in one["worse"]]
    mean, _ = mean_and_sd([one["metrics"] for one in baselines])
    texts = {one["prediction"] for one in baselines}
    first = baselines[0]["prediction"]
    return {
        "prediction": first if len(texts) == 1 else f"{first} (fold 1)",
        "metrics": mean,
        "worse": [name for name in dict.fromkeys(worse) if 2 * worse.count(name) > len(folds)],
        "constants": baselines[0]["constants"],
    }


def folds_csv(folds: Sequence[FoldSummary]) -> str:
    """The text of `folds.csv`: a row for each fold, with its rows by split and figures such as val_loss."""
    splits = list(dict.fromkeys(split for one in folds for split in one["rows"]))
    figures = list(dict.fromkeys(name for one in folds for name in flat(one["metrics"])))
    header = [*FACTS, *(f"{split}_rows" for split in splits), *figures]
    return csv_text(header, [_row(one, splits, figures) for one in folds])


def _row(fold: FoldSummary, splits: Sequence[str], figures: Sequence[str]) -> list[object]:
    facts: list[object] = [
        fold["fold"],
        fold["repeat"],
        fold["status"],
        fold["stop_reason"],
        fold["epochs_run"],
        fold["best_epoch"],
    ]
    values = flat(fold["metrics"])
    return [*facts, *(fold["rows"].get(split) for split in splits), *(values.get(name) for name in figures)]


def flat(metrics: Metrics) -> dict[str, float | None]:
    """Figures by names such as val_loss, None where they are not defined."""
    return {
        f"{split}_{name}": None if value is None or isnan(value) else value
        for split, named in metrics.items()
        for name, value in named.items()
    }


def headline_of(summary: RunSummary) -> str:
    """The metric that sums a cross-validation up beside the loss, "" where there is none."""
    return main_metric(f"val_{name}" for name in summary["out_of_fold"])
