"""The networks that may be in an ensemble: those that trials have left, and what they predict."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import task_of
from nettrain.inference.dataset import dataset_of
from nettrain.inference.fit_postprocessing import with_fitted_rules
from nettrain.inference.measured import joined_predictions
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.inference.predictions import LabelledPredictions, predict_labelled
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import RunFolder
from nettrain.sweep.kept_networks import KeptEnding, TrialNetwork, network_folder, read_ending
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never

MOST = 32  # candidates
MOST_NUMBERS = 40_000_000  # in the predictions of all of them


@dataclass(frozen=True, eq=False)
class KeptNetwork:
    """A trained network of a trial, on one fold or alone, with its experiment, its data and its files."""

    experiment: Experiment
    data: Prepared
    files: RunFolder
    ending: KeptEnding
    networks: TrainedNetworks

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows each split has, by the names of figures: train, val, test."""
        data = self.data
        splits = {"train": data.train, "val": data.validation, "test": data.test}
        return {name: len(rows.y) for name, rows in splits.items() if rows is not None}


@dataclass(frozen=True, eq=False)
class KeptTrial:
    """A trial with its networks, one for each fold, and their predictions for the rows that they held out."""

    result: TrialResult
    networks: tuple[KeptNetwork, ...]
    predictions: LabelledPredictions

    @property
    def number(self) -> int:
        """The number of the trial."""
        return self.result.trial

    @property
    def task(self) -> Task:
        """What its first network predicts."""
        return self.networks[0].networks.task


def load_candidates(sweep: Sweep, folder: Path, stop: Callable[[], bool] = never) -> list[KeptTrial]:
    """The best trials whose networks were kept, the best first; fewer when `stop` returns True."""
    candidates: list[KeptTrial] = []
    for result in candidate_results(sweep):
        if candidates and stop():
            break
        one = _load(sweep, folder, result)
        if one is not None:
            candidates.append(one)
        if candidates and len(candidates) * candidates[0].predictions.values.size > MOST_NUMBERS:
            break
    return candidates


def candidate_results(sweep: Sweep) -> list[TrialResult]:
    """The results of the trials that may be candidates, the best first, whatever ended them."""
    trained = (one for one in sweep.best if one.epochs)
    return sorted(trained, key=lambda one: (sweep.goal.score(one), one.trial))[:MOST]


@np.errstate(all="ignore")  # what is not finite is reported in words
def _load(sweep: Sweep, folder: Path, result: TrialResult) -> KeptTrial | None:
    """One candidate; None where its files are gone, or its predictions are not finite."""
    assert sweep.preparation is not None
    (job,) = sweep.preparation.jobs([sweep.trials[result.trial - 1]]).jobs
    folds = map_shared(job.data)
    networks = []
    for fold, (experiment, data) in enumerate(zip(job.experiments, folds, strict=True)):
        network = TrialNetwork(result.trial, fold)
        files = network_folder(folder, network, job.networks)
        ending = read_ending(files, network)
        if ending is None:
            return None
        named = experiment.model_copy(update={"experiment": f"{experiment.experiment}-{result.trial}"})
        networks.append(KeptNetwork(named, data, files, ending, stored_network(named, data, files)))
    predictions = held_out_predictions(networks)
    if not np.isfinite(predictions.values).all():
        return None
    return KeptTrial(result, tuple(networks), predictions)


def stored_network(experiment: Experiment, data: Prepared, files: RunFolder) -> TrainedNetworks:
    """The network in a run folder, with the calibration and thresholds that its experiment asks for."""
    architecture, parameters, statistics = read_model(files.model)
    model = Model(experiment, task_of(data.preprocessing, experiment), architecture)
    backend = named_backend(experiment.backend)
    networks = TrainedNetworks.stored(model, backend, parameters, statistics)
    if not experiment.postprocesses or data.validation is None:
        return networks
    held_out = dataset_of(data.validation, experiment, backend.dtype, architecture.outputs)
    return with_fitted_rules(networks, held_out)


def held_out_predictions(networks: Sequence[KeptNetwork]) -> LabelledPredictions:
    """What networks predict for the rows that each of them held out, one fold below the other."""
    return joined_predictions(list(_held_out(networks)))


def _held_out(networks: Sequence[KeptNetwork]) -> Iterator[LabelledPredictions]:
    for one in networks:
        assert one.data.validation is not None, "a search compares by validation rows"
        yield predict_labelled(one.networks, one.data.validation)
