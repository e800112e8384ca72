"""Where parameters lie, and that an architecture survives being stored."""

import json

import numpy as np

from nettrain.model.architecture import Architecture
from nettrain.model.blocks import architecture
from nettrain.model.parameters import parameter_layout, views
from nettrain.model.settings import ModelSettings


def plan(*hidden: int) -> Architecture:
    return architecture(ModelSettings(hidden=list(hidden), dropout=0.5), 4, 3)


def test_weights_come_first_and_every_array_starts_on_a_boundary() -> None:
    layout = parameter_layout(plan(7, 5))
    assert [(slot.layer, slot.name) for slot in layout.slots] == [
        (0, "weight"), (3, "weight"), (6, "weight"), (0, "bias"), (3, "bias"), (6, "bias"),
    ]  # fmt: skip
    assert [slot.start for slot in layout.slots] == [0, 64, 128, 192, 256, 320]
    assert layout.size == 384
    assert layout.start(3, "bias") == 256
    assert [(part.group, part.start, part.stop) for part in layout.ranges] == [
        ("weight", 0, 192),
        ("bias", 192, 384),
    ]


def test_what_a_layer_learns_lies_in_the_range_of_its_group() -> None:
    model = ModelSettings(hidden=[7, 5], activation="prelu", norm="batch", residual=True, bias=True)
    layout = parameter_layout(architecture(model, 4, 3))
    assert [part.group for part in layout.ranges] == ["weight", "bias", "scale", "bias", "activation"]
    assert layout.groups == ("weight", "bias", "scale", "activation")
    for slot in layout.slots:
        (part,) = (part for part in layout.ranges if part.start <= slot.start < part.stop)
        assert part.group == slot.group


def test_views_share_the_members_memory_and_do_not_overlap() -> None:
    layout, buffer = parameter_layout(plan(7, 5)), np.zeros((2, 384))
    for k, layer in enumerate(layer for layer in views(buffer, layout) if layer):
        for name, array in layer.items():
            assert array.base is not None
            array[...] += 1 + k + (name == "bias") * 10
    assert buffer[0].tolist() == buffer[1].tolist()
    counts = {value: int((buffer[0] == value).sum()) for value in (1, 2, 3, 11, 12, 13)}
    assert counts == {1: 28, 2: 35, 3: 15, 11: 7, 12: 5, 13: 3}


def test_parameters_are_counted_without_padding() -> None:
    assert plan(7, 5).parameters == 4 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3
    assert plan().parameters == 4 * 3 + 3


def test_dropout_is_behind_hidden_layers_only() -> None:
    kinds = [[layer.name for layer in block.layers] for block in plan(7, 5).blocks]
    assert kinds == [*[["dense", "activation", "dropout"]] * 2, ["dense", "activation"]]


def test_an_architecture_survives_json() -> None:
    stored = json.loads(json.dumps(plan(7, 5).to_json()))
    assert Architecture.from_json(stored) == plan(7, 5)
