"""An ensemble as a run in its folder: its networks as runs of their own, its figures and its files."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.ensemble_summary import EndedNetworkOfEnsemble
from nettrain.store.fold_summary import EndedFold, folds_csv, summarise_folds
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.summary import RunSummary
from nettrain.store.trained_run import TrainedRun
from nettrain.sweep.kept_networks import ENDING
from nettrain.training.build import build
from nettrain.training.events import TrainingDone
from nettrain.workflow.chosen_networks import (
    Chosen,
    ensemble_json,
    ensemble_summary,
    fold_count,
    joint_timing,
    mean_figures,
)
from nettrain.workflow.ended_training import EndedTraining
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.tuning.candidates import KeptNetwork, KeptTrial


@np.errstate(all="ignore")  # what is not finite is reported in words
def write_ensemble(folder: RunFolder, name: str, chosen: Sequence[Chosen[KeptTrial]]) -> RunSummary:
    """Write the run of an ensemble, in place of one that is there, and return its summary."""
    beside = RunFolder(folder.path.parent / f".{folder.path.name}")
    shutil.rmtree(beside.path, ignore_errors=True)
    ended = [_write_network(beside, one) for one in chosen]
    summary = ensemble_summary(name, chosen, ended)
    write_atomic(beside.config, to_yaml(_experiment(name, chosen)))
    write_json(beside.summary, summary)
    write_json(beside.ensemble, ensemble_json(chosen))
    shutil.rmtree(folder.path, ignore_errors=True)
    beside.path.rename(folder.path)
    return summary


def _experiment(name: str, chosen: Sequence[Chosen[KeptTrial]]) -> Experiment:
    """The experiment of the network that counts most, of all folds."""
    first = chosen[0].candidate.networks[0].experiment
    folds = first.data.folds
    whole = folds and folds.model_copy(update={"take": None})
    data = first.data.model_copy(update={"folds": whole})
    return first.model_copy(update={"experiment": name, "data": data})


def _write_network(ensemble: RunFolder, chosen: Chosen[KeptTrial]) -> EndedNetworkOfEnsemble:
    """Write the run folder of a network, or of each of its folds."""
    candidate, summaries = chosen.candidate, []
    files = ensemble.network(candidate.number)
    for fold, one in enumerate(candidate.networks, 1):
        own = files if len(candidate.networks) == 1 else files.fold(fold)
        ignored = shutil.ignore_patterns(ENDING)
        shutil.copytree(one.files.path, own.path, ignore=ignored)
        write_atomic(own.config, to_yaml(one.experiment))
        run = measured_run(one)
        run.save_results(own)
        summaries.append(run.summary)
    ended = EndedNetworkOfEnsemble(candidate.number, chosen.count, tuple(summaries))
    if fold_count([chosen]):
        _write_cross_validation(files, chosen, ended)
    return ended


def _write_cross_validation(
    files: RunFolder, chosen: Chosen[KeptTrial], ended: EndedNetworkOfEnsemble
) -> None:
    """Write what makes the folders of the folds of a network a cross-validated run."""
    networks, alone = chosen.candidate.networks, [Chosen(chosen.candidate, 1)]
    experiment = _experiment(networks[0].experiment.experiment, alone)
    folds = [
        EndedFold(number, _repeat_of(one, number), one.sizes, summary)
        for number, (one, summary) in enumerate(zip(networks, ended.summaries, strict=True), 1)
    ]
    metrics, _ = mean_figures(alone)
    summary = summarise_folds(experiment, folds, metrics["val"], metrics.get("test"), joint_timing([ended]))
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


def clean(networks: Path, candidates: Sequence[KeptTrial]) -> None:
    """Remove the files of networks that are no candidates, also of a later, longer tuning."""
    kept = {str(one.number) for one in candidates}
    for folder in networks.glob("*/"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
