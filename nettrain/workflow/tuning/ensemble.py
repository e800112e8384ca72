"""An ensemble as a run in its folder: its networks as runs of their own, its figures and its files."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nettrain.data.labelled import Rows
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.inference.baseline import worse_than
from nettrain.inference.intervals import ByTarget, labelled_figures
from nettrain.inference.measured import MeasuredNetworks, NetworksOnRows
from nettrain.store.ensemble_summary import EndedNetworkOfEnsemble, summarise_ensemble
from nettrain.store.fold_summary import EndedFold, folds_csv, summarise_folds
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.summary import RunSummary, Timing
from nettrain.store.trained_ensemble import EnsembleJson
from nettrain.store.trained_run import TrainedRun
from nettrain.sweep.kept_networks import ENDING
from nettrain.training.build import build
from nettrain.training.events import TrainingDone
from nettrain.workflow.ended_training import EndedTraining
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.tuning.candidates import KeptNetwork, KeptTrial


@dataclass(frozen=True)
class Chosen:
    """A candidate of an ensemble, and how often it counts."""

    candidate: KeptTrial
    count: int


def counted(candidates: Sequence[KeptTrial], taken: Sequence[int]) -> list[Chosen]:
    """The candidates that were taken, those that count most first."""
    order = sorted(dict.fromkeys(taken), key=lambda position: -taken.count(position))
    return [Chosen(candidates[position], taken.count(position)) for position in order]


@np.errstate(all="ignore")  # what is not finite is reported in words
def write_ensemble(folder: RunFolder, name: str, chosen: Sequence[Chosen]) -> RunSummary:
    """Write the run of an ensemble, in place of one that is there, and return its summary."""
    beside = RunFolder(folder.path.parent / f".{folder.path.name}")
    shutil.rmtree(beside.path, ignore_errors=True)
    ended = [_write_network(beside, one) for one in chosen]
    metrics, described = _figures(chosen)
    summary = summarise_ensemble(name, ended, metrics, described, _timing(ended))
    summary = _compared_with_baseline(summary, chosen)
    content: EnsembleJson = {
        "folds": _folds(chosen),
        "networks": [{"network": one.candidate.trial, "count": one.count} for one in chosen],
    }
    write_atomic(beside.config, to_yaml(_experiment(name, chosen)))
    write_json(beside.summary, summary)
    write_json(beside.ensemble, content)
    shutil.rmtree(folder.path, ignore_errors=True)
    beside.path.rename(folder.path)
    return summary


def _folds(chosen: Sequence[Chosen]) -> int:
    """How many folds each network has, 0 where it was trained on one split."""
    networks = chosen[0].candidate.networks
    return 0 if networks[0].experiment.data.folds is None else len(networks)


def _experiment(name: str, chosen: Sequence[Chosen]) -> Experiment:
    """The experiment of the network that counts most, of all folds."""
    first = chosen[0].candidate.networks[0].experiment
    folds = first.data.folds
    whole = folds and folds.model_copy(update={"take": None})
    data = first.data.model_copy(update={"folds": whole})
    return first.model_copy(update={"experiment": name, "data": data})


def _write_network(ensemble: RunFolder, chosen: Chosen) -> EndedNetworkOfEnsemble:
    """Write the run folder of a network, or of each of its folds."""
    candidate, summaries = chosen.candidate, []
    files = ensemble.network(candidate.trial)
    for fold, one in enumerate(candidate.networks, 1):
        own = files if len(candidate.networks) == 1 else files.fold(fold)
        ignored = shutil.ignore_patterns(ENDING)
        shutil.copytree(one.files.path, own.path, ignore=ignored)
        write_atomic(own.config, to_yaml(one.experiment))
        run = measured_run(one)
        run.save_results(own)
        summaries.append(run.summary)
    ended = EndedNetworkOfEnsemble(candidate.trial, chosen.count, tuple(summaries))
    if _folds([chosen]):
        _write_cross_validation(files, chosen, ended)
    return ended


def _write_cross_validation(files: RunFolder, chosen: Chosen, ended: EndedNetworkOfEnsemble) -> None:
    """Write what makes the folders of the folds of a network a cross-validated run."""
    networks, alone = chosen.candidate.networks, [Chosen(chosen.candidate, 1)]
    experiment = _experiment(networks[0].experiment.experiment, alone)
    folds = [
        EndedFold(number, _repeat_of(one, number), one.sizes, summary)
        for number, (one, summary) in enumerate(zip(networks, ended.summaries, strict=True), 1)
    ]
    metrics, _ = _figures(alone)
    summary = summarise_folds(experiment, folds, metrics["val"], metrics.get("test"), _timing([ended]))
    write_atomic(files.config, to_yaml(experiment))
    write_atomic(files.fold_figures, folds_csv(summary["folds"]))
    write_json(files.summary, summary)


def _repeat_of(network: KeptNetwork, fold: int) -> int:
    """Which repeat of the folds one is of, all counted from 1."""
    folds = network.experiment.data.folds
    return 1 if folds is None else (fold - 1) // folds.count + 1


def measured_run(network: KeptNetwork) -> MemoryRun:
    """A network as a run of its own, with all its figures."""
    experiment, data, networks = network.experiment, network.data, network.networks
    stopped, ending = replace(network.ending.stopped, member=0), network.ending
    run = build([experiment], data, networks.backend)
    run.final.set([0], networks.parameters, networks.statistics)
    done = TrainingDone(
        stopped.epoch, stopped.step, ending.step_seconds, ending.seconds, run.final.parameters
    )
    ended = EndedTraining(run, [experiment], data, {0: stopped}, done, _no_state)
    try:
        final, summary = ended.measure()
    finally:
        run.close()
    arrays = (final.parameters, final.statistics)
    trained = TrainedRun(
        experiment,
        run.architecture,
        *arrays,
        data.preprocessing,
        networks.backend,
        final.postprocessing,
        summary=summary,
    )
    return MemoryRun(trained, summary, (), None, has_members=False)


def _no_state(member: int) -> None:
    """No state was recorded; networks that diverged are no candidates."""


def _figures(
    chosen: Sequence[Chosen],
) -> tuple[Mapping[str, Mapping[str, float | None]], Mapping[str, ByTarget]]:
    """The metrics and the figures of intervals of the mean prediction, by split."""
    metrics: dict[str, Mapping[str, float | None]] = {}
    described: dict[str, ByTarget] = {}
    names = chosen[0].candidate.networks[0].data.preprocessing.target_names
    for split, key in (("train", "train"), ("validation", "val"), ("test", "test")):
        measured = on_split(chosen, split)
        if measured is None:
            continue
        predictions = measured.predict()
        metrics[key] = predictions.figures() | measured.metrics(predictions).scalars
        if figures := labelled_figures(predictions, names):
            described[split] = figures
    return metrics, described


def on_split(chosen: Sequence[Chosen], split: str) -> MeasuredNetworks | None:
    """The networks on the rows of a split; None where there are none, or folds have different ones.

    Validation rows of folds are those that each held out.
    """
    folds = _folds(chosen)
    if folds and split == "train":
        return None
    each: list[NetworksOnRows] = []
    apart: list[int] = []
    for fold in range(max(folds, 1)):
        for one in chosen:
            network = one.candidate.networks[fold]
            rows = _rows(network, split)
            if rows is None:
                return None
            on_rows = NetworksOnRows(network.networks, network.data.preprocessing, rows)
            each += [on_rows] * one.count
            apart += [fold] * one.count
    return MeasuredNetworks(tuple(each), tuple(apart) if folds and split == "validation" else ())


def _rows(network: KeptNetwork, split: str) -> Rows | None:
    data = network.data
    rows = {"train": data.train_by_column, "validation": data.validation, "test": data.test}
    return rows[split]


def _timing(ended: Iterable[EndedNetworkOfEnsemble]) -> Timing:
    """The times of all trainings together; a step is one of one network."""
    each = [summary["timing"] for one in ended for summary in one.summaries]
    steps, training = sum(one["steps"] for one in each), sum(one["train_seconds"] for one in each)
    samples = sum(one["samples_per_second"] * one["train_seconds"] for one in each)
    return {
        "total_seconds": sum(one["total_seconds"] for one in each),
        "train_seconds": training,
        "steps": steps,
        "microseconds_per_step": 1e6 * training / max(steps, 1),
        "samples_per_second": samples / max(training, 1e-9),
    }


def _compared_with_baseline(summary: RunSummary, chosen: Sequence[Chosen]) -> RunSummary:
    """The summary, which says where the ensemble is worse than constant predictions."""
    if "baseline" not in summary:
        return summary
    baseline, task = summary["baseline"], chosen[0].candidate.task
    split = list(summary["metrics"])[-1]
    worse = worse_than(baseline["metrics"].get(split, {}), summary["metrics"][split], task)
    return {**summary, "baseline": {**baseline, "worse": [f"{split}_{name}" for name in worse]}}


def clean(networks: Path, candidates: Sequence[KeptTrial]) -> None:
    """Remove the files of networks that are no candidates, also of a later, longer tuning."""
    kept = {str(one.trial) for one in candidates}
    for folder in networks.glob("*/"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
