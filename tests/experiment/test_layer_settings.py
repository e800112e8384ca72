"""`model.layers`: a layer inherits the model's settings, and problems are reported with its location."""

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.document import dump, parse
from nettrain.experiment.load import to_yaml, validate
from nettrain.experiment.resolution import resolve

DATA = "data: {source: builtin:iris}\n"
FILE = (
    DATA
    + """\
model:
  activation: tanh
  dropout: 0.25
  batch_norm: {momentum: 0.3}
  layers:
    - units: 7
    - {units: 5, activation: {name: leaky_relu, negative_slope: 0.2}, dropout: 0, bias: true, init: zeros}
    - {units: 4, batch_norm: false}
"""
)


def model(text):
    return validate(parse(text, "f")).model


def errors(text):
    """The problems of a file."""
    with pytest.raises(SpecError) as caught:
        validate(parse(text, "f"))
    return list(caught.value.problems)


def test_a_layer_inherits_settings_that_it_does_not_have():
    first, second, third = model(FILE).layers
    assert ("tanh", 0.25, 0.3, "auto", "auto") == (
        first.activation.name,
        first.dropout,
        first.batch_norm.momentum,
        first.bias,
        first.init.name,
    )
    assert (0.2, 0, True, "zeros", 0.3) == (
        second.activation.negative_slope,
        second.dropout,
        second.bias,
        second.init.name,
        second.batch_norm.momentum,
    )
    assert (None, 0.25) == (third.batch_norm, third.dropout)


NORMS = [
    ("norm: batch", ["batch", "batch"]),
    ("batch_norm: true", ["batch", "batch"]),
    ("norm: {name: layer, epsilon: 0.1}", ["layer", "layer"]),
    ("norm: none", [None, None]),
    ("norm: batch, layers: [{units: 5, norm: layer}, {units: 4}]", ["layer", "batch"]),
    ("batch_norm: true, layers: [{units: 5, norm: none}, {units: 4}]", [None, "batch"]),
    ("norm: layer, layers: [{units: 5, batch_norm: true}, {units: 4, batch_norm: false}]", ["batch", None]),
]


@pytest.mark.parametrize(("text", "expected"), NORMS)
def test_a_norm_has_two_spellings_for_all_blocks_or_one(text, expected):
    hidden = "" if "layers" in text else ", hidden: [5, 4]"
    blocks = model(f"{DATA}model: {{{text}{hidden}}}\n").hidden_layers()
    assert expected == [block.normalization and block.normalization.name for block in blocks]


def test_layers_are_read_back_as_they_were_written():
    experiment = resolve(validate(parse(FILE, "f")))
    again = validate(parse(to_yaml(experiment), "f"))
    assert experiment == again
    assert (None, [7, 5, 4]) == (again.model.hidden, [layer.units for layer in again.model.layers])


def test_hidden_widths_are_layers_too():
    short, long = (
        model(DATA + "model: {hidden: [3, 2], dropout: 0.5}\n"),
        model(DATA + "model: {dropout: 0.5, layers: [{units: 3}, {units: 2}]}\n"),
    )
    assert short.hidden_layers() == long.hidden_layers()
    assert [] == model(DATA + "model: {layers: []}\n").hidden_layers()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", {"momentum": 0.1, "epsilon": 1e-5}),
        ("false", False),
        ("null", False),
        ("{epsilon: 0.01}", {"momentum": 0.1, "epsilon": 0.01}),
    ],
)
def test_batch_norm_is_a_switch_and_a_block(value, expected):
    found = model(DATA + f"model: {{batch_norm: {value}}}\n").model_dump()["batch_norm"]
    assert expected == found
    again = model(DATA + dump({"model": {"batch_norm": found}}))
    assert expected == again.model_dump()["batch_norm"]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("layers: [3]", "f:3: model.layers.0: 3 is not a block of keys"),
        ("layers: 3", "f:3: model.layers: 3 is not a list"),
        ("layers: [{}]", "f:3: model.layers.0.units: missing"),
        (
            "layers:\n  - units: 3\n  - units: 3\n    dropout: 1.5",
            "f:6: model.layers.1.dropout: 1.5 is not below 1",
        ),
        ("layers: [{units: 3, unit: 4}]", 'f:3: model.layers.0.unit: unknown key, did you mean "units"?'),
        (
            "layers:\n  - units: 3\n    activation: rellu",
            'f:5: model.layers.0.activation: unknown "rellu", did you mean "relu"?',
        ),
        (
            "layers:\n  - units: 3\n    batch_norm: {momentum: 0}",
            "f:5: model.layers.0.batch_norm.momentum: 0 is not above 0",
        ),
        ("batch_norm: 1", "f:3: model.batch_norm: 1 is not a block of keys"),
        ("norm: bach", 'f:3: model.norm: unknown "bach", did you mean "batch"?'),
        ("norm: {name: layer, epsilon: 0}", "f:3: model.norm.epsilon: 0 is not above 0"),
        (
            "norm: layer\n batch_norm: true",
            "f:3: model.norm: layer does not go with batch_norm: give one of them",
        ),
        ("residual: 1", "f:3: model.residual: 1 is neither true nor false"),
        ("bias: 1", "f:3: model.bias: 1 is not true, false or auto"),
        (
            "hidden: [3]\n layers: [{units: 3}]",
            "f:3: model.hidden: given beside layers; give one of them, the other as null",
        ),
        ("hidden: null", "f:3: model.hidden: null without layers; give one of them"),
        ("activation: softmax", 'f:3: model.activation: "softmax" is for outputs, see output_activation'),
        (
            "layers: [{units: 3}, {units: 3, activation: softmax}]",
            'f:3: model.layers.1.activation: "softmax" is for outputs, see output_activation',
        ),
        ("input_noise: -1", "f:3: model.input_noise: -1 is not at least 0"),
        (
            "bias: false\n init: {bias_init: 0.1}",
            "f:4: model.init.bias_init: 0.1 does nothing without biases",
        ),
        ("activation: {name: maxout, pieces: 1}", "f:3: model.activation.pieces: 1 is not at least 2"),
    ],
)
def test_an_invalid_layer_is_reported_with_its_location(block, expected):
    assert [expected] == errors(f"{DATA}model:\n {block}\n")


def test_batches_of_one_row_have_no_spread():
    text = DATA + "model: {batch_norm: true}\ntraining:\n  batch_size: 1\n"
    assert ["f:4: training.batch_size: 1 row has no spread for batch_norm"] == errors(text)
    text = DATA + "model: {layers: [{units: 3}, {units: 3, batch_norm: true}]}\ntraining: {batch_size: 1}\n"
    assert ["f:3: training.batch_size: 1 row has no spread for batch_norm"] == errors(text)
