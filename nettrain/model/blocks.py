"""The layers of the blocks that an experiment file describes under `model:`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.members import stack
from nettrain.model.architecture import INPUT, OUTPUT, Architecture, Block
from nettrain.model.input_columns import SourceColumn
from nettrain.model.layers import Layer
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.dense import Dense
from nettrain.model.layers.dropout import Dropout
from nettrain.model.layers.input_noise import InputNoise
from nettrain.model.layers.neural_tangent import NeuralTangentDense
from nettrain.model.layers.residual import Residual
from nettrain.model.settings import LayerSettings, ModelSettings


@dataclass(frozen=True)
class Rates:
    """Dropout rate of each hidden block and noise on the inputs; a rate of 0 means no such layer."""

    dropout: tuple[float, ...]
    noise: float

    @classmethod
    def of(cls, settings: ModelSettings) -> "Rates":
        """The rates in the settings."""
        return cls(tuple(block.dropout for block in settings.hidden_layers()), settings.input_noise)

    @classmethod
    def of_architecture(cls, architecture: Architecture) -> "Rates":
        """The rates of an architecture's layers."""
        hidden = [block for block in architecture.blocks if block.name not in (INPUT, OUTPUT)]
        drops = {
            node.block.name: node.layer.rate for node in architecture.nodes if isinstance(node.layer, Dropout)
        }
        noise = [node.layer.sigma for node in architecture.nodes if isinstance(node.layer, InputNoise)]
        return cls(tuple(drops.get(block.name, 0.0) for block in hidden), max(noise, default=0.0))


def architecture(
    settings: ModelSettings,
    inputs: int,
    outputs: int,
    rates: Rates | None = None,
    *,
    structure: Rates | None = None,
    columns: Sequence[SourceColumn] = (),
) -> Architecture:
    """The network of these settings for data with so many input columns and outputs.

    `rates` replace those of the settings; `structure` decides which layers exist even if a rate is 0. If the
    loss computes the output activation, such as softmax, the last layer is linear. `columns` are the columns
    that the inputs come from; without any, every input is a number.
    """
    rates = rates or Rates.of(settings)
    there = structure or rates
    blocks = []
    if there.noise > 0:
        blocks.append(Block(INPUT, 0, (InputNoise(sigma=rates.noise),)))
    for k, block in enumerate(settings.hidden_layers()):
        dropout = [Dropout(rate=rates.dropout[k])] if there.dropout[k] > 0 else []
        layers = [*_hidden(settings, block), *dropout]
        if block.residual:
            layers = [_residual(settings, block, layers)]
        blocks.append(Block(f"hidden {k + 1}", k, tuple(layers)))
    blocks.append(Block(OUTPUT, len(rates.dropout), tuple(_last(settings, outputs))))
    return Architecture(inputs, tuple(blocks), tuple(columns))


def member_architectures(shared: Architecture, members: Sequence[ModelSettings]) -> list[Architecture]:
    """The shared architecture with each member's own settings."""
    structure, shape = Rates.of_architecture(shared), (shared.inputs, shared.outputs)
    return [
        architecture(settings, *shape, structure=structure, columns=shared.columns) for settings in members
    ]


def stacked_layers(members: Sequence[Architecture]) -> list[Layer]:
    """The layers by number with stacked settings: those that may differ between members are (R,)."""
    layers = ([node.layer for node in member.nodes] for member in members)
    return [stack(layer) for layer in zip(*layers, strict=True)]


def _hidden(settings: ModelSettings, block: LayerSettings) -> Iterator[Layer]:
    """Dense → norm → activation."""
    norm = block.normalization
    bias = not (norm is not None and norm.centres_columns) if block.bias == "auto" else block.bias
    yield _dense(settings, block.units, block.activation, block.init, bias=bias)
    if norm is not None:
        yield norm
    yield ActivationLayer(function=block.activation)


def _residual(settings: ModelSettings, block: LayerSettings, layers: Sequence[Layer]) -> Residual:
    init = _initializer(block.init, activations["linear"]())
    return Residual(body=tuple(layers), init=init, parametrization=settings.parametrization)


def _last(settings: ModelSettings, outputs: int) -> Iterator[Layer]:
    activation = settings.last_activation
    yield _dense(settings, outputs, activation, settings.init, bias=settings.bias is not False)
    yield ActivationLayer(function=activation)


def _dense(
    settings: ModelSettings, units: int, activation: Activation, init: Initializer, *, bias: bool
) -> Layer:
    columns = units * activation.columns_per_unit
    if settings.parametrization == "neural_tangent":
        return NeuralTangentDense(units=columns, bias=bias, scale=init.scale)
    own = _initializer(init, activation)
    return Dense(units=columns, bias=bias, init=own, left_slope=activation.left_slope)


def _initializer(init: Initializer, activation: Activation) -> Initializer:
    """The initializer itself, or for `auto` the one that suits the activation behind the weights."""
    if init.name != "auto":
        return init
    return initializers[activation.initializer](scale=init.scale, bias_init=init.bias_init)
