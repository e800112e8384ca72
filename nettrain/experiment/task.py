"""What an experiment, resolved with its data, predicts: the kind of its targets, its loss and its network."""

from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.experiment.settings import Experiment
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import Rates, architecture
from nettrain.model.input_columns import SourceColumn
from nettrain.model.layers.output_clamp import OutputClamp


def network_of(experiment: Experiment, data: Prepared, rates: Rates | None = None) -> Architecture:
    """The architecture for this data: two classes have one output where the loss has a form for them.

    Unless the output activation shares out a total among several. A number has as many outputs as its loss
    asks for. `rates` are the largest of any member,
    those of the experiment itself by default.
    """
    loss, outputs = loss_of(experiment), outputs_of(experiment, data.preprocessing)
    inputs, columns = data.preprocessing.inputs, source_columns(data.preprocessing)
    activation = "sigmoid" if outputs == 1 and loss.output_activation == "softmax" else loss.output_activation
    return architecture(
        experiment.model,
        inputs,
        outputs,
        rates,
        columns=columns,
        output_activation=activation,
        clamp=output_clamp(experiment),
    )


def outputs_of(experiment: Experiment, preprocessing: Preprocessing) -> int:
    """The number of outputs of its network."""
    loss, shared = loss_of(experiment), experiment.model.last_activation.outputs_only
    one_for_two = "two classes" in loss.fits and not (shared and loss.probabilities)
    return preprocessing.outputs(one_for_two=one_for_two) * loss.outputs_per_target


def output_clamp(experiment: Experiment) -> OutputClamp | None:
    """The layer that cuts predicted numbers to the range of the training targets, if there is one."""
    loss = loss_of(experiment)
    if not experiment.model.clamp_outputs or loss.number_form is None:
        return None
    return OutputClamp(outputs_per_target=loss.outputs_per_target, form=loss.number_form)


def source_columns(preprocessing: Preprocessing) -> tuple[SourceColumn, ...]:
    """The columns that the inputs come from; none where every input is a column of numbers."""
    columns = tuple(SourceColumn(encoder.kinds, encoder.categories) for encoder in preprocessing.encoders)
    return () if all(column.kinds == ("number",) for column in columns) else columns


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
        gives_probabilities(experiment),
        tuple(preprocessing.target_center.tolist()),
        tuple(preprocessing.target_scale.tolist()),
        loss_of(experiment).boundary,
    )


def gives_probabilities(experiment: Experiment) -> bool:
    """Whether predictions of classes are probabilities: estimates of them that cannot leave [0, 1]."""
    loss, last = loss_of(experiment), experiment.model.last_activation
    return loss.probabilities and (loss.output_activation != "linear" or last.unit_interval)


def loss_of(experiment: Experiment) -> Loss:
    """The loss of an experiment that is resolved with its data, which leaves none at `auto`."""
    assert not isinstance(experiment.loss, str), "the loss is resolved with the data"
    return experiment.loss
