"""What an experiment, resolved with its data, predicts: the kind of its targets, its loss and its network."""

from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.experiment.settings import Experiment
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import Rates, architecture


def network_of(experiment: Experiment, data: Prepared, rates: Rates | None = None) -> Architecture:
    """The architecture for this data: two classes have one output where the loss has a form for them.

    `rates` are the largest of any member, those of the experiment itself by default.
    """
    outputs = data.preprocessing.outputs(one_for_two="two classes" in loss_of(experiment).fits)
    return architecture(experiment.model, data.preprocessing.inputs, outputs, rates)


def targets_of(preprocessing: Preprocessing) -> str:
    """What is predicted: `classes`, `two classes`, `labels` (several columns of 0 and 1) or `numbers`."""
    two = preprocessing.target_kind == "classes" and len(preprocessing.classes) == 2
    return "two classes" if two else preprocessing.target_kind


def task_of(preprocessing: Preprocessing, experiment: Experiment) -> Task:
    """The task of an experiment, as metrics need to know it."""
    return Task(
        targets_of(preprocessing),
        preprocessing.target_names,
        preprocessing.classes,
        loss_of(experiment).probabilities,
        tuple(preprocessing.target_center.tolist()),
        tuple(preprocessing.target_scale.tolist()),
    )


def loss_of(experiment: Experiment) -> Loss:
    """The loss of an experiment that is resolved with its data, which leaves none at `auto`."""
    assert not isinstance(experiment.loss, str), "the loss is resolved with the data"
    return experiment.loss
