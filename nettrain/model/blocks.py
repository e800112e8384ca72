"""The layers of the blocks that an experiment file describes under `model:`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nettrain.catalogue.activations import activations
from nettrain.catalogue.members import stack
from nettrain.model.architecture import INPUT, OUTPUT, Architecture, Block
from nettrain.model.dense_kinds import hidden_dense, initializer, joined, last_dense, split
from nettrain.model.input_columns import EmbeddedColumns, SourceColumn, numbers
from nettrain.model.layers import Layer
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.category_embedding import CategoryEmbedding
from nettrain.model.layers.dropout import Dropout
from nettrain.model.layers.input_noise import InputNoise
from nettrain.model.layers.mean_prediction import MeanPrediction
from nettrain.model.layers.number_embeddings.layer import NumberEmbeddingLayer
from nettrain.model.layers.output_clamp import OutputClamp
from nettrain.model.layers.residual import Residual
from nettrain.model.layers.scale import Scale
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
    output_activation: str = "linear",
    clamp: OutputClamp | None = None,
) -> Architecture:
    """The network of these settings for data with so many input columns and outputs.

    `rates` replace those of the settings; `structure` decides which layers exist even if a rate is 0. If the
    loss computes the output activation, such as softmax, the last layer is linear. `columns` are the columns
    that the inputs come from; without any, every input is a number. `output_activation` is the loss's, and
    `clamp` the layer behind all others, if there is one.
    """
    rates = rates or Rates.of(settings)
    there = structure or rates
    sources = tuple(columns or numbers(inputs))
    codes = EmbeddedColumns(sources).positions("category")
    noise = [InputNoise(sigma=rates.noise, codes=codes)] if there.noise > 0 else []
    first = input_block(settings, sources, noise)
    groups = first.columns.per_column
    before = (*first.layers, *split(settings, groups))
    blocks = [Block(INPUT, 0, before)] if before else []
    for k, block in enumerate(settings.hidden_layers()):
        dropout = [Dropout(rate=rates.dropout[k])] if there.dropout[k] > 0 else []
        layers = [*_hidden(settings, block, groups, first=k == 0), *dropout]
        if block.residual:
            layers = [_residual(settings, block, layers)]
        blocks.append(Block(f"hidden {k + 1}", k, tuple(layers)))
    last = [*_last(settings, outputs), *joined(settings.sub_members, output_activation)]
    last += [] if clamp is None else [clamp]
    blocks.append(Block(OUTPUT, len(rates.dropout), tuple(last)))
    return Architecture(inputs, tuple(blocks), tuple(columns))


@dataclass(frozen=True)
class InputBlock:
    """The layers in front of the first dense one, and what the columns of the data are behind them."""

    layers: tuple[Layer, ...]
    columns: EmbeddedColumns


def input_block(
    settings: ModelSettings, columns: Sequence[SourceColumn], noise: Sequence[Layer] = ()
) -> InputBlock:
    """Noise → embedding of numbers → of categories → scale, for inputs that come from these columns."""
    layers, behind = list(noise), EmbeddedColumns(tuple(columns))
    positions, embedding = behind.positions("number"), settings.embeddings
    if positions and embedding.name != "none":
        layers.append(NumberEmbeddingLayer(embedding=embedding, positions=positions))
        behind = behind.embedded("number", embedding.width)
    codes = behind.positions("category")
    if codes:
        tables = tuple(column.categories for column in columns if "category" in column.kinds)
        dimension = settings.category_dimension
        layers.append(CategoryEmbedding(positions=codes, categories=tables, dimension=dimension))
        behind = behind.embedded("category", dimension)
    if settings.input_scale:
        layers.append(Scale())
    return InputBlock(tuple(layers), behind)


def member_architectures(shared: Architecture, members: Sequence[ModelSettings]) -> list[Architecture]:
    """The shared architecture with each member's own settings."""
    structure, shape = Rates.of_architecture(shared), (shared.inputs, shared.outputs)
    means = [node.layer.averaged for node in shared.chain if isinstance(node.layer, MeanPrediction)]
    averaged = means[0] if means else "linear"
    clamp = next((node.layer for node in shared.chain if isinstance(node.layer, OutputClamp)), None)
    different = {id(settings): settings for settings in members}
    own = {
        number: architecture(
            settings,
            *shape,
            structure=structure,
            columns=shared.columns,
            output_activation=averaged,
            clamp=clamp,
        )
        for number, settings in different.items()
    }
    return [own[id(settings)] for settings in members]


def stacked_layers(members: Sequence[Architecture]) -> list[Layer]:
    """The layers by number with stacked settings: those that may differ between members are (R,)."""
    layers = ([node.layer for node in member.nodes] for member in members)
    return [stack(layer) for layer in zip(*layers, strict=True)]


def _hidden(
    settings: ModelSettings, block: LayerSettings, groups: Sequence[int], *, first: bool
) -> Iterator[Layer]:
    """Dense → norm → activation."""
    norm = block.normalization
    bias = not (norm is not None and norm.centres_columns) if block.bias == "auto" else block.bias
    yield hidden_dense(settings, block, bias=bias, first=first, groups=groups)
    if norm is not None:
        yield norm
    yield ActivationLayer(function=block.activation)


def _residual(settings: ModelSettings, block: LayerSettings, layers: Sequence[Layer]) -> Residual:
    init = initializer(block.init, activations["linear"]())
    return Residual(body=tuple(layers), init=init, parametrization=settings.parametrization)


def _last(settings: ModelSettings, outputs: int) -> Iterator[Layer]:
    yield last_dense(settings, outputs)
    yield ActivationLayer(function=settings.last_activation)
