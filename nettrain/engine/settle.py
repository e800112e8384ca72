"""What an experiment leaves to the data: its loss, and whether the two fit."""

from nettrain.catalogue.losses import losses
from nettrain.data.prepare import Prepared
from nettrain.errors import SpecError
from nettrain.spec.experiment import Experiment


def settle(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with nothing left at auto. Raises SpecError when loss, data and outputs do not fit."""
    targets = targets_of(data)
    loss = experiment.loss
    if isinstance(loss, str):
        loss = losses[_default_loss(targets)]()
    _check_fit(loss.name, targets)
    kind, output = losses[loss.name], experiment.model.output_activation
    if kind.link != "linear" and not isinstance(output, str):
        raise SpecError(
            f"model.output_activation: {output.name} does not go with {loss.name}, which brings {kind.link}"
        )
    return experiment.model_copy(update={"loss": loss, "data": data.settings})


def targets_of(data: Prepared) -> str:
    """What is predicted: `classes`, `two classes` or `numbers`."""
    preprocessing = data.preprocessing
    if preprocessing.target_kind == "numbers":
        return "numbers"
    return "two classes" if len(preprocessing.classes) == 2 else "classes"


def _default_loss(targets: str) -> str:
    defaults = {"classes": "cross_entropy", "two classes": "binary_cross_entropy", "numbers": "mse"}
    return defaults[targets]


def _check_fit(name: str, targets: str) -> None:
    # two classes are classes too: cross_entropy then has two outputs
    accepted = {targets, "classes"} if targets == "two classes" else {targets}
    fitting = [other for other, loss in losses.items() if accepted & set(loss.fits)]
    if name not in fitting:
        raise SpecError(f"loss: {name} is not for {targets} ({', '.join(fitting)} are)")
