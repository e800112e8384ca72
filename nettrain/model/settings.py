"""The `model:` and `regularization:` blocks of an experiment file."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.activations import Activation, activations
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.schedules import FactorScheduleChoice
from nettrain.catalogue.settings import Settings, ShortForm, expects, number, option
from nettrain.model.layers import Layer, NumberEmbedding, embeddings, norms
from nettrain.model.layers.batch_norm import BatchNorm

MOST_LAYERS = 1000  # in a network: beyond, a step is made of more calls than are worth preparing
Units = Annotated[int, Field(ge=1)]
ActivationChoice = Annotated[Activation, Choice(activations)]
InitializerChoice = Annotated[Initializer, Choice(initializers, default="auto")]
Bias = Annotated[bool | Literal["auto"], expects("true, false or auto")]


def _switch(value: Any) -> Any:
    """`true` is the block with its defaults, `false` is none."""
    return {True: {}, False: None}.get(value, value) if isinstance(value, bool) else value


BatchNormSwitch = Annotated[
    BatchNorm | None,
    BeforeValidator(_switch, json_schema_input_type=BatchNorm | bool | None),
    PlainSerializer(lambda block: block.model_dump(exclude={"name"}) if block else False, return_type=Any),
]
NormChoice = Annotated[Layer, Choice(norms)]
EmbeddingChoice = Annotated[NumberEmbedding, Choice(embeddings)]


class PerLayer(Settings):
    """Settings of a hidden block: dense → norm → activation → dropout."""

    activation: ActivationChoice = option("relu", "activation of the hidden layers")
    init: InitializerChoice = option("auto", "distribution of the initial weights")
    bias: Bias = option(
        "auto", "whether layers have biases; auto: unless a batch norm follows, which would undo them"
    )
    norm: NormChoice = option("none", "normalization between the weights and the activation")
    batch_norm: BatchNormSwitch = option(False, "another spelling of norm: batch")
    dropout: float = number(0.0, "share of hidden units dropped in a training step", ge=0, lt=1)
    residual: bool = option(False, "add the block's input to its output, projected where the widths differ")

    @property
    def normalization(self) -> Layer | None:
        """The normalization layer, in either spelling."""
        return self.batch_norm if self.norm.name == "none" else self.norm


class Width(Settings):
    """The width of a hidden layer."""

    units: Units = option(..., "units of the layer")


class LayerSettings(PerLayer, Width):
    """A hidden layer; settings that it does not give are the model's."""


class SubMembers(Settings):
    """Several networks in one, which share most weights and whose predictions are averaged."""

    count: int = option(32, "sub-members k", ge=2)
    kind: Literal["batch_ensemble", "mini", "packed"] = option(
        "batch_ensemble",
        "what each sub-member has of its own: batch_ensemble: factors on the inputs and outputs of every"
        " layer, and biases; mini: factors on the inputs; packed: everything but embeddings; and all a last"
        " layer",
    )
    own_batches: bool = option(
        True,
        "whether each sub-member takes the training rows in an order of its own; false is a little worse",
    )
    keep: int | None = option(
        None, "how many of them stay after training, the best by validation rows; null: all", ge=1
    )

    @model_validator(mode="after")
    def _some_to_leave_out(self) -> Self:
        if self.keep is not None and self.keep > self.count:
            raise _problem_at(("sub_members", "keep"), f"{self.keep} of {self.count} sub-members")
        return self


class Depth(Settings):
    """The hidden layers, by their widths or one by one."""

    hidden: list[Units] | None = option(
        [64, 32],
        "units of each hidden layer; [] for a linear model, null if layers are given",
        max_length=MOST_LAYERS,
    )
    layers: list[LayerSettings] | None = option(
        None, "hidden layers one by one, each with its own settings", max_length=MOST_LAYERS
    )


