"""The summary of a run that has just ended, from what its training reports."""

from collections.abc import Mapping, Sequence

from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Figures
from nettrain.store.joint_summary import finite_metrics, mean_and_sd, overall_ending
from nettrain.store.summary import SPLITS, Ending, MemberSummary, RunSummary, Status, Timing
from nettrain.training.diagnostics.divergence import DivergenceReport
from nettrain.training.diagnostics.environment import environment
from nettrain.training.events import MemberStopped, TrainingDone
from nettrain.training.run import TrainingRun

STATUS: dict[str, Status] = {"diverged": "diverged", "interrupted": "interrupted"}


def summarise(
    run: TrainingRun,
    experiments: Sequence[Experiment],
    ended: Mapping[int, MemberStopped],
    done: TrainingDone,
    figures: Mapping[str, Figures],
    causes: Mapping[int, DivergenceReport] | None = None,
) -> RunSummary:
    """The summary of a run; `figures` (R,) are those of its members' final networks, by split.

    `causes` explain the divergence of members that diverged. Several members are listed one by one, with the
    mean and standard deviation of the metrics of those that did not diverge; the run's metrics are the means.
    """
    members = [
        _member(run, experiment, ended[r], figures, (causes or {}).get(r))
        for r, experiment in enumerate(experiments)
    ]
    mean, sd = mean_and_sd(finite_metrics(members))
    several = len(members) > 1
    ending = overall_ending(members) if several else _ending(run, ended[0], (causes or {}).get(0))
    summary: RunSummary = {
        "experiment": run.experiment.experiment,
        **ending,  # type: ignore[typeddict-item]  # whose other keys could be any, says mypy
        "monitor": run.monitors.metric,
        "metrics": mean if several else members[0]["metrics"],
        "parameters": run.architecture.parameters,
        "output_activation": loss_of(run.experiment).output_activation,
        "timing": _timing(run, ended, done),
        "environment": environment(run.backend.threads, run.backend.name, run.experiment.backend.device),
        "seed": run.experiment.seed,
    }
    return {**summary, "mean": mean, "sd": sd, "members": members} if several else summary


def _member(
    run: TrainingRun,
    experiment: Experiment,
    stopped: MemberStopped,
    figures: Mapping[str, Figures],
    cause: DivergenceReport | None,
) -> MemberSummary:
    return {
        "member": stopped.member,
        "seed": experiment.seed,
        **_ending(run, stopped, cause),
        "metrics": metrics_of_network(figures, stopped.member),
    }


def _ending(run: TrainingRun, stopped: MemberStopped, cause: DivergenceReport | None) -> Ending:
    ending: Ending = {
        "status": STATUS.get(stopped.reason, "finished"),
        "stop_reason": stopped.reason,
        "epochs_run": stopped.epoch,
        "unfinished_steps": stopped.step - stopped.epoch * run.data.batches.steps,
        "best_epoch": stopped.best_epoch,
        "restored_best": stopped.restored,
    }
    if stopped.rises is not None:
        ending["objective_rises"] = stopped.rises
    return ending if cause is None else {**ending, "divergence": cause}


def metrics_of_network(figures: Mapping[str, Figures], member: int) -> dict[str, dict[str, float]]:
    """Of figures (R,) those of one network, by split and name as the summary calls them."""
    return {
        SPLITS[split]: {name: float(values[member]) for name, values in named.items()}
        for split, named in figures.items()
    }


def _timing(run: TrainingRun, ended: Mapping[int, MemberStopped], done: TrainingDone) -> Timing:
    """Times of training alone: the caller sets the total once it knows when the command began."""
    sizes = [stop - start for start, stop in run.data.batches.bounds()]
    samples = sum(end.step for end in ended.values()) * sum(sizes) / len(sizes)
    return {
        "total_seconds": done.seconds,
        "train_seconds": done.step_seconds,
        "steps": done.steps,
        "microseconds_per_step": 1e6 * done.step_seconds / max(done.steps, 1),
        "samples_per_second": samples / max(done.step_seconds, 1e-9),
    }
