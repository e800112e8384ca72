"""`model.safetensors`: what is written is read back; anything else is one line."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from nettrain.errors import SpecError
from nettrain.model.blocks import architecture
from nettrain.model.parameters import parameter_layout, statistics_layout, views
from nettrain.model.settings import ModelSettings
from nettrain.store.model_file import read_model, write_model

PLAN = architecture(ModelSettings(hidden=[5], activation="tanh", norm="batch", dropout=0.5), 3, 2)


def arrays(members, dtype):
    """Parameters (R, P) and statistics (R, Q) that all differ; the padding is 0."""
    made = []
    for layout in (parameter_layout(PLAN), statistics_layout(PLAN)):
        rows = np.zeros((members, layout.size), dtype)
        for layer in views(rows, layout):
            for array in layer.values():
                array[...] = np.arange(array.size).reshape(array.shape) + 1 / 3
        made.append(rows)
    return made


@pytest.fixture
def file(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("members", [1, 3])
def test_what_is_written_is_read_back(file, members, dtype):
    expected = arrays(members, dtype)
    write_model(file, PLAN, *expected)
    plan, *actual = read_model(file)
    assert PLAN == plan
    for ours, theirs in zip(expected, actual, strict=True):
        assert (ours.dtype, ours.tobytes()) == (theirs.dtype, theirs.tobytes())


def test_the_same_is_written_as_the_same_bytes(file):
    write_model(file, PLAN, *arrays(2, "float32"))
    first = file.read_bytes()
    write_model(file, PLAN, *arrays(2, "float32"))
    assert first == file.read_bytes()


def test_arrays_have_names_and_the_member_axis(file):
    write_model(file, PLAN, *arrays(4, "float32"))
    with safe_open(file, framework="numpy") as f:
        shapes = {name: f.get_tensor(name).shape for name in f.keys()}  # noqa: SIM118 not a dict
        stored = json.loads(f.metadata()["architecture"])
    assert {
        "layers.0.weight": (4, 3, 5),
        "layers.1.gain": (4, 1, 5),
        "layers.1.shift": (4, 1, 5),
        "layers.1.running_mean": (4, 1, 5),
        "layers.1.running_variance": (4, 1, 5),
        "layers.4.weight": (4, 5, 2),
        "layers.4.bias": (4, 1, 2),
    } == shapes
    kinds = [[layer["name"] for layer in block["layers"]] for block in stored["blocks"]]
    assert 3 == stored["inputs"]
    assert [["dense", "batch", "activation", "dropout"], ["dense", "activation"]] == kinds


def test_every_kind_of_layer_is_read_back(file):
    model = ModelSettings(
        hidden=[5, 4], activation="prelu", norm="layer", dropout=0.5, residual=True, input_noise=0.1
    )
    expected = architecture(model, 3, 2)
    parameters, statistics = (
        np.zeros((1, layout(expected).size)) for layout in (parameter_layout, statistics_layout)
    )
    write_model(file, expected, parameters, statistics)
    assert expected == read_model(file)[0]


def refused(file):
    """The one line of the error about a file."""
    with pytest.raises(SpecError) as caught:
        read_model(file)
    (line,) = str(caught.value).splitlines()
    start = f"{file}: not a model of nettrain: "
    assert start == line[: len(start)]
    return line.removeprefix(start)


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_truncated_file_is_one_line(file, length):
    write_model(file, PLAN, *arrays(1, "float32"))
    file.write_bytes(file.read_bytes()[:length])
    assert refused(file)


def test_a_missing_file_is_one_line(file):
    with pytest.raises(SpecError) as caught:
        read_model(file)
    assert f"{file}: cannot be read: No such file or directory" == str(caught.value)


def rewritten(file, change, **metadata):
    """A file whose arrays were changed."""
    write_model(file, PLAN, *arrays(2, "float32"))
    with safe_open(file, framework="numpy") as f:
        named = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        stored = f.metadata()
    change(named)
    save_file(named, file, metadata={**stored, **metadata})
    return refused(file)


def test_an_array_that_lacks_is_named(file):
    assert "no 'layers.4.bias'" == rewritten(file, lambda arrays: arrays.pop("layers.4.bias"))


def test_an_array_of_another_shape_is_named(file):
    change = {"layers.4.bias": np.zeros((1, 1, 1), "float32")}
    expected = "layers.4.bias is (1, 1, 1), the architecture says (2, 1, 2)"
    assert expected == rewritten(file, lambda arrays: arrays.update(change))


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ("{}", "no 'inputs'"),
        ('{"inputs": 3', "Expecting ',' delimiter: line 1 column 13 (char 12)"),
        ("[]", "list indices must be integers or slices, not str"),
    ],
)
def test_a_foreign_architecture_is_one_line(file, architecture, expected):
    assert expected == rewritten(file, lambda arrays: None, architecture=architecture)


def test_a_file_of_another_version_says_so(file):
    stored = {name: value for name, value in PLAN.to_json().items() if name != "format"}
    expected = "written by another version of nettrain; train it again"
    assert expected == rewritten(file, lambda named: None, architecture=json.dumps(stored))


def test_an_activation_that_is_not_known_is_named(file):
    stored = PLAN.to_json()
    stored["blocks"][0]["layers"][2]["function"]["name"] = "unheard"
    assert "layer activation: function: " in rewritten(
        file, lambda arrays: None, architecture=json.dumps(stored)
    )


def test_a_layer_that_is_not_known_is_named(file):
    stored = PLAN.to_json()
    stored["blocks"][0]["layers"][1]["name"] = "unheard"
    expected = "unknown layer norm 'unheard'"
    assert expected == rewritten(file, lambda arrays: None, architecture=json.dumps(stored))


def test_safetensors_of_another_program(file):
    save_file({"x": np.zeros(3)}, file)
    assert refused(file)