class ModelSettings(PerLayer, Depth):
    """Blocks of a multilayer perceptron: dense → norm → activation → dropout, and a last dense layer."""

    dropout_schedule: FactorScheduleChoice = option(
        "none", "factor on the dropout rates over time: a schedule whose base is 1"
    )
    input_noise: float = number(0.0, "standard deviation of noise on the inputs while training", ge=0)
    embeddings: EmbeddingChoice = option(
        "none", "what each column of numbers becomes in front of the first layer"
    )
    category_dimension: int = option(
        8, "numbers that stand for each category of a column that data.one_hot_up_to gives a code", ge=1
    )
    input_scale: bool = option(False, "multiply each input of the first dense layer by a learned factor")
    output_activation: Annotated[Activation | str, Choice(activations, auto=True)] = option(
        "auto", "activation of the last layer; auto: the one that belongs to the loss"
    )
    clamp_outputs: bool = option(
        False, "cut predicted numbers to the range of the training targets; training goes on without"
    )
    parametrization: Literal["standard", "neural_tangent"] = option(
        "standard",
        "neural_tangent: dense layers are x W/√m + b with m inputs, weights about N(0, 1) at the start and"
        " biases from training rows; takes larger rates, which suit any width",
    )
    sub_members: Annotated[SubMembers | None, ShortForm("count", 2)] = option(
        None, "several networks in one (TabM), whose mean predicts; 32 is short for {count: 32}; null: one"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = number(
        None, "seed of the initial weights; default: seed"
    )

    @model_validator(mode="after")
    def _one_list_of_layers(self) -> Self:
        """Let each of `layers` inherit the settings that it does not give; `hidden` is then null."""
        if self.layers is None and self.hidden is None:
            raise _problem_at(("hidden",), "null without layers; give one of them")
        if self.layers is not None and self.hidden is not None and "hidden" in self.model_fields_set:
            raise _problem_at(("hidden",), "given beside layers; give one of them, the other as null")
        if self.layers is not None:
            own = [layer.model_copy(update=self._inherited(layer)) for layer in self.layers]
            object.__setattr__(self, "layers", own)
            object.__setattr__(self, "hidden", None)
        return self

    @model_validator(mode="after")
    def _hidden_activations(self) -> Self:
        """Refuse activations of hidden layers that are for outputs only."""
        for k, layer in enumerate(self.hidden_layers()):
            if layer.activation.outputs_only:
                key = ("activation",) if self.layers is None else ("layers", k, "activation")
                raise _problem_at(key, f'"{layer.activation.name}" is for outputs, see output_activation')
        return self

    @model_validator(mode="after")
    def _biases_to_start(self) -> Self:
        """Refuse an initial bias if no layer has biases; the last layer has one unless `bias` is false."""
        biased = any(layer.bias is True for layer in self.hidden_layers())
        if self.init.bias_init != 0 and self.bias is False and not biased:
            raise _problem_at(("init", "bias_init"), f"{self.init.bias_init:g} does nothing without biases")
        return self

    @model_validator(mode="after")
    def _start_of_neural_tangent(self) -> Self:
        """Refuse starts that the neural-tangent parametrization does not take: it has its own."""
        if self.parametrization == "standard":
            return self
        hidden = (
            [] if self.layers is None else [(("layers", k), one.init) for k, one in enumerate(self.layers)]
        )
        for key, init in (((), self.init), *hidden):
            if init.name != "auto":
                text = "does not go with parametrization: neural_tangent, whose weights start from N(0, 1)"
                raise _problem_at((*key, "init"), f"{init.name} {text}")
            if init.bias_init != 0:
                text = (
                    "does not go with parametrization: neural_tangent, whose biases start from training rows"
                )
                raise _problem_at((*key, "init", "bias_init"), f"{init.bias_init:g} {text}")
        return self

    @property
    def last_activation(self) -> Activation:
        """The activation of the last layer: linear where it is part of the loss."""
        return activations["linear"]() if isinstance(self.output_activation, str) else self.output_activation

    @model_validator(mode="after")
    def _one_norm(self) -> Self:
        """Refuse two normalizations of one block."""
        for k, layer in enumerate(self.hidden_layers()):
            if layer.batch_norm is not None and layer.norm.name != "none":
                key = ("norm",) if self.layers is None else ("layers", k, "norm")
                raise _problem_at(key, f"{layer.norm.name} does not go with batch_norm: give one of them")
        return self

    @model_validator(mode="after")
    def _layers_of_sub_members(self) -> Self:
        """Refuse what layers of sub-members do not have."""
        sub_members = self.sub_members
        if sub_members is None:
            return self
        if self.parametrization != "standard":
            raise _problem_at(("parametrization",), f"{self.parametrization} does not go with sub_members")
        for k, layer in enumerate(self.hidden_layers()):
            at = () if self.layers is None else ("layers", k)
            if layer.residual and sub_members.kind != "mini":
                raise _problem_at(
                    (*at, "residual"), f"true does not go with sub_members.kind: {sub_members.kind}"
                )
            if layer.bias is False and sub_members.kind == "batch_ensemble":
                raise _problem_at((*at, "bias"), "false does not go with sub_members, which have biases")
        return self

    def _inherited(self, layer: LayerSettings) -> dict[str, Any]:
        set_here = set(layer.model_fields_set)
        if set_here & {"norm", "batch_norm"}:  # two spellings of one setting
            set_here |= {"norm", "batch_norm"}
        return {key: getattr(self, key) for key in PerLayer.model_fields if key not in set_here}

    def hidden_layers(self) -> list[LayerSettings]:
        """All hidden layers with all their settings, in either notation."""
        if self.layers is not None:
            return self.layers
        shared = {key: getattr(self, key) for key in PerLayer.model_fields}
        return [LayerSettings.model_construct(units=units, **shared) for units in self.hidden or ()]

    @property
    def couples_rows(self) -> bool:
        """Whether a row's outputs depend on the batch that it is trained in."""
        norms = (layer.normalization for layer in self.hidden_layers())
        return any(norm is not None and norm.couples_rows for norm in norms)

    def written_out(self) -> Self:
        """The same model with its hidden layers given as `layers`."""
        return self.model_copy(update={"layers": self.hidden_layers()})


def _problem_at(key: tuple[str | int, ...], message: str) -> PydanticCustomError:
    return PydanticCustomError("elsewhere", "{message}", {"message": message, "path": ("model", *key)})


class RegularizationSettings(Settings):
    """Penalties on the weight matrices; `optimizer.groups` extends them to other parameters."""

    l2: float = number(0.0, "adds l2/2·ΣW² to the objective", ge=0)
    l1: float = number(0.0, "adds l1·Σ|W| to the objective", ge=0)
    max_norm: float | None = number(
        None, "after a step, each unit's incoming weights are scaled to this norm", gt=0
    )
