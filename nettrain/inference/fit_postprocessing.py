"""Calibration and thresholds of trained networks, fitted on their validation rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.inference.dataset import Dataset
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import in_own_units, mean_predictions, to_predictions
from nettrain.inference.postprocessing import Postprocessing, PredictionRule, ValidationRows, fit_rule
from nettrain.inference.predict import Inputs, collect_outputs, row_chunks


def with_fitted_rules(networks: TrainedNetworks, validation: Dataset | None) -> TrainedNetworks:
    """The networks with the rules that their experiment asks for, if any.

    Each network has its own; where a run averages predictions, the mean of those that have not diverged has
    one too. Without validation rows, only a threshold that is a number can be asked for.
    """
    experiment, task = networks.model.experiment, networks.model.task
    if not experiment.postprocesses:
        return networks
    calibration, threshold = experiment.calibration, experiment.threshold
    if calibration.name == "none" and not isinstance(threshold, str):
        return _with_rule(networks, PredictionRule(thresholds=(float(threshold),) * len(task.names)))
    assert validation is not None, "see check_calibration and check_threshold"
    rows = ValidationRows(in_own_units(task, validation.targets), validation.weights)

    def fitted(predictions: Floats) -> PredictionRule:
        return fit_rule(calibration, threshold, task, predictions, rows)

    return replace(networks, postprocessing=_fitted(networks, _outputs(networks, validation), fitted))


def _with_rule(networks: TrainedNetworks, rule: PredictionRule) -> TrainedNetworks:
    """The networks that all have the same rule, which no rows have fitted."""
    experiment = networks.model.experiment
    together = rule if experiment.training.averages_predictions else None
    rules = (rule,) * len(networks)
    postprocessing = Postprocessing(experiment.calibration.name, experiment.threshold, 0, rules, together)
    return replace(networks, postprocessing=postprocessing)


def _fitted(
    networks: TrainedNetworks, outputs: HostArray, fitted: Callable[[Floats], PredictionRule]
) -> Postprocessing:
    """The rules of raw outputs (R, N, K) for N validation rows."""
    model, experiment = networks.model, networks.model.experiment
    rules = tuple(fitted(to_predictions(model.loss, model.task, one)) for one in outputs)
    finite, together = np.isfinite(networks.parameters).all(axis=1), None
    if experiment.training.averages_predictions and finite.any():
        together = fitted(mean_predictions(model.loss, model.task, outputs[finite]))
    name, rows = experiment.calibration.name, outputs.shape[1]
    return Postprocessing(name, experiment.threshold, rows, rules, together)


def _outputs(networks: TrainedNetworks, dataset: Dataset) -> HostArray:
    """Raw outputs (R, N, K) for all rows of a dataset."""
    network = networks.network()
    chunks = row_chunks(network, Inputs.of_dataset(dataset), Pool(networks.backend))
    return collect_outputs(network, chunks, dataset.rows)
