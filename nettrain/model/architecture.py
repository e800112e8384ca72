"""What the members of a population have in common: layers and their shapes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.model.settings import BatchNorm, ModelSettings

FORMAT = 2  # of the stored form; 1 had no batch_norm and no bias


@dataclass(frozen=True)
class Layer:
    """A Dense layer, then batch_norm, the activation that makes its `units`, and dropout.

    The Dense has `columns`, several for each unit of an activation with pieces. `dropout` is the largest rate
    of any member. `arrays` are what the layer learns, `statistics` what it keeps of batches: name → shape.
    """

    fan_in: int
    units: int
    activation: Activation
    bias: bool = True
    batch_norm: BatchNorm | None = None
    dropout: float = 0.0

    @property
    def columns(self) -> int:
        return self.units * self.activation.columns_per_unit

    @property
    def arrays(self) -> dict[str, tuple[int, int]]:
        row = (1, self.columns)
        names = ["bias"] * self.bias + ["gain", "shift"] * (self.batch_norm is not None)
        learned = [*names, *self.activation.learned]
        return {"weight": (self.fan_in, self.columns), **dict.fromkeys(learned, row)}

    @property
    def statistics(self) -> dict[str, tuple[int, int]]:
        names = () if self.batch_norm is None else ("running_mean", "running_variance")
        return dict.fromkeys(names, (1, self.columns))

    @property
    def parameters(self) -> int:
        return sum(map(math.prod, self.arrays.values()))


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron from `inputs` columns to the last layer's units.

    `input_noise` is the largest standard deviation of any member.
    """

    inputs: int
    layers: tuple[Layer, ...]
    input_noise: float = 0.0

    @property
    def outputs(self) -> int:
        return self.layers[-1].units

    @property
    def parameters(self) -> int:
        """Learned numbers of one member, padding not counted."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.inputs, *(layer.units for layer in self.layers))

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each weight matrix."""
        return tuple((layer.fan_in, layer.columns) for layer in self.layers)

    @property
    def drops(self) -> bool:
        """Whether units are dropped while training."""
        return any(layer.dropout > 0 for layer in self.layers)

    @property
    def normalises(self) -> bool:
        """Whether a row's outputs depend on the batch that it is trained in."""
        return any(layer.batch_norm is not None for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` rebuilds this architecture."""
        return {
            "format": FORMAT,
            "inputs": self.inputs,
            "input_noise": self.input_noise,
            "layers": [
                {
                    "units": layer.units,
                    "activation": layer.activation.model_dump(),
                    "bias": layer.bias,
                    "batch_norm": layer.batch_norm and layer.batch_norm.model_dump(),
                    "dropout": layer.dropout,
                }
                for layer in self.layers
            ],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Architecture":
        """The inverse of `to_json`. Raises ValueError when another version has written it."""
        if stored["inputs"] and stored.get("format") != FORMAT:
            raise ValueError("written by another version of nettrain; train it again")
        fan_in, layers = stored["inputs"], []
        for plan in stored["layers"]:
            activation = activations[plan["activation"]["name"]](**plan["activation"])
            norm = plan["batch_norm"] and BatchNorm(**plan["batch_norm"])
            layers.append(Layer(fan_in, plan["units"], activation, plan["bias"], norm, plan["dropout"]))
            fan_in = plan["units"]
        return cls(stored["inputs"], tuple(layers), stored["input_noise"])


def architecture(
    settings: ModelSettings,
    inputs: int,
    outputs: int,
    *,
    rates: Sequence[float] | None = None,
    input_noise: float | None = None,
) -> Architecture:
    """The network that these settings describe for data of this many columns and outputs.

    `rates` are the largest dropout of any member in each hidden layer, `input_noise` the largest noise; those
    of these settings unless told. Softmax and sigmoid outputs that belong to their loss are no
    activation here: the last layer of such a network is linear.
    """
    hidden, fan_in, layers = settings.hidden_layers(), inputs, []
    noise = settings.input_noise if input_noise is None else input_noise
    for k, own in enumerate(hidden):
        rate = own.dropout if rates is None else rates[k]
        bias = own.batch_norm is None if own.bias == "auto" else own.bias
        layers.append(Layer(fan_in, own.units, own.activation, bias, own.batch_norm, rate))
        fan_in = own.units
    last = Layer(fan_in, outputs, settings.last_activation, settings.bias is not False)
    return Architecture(inputs, (*layers, last), noise)


def layer_initializers(settings: ModelSettings, plan: Architecture) -> tuple[Initializer, ...]:
    """Each layer's initializer; `auto` is what the layer's own activation asks for."""
    inits = [*(own.init for own in settings.hidden_layers()), settings.init]
    return tuple(
        initializers[layer.activation.initializer](scale=init.scale, bias_init=init.bias_init)
        if init.name == "auto"
        else init
        for init, layer in zip(inits, plan.layers, strict=True)
    )
