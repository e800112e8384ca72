"""What the members of a population have in common: layers and their shapes."""

from dataclasses import dataclass
from typing import Any

from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.model.settings import ModelSettings


@dataclass(frozen=True)
class Layer:
    """A Dense layer of `units`, then its activation, then dropout."""

    fan_in: int
    units: int
    activation: Activation
    dropout: bool = False

    @property
    def parameters(self) -> int:
        return (self.fan_in + 1) * self.units


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron from `inputs` columns to the last layer's units."""

    inputs: int
    layers: tuple[Layer, ...]

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

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` rebuilds this architecture."""
        return {
            "inputs": self.inputs,
            "layers": [
                {
                    "units": layer.units,
                    "activation": layer.activation.model_dump(),
                    "dropout": layer.dropout,
                }
                for layer in self.layers
            ],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Architecture":
        """The inverse of `to_json`."""
        fan_in, layers = stored["inputs"], []
        for plan in stored["layers"]:
            layers.append(
                Layer(
                    fan_in,
                    plan["units"],
                    activations[plan["activation"]["name"]](**plan["activation"]),
                    plan["dropout"],
                )
            )
            fan_in = plan["units"]
        return cls(stored["inputs"], tuple(layers))


def architecture(settings: ModelSettings, inputs: int, outputs: int, *, dropout: bool) -> Architecture:
    """The network that these settings describe for data of this many columns and outputs.

    `dropout` says whether any member of the population drops units. Softmax and sigmoid outputs belong to
    their loss, so the last layer of such a network is linear here.
    """
    last: Any = settings.output_activation
    ends = activations["linear"]() if last == "auto" else last
    widths = (inputs, *settings.hidden, outputs)
    kinds = [settings.activation] * len(settings.hidden) + [ends]
    layers = tuple(
        Layer(m, n, kind, dropout and k < len(settings.hidden))
        for k, (m, n, kind) in enumerate(zip(widths[:-1], widths[1:], kinds, strict=True))
    )
    return Architecture(inputs, layers)


def layer_initializers(settings: ModelSettings, plan: Architecture) -> tuple[Initializer, ...]:
    """Each layer's initializer; `auto` is what the layer's own activation asks for."""
    init = settings.init
    if init.name != "auto":
        return (init,) * len(plan.layers)
    asked = (initializers[layer.activation.initializer] for layer in plan.layers)
    return tuple(entry(scale=init.scale, bias_init=init.bias_init) for entry in asked)
