"""Which kind of layer stands where an experiment file has a dense one: a plain one, or one of sub-members."""

from collections.abc import Sequence
from typing import Any

from nettrain.catalogue.activations import Activation
from nettrain.catalogue.initializers import Initializer, initializers
from nettrain.model.layers import Layer
from nettrain.model.layers.batch_ensemble import BatchEnsemble
from nettrain.model.layers.dense import Dense
from nettrain.model.layers.mean_prediction import AVERAGED, Averaged, MeanPrediction
from nettrain.model.layers.neural_tangent import NeuralTangentDense
from nettrain.model.layers.packed_dense import PackedDense
from nettrain.model.layers.repeat import Repeat
from nettrain.model.layers.scale import Scale, Start
from nettrain.model.settings import LayerSettings, ModelSettings, SubMembers


def hidden_dense(
    settings: ModelSettings, block: LayerSettings, *, bias: bool, first: bool, groups: Sequence[int]
) -> Layer:
    """The dense layer of a hidden block.

    `groups` are the widths of the groups of columns that each come from one column of the data. Those of a
    group begin with the same factor in the `first` layer of sub-members.
    """
    sub_members, f = settings.sub_members, block.activation
    given: dict[str, Any] = {
        "units": block.units * f.columns_per_unit,
        "init": initializer(block.init, f),
        "left_slope": f.left_slope,
    }
    if sub_members is None or sub_members.kind == "mini":
        return _plain(settings, given, block.init.scale, bias=bias)
    if sub_members.kind == "packed":
        return PackedDense(**given, bias=bias, sub_members=sub_members.count)
    start: dict[str, Any] = {"start": _start(settings), "groups": tuple(groups)} if first else {}
    return BatchEnsemble(**given, **start, sub_members=sub_members.count)


def last_dense(settings: ModelSettings, outputs: int) -> Layer:
    """The dense layer in front of the outputs."""
    f, bias = settings.last_activation, settings.bias is not False
    given: dict[str, Any] = {
        "units": outputs * f.columns_per_unit,
        "init": initializer(settings.init, f),
        "left_slope": f.left_slope,
    }
    if settings.sub_members is None:
        return _plain(settings, given, settings.init.scale, bias=bias)
    return PackedDense(**given, bias=bias, sub_members=settings.sub_members.count)


def _plain(settings: ModelSettings, given: dict[str, Any], scale: float, *, bias: bool) -> Layer:
    """The layer of a network that is one, in its parametrization."""
    if settings.parametrization == "neural_tangent":
        return NeuralTangentDense(units=given["units"], bias=bias, scale=scale)
    return Dense(**given, bias=bias)


def split(settings: ModelSettings, groups: Sequence[int]) -> list[Layer]:
    """What stands in front of the hidden blocks where there are sub-members."""
    sub_members = settings.sub_members
    if sub_members is None:
        return []
    repeat = Repeat(sub_members=sub_members.count)
    if sub_members.kind != "mini":
        return [repeat]
    return [repeat, Scale(sub_members=sub_members.count, start=_start(settings), groups=tuple(groups))]


def joined(sub_members: SubMembers | None, output_activation: str) -> list[Layer]:
    """What stands behind the outputs where there are sub-members, whose predictions the loss makes so."""
    if sub_members is None:
        return []
    averaged: Averaged = next((name for name in AVERAGED if name == output_activation), "outputs")
    return [MeanPrediction(sub_members=sub_members.count, averaged=averaged)]


def initializer(init: Initializer, activation: Activation) -> Initializer:
    """The initializer itself, or for `auto` the one that suits the activation behind the weights."""
    if init.name != "auto":
        return init
    return initializers[activation.initializer](scale=init.scale, bias_init=init.bias_init)


def _start(settings: ModelSettings) -> Start:
    """How the first factors begin: where numbers are embedded, many inputs share one."""
    return "signs" if settings.embeddings.name == "none" else "normal"
