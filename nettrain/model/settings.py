"""The `model:` and `regularization:` blocks of an experiment file."""

from typing import Annotated, Any

from pydantic import Field

from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings, later, number, option

Units = Annotated[int, Field(ge=1)]
ActivationChoice = Annotated[Activation, Choice(activations)]
InitializerChoice = Annotated[Initializer, Choice(initializers, default="auto")]


class ModelSettings(Settings):
    """Layers of a multilayer perceptron: Dense → activation → dropout, and a last Dense."""

    hidden: list[Units] = option([64, 32], "units of each hidden layer; [] is a linear model")
    layers: Any = later(None, "hidden layers one by one, each with its own settings")
    activation: ActivationChoice = option("relu", "of every hidden layer")
    init: InitializerChoice = option("auto", "distribution of the initial weights")
    bias: Any = later(True, "whether layers have biases")
    dropout: float = number(0.0, "share of hidden units dropped in a training step", ge=0, lt=1)
    batch_norm: Any = later(False, "normalise each hidden layer over the batch")
    input_noise: Any = later(0.0, "standard deviation of noise on the inputs while training")
    output_activation: Annotated[Activation | str, Choice(activations, auto=True)] = option(
        "auto", "of the last layer; auto is the one that the loss brings"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = number(None, "of the initial weights; default: seed")


class RegularizationSettings(Settings):
    """Penalties on the weight matrices; biases are never penalised."""

    l2: float = number(0.0, "adds l2/2·ΣW² to the objective", ge=0)
    l1: Any = later(0.0, "adds l1·Σ|W| to the objective")
    max_norm: Any = later(None, "largest norm of a unit's incoming weights")
