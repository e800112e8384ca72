"""`model.safetensors`: what is written is read back; anything else is one line."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from nettrain.errors import StoredFileError
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
    with pytest.raises(StoredFileError) as caught:
        read_model(file)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ")
    return line.removeprefix(f"{file}: ")


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_truncated_file_is_one_line(file, length):
    write_model(file, PLAN, *arrays(1, "float32"))
    file.write_bytes(file.read_bytes()[:length])
    assert "is not a model of nettrain: it is damaged, cut short or of another kind" == refused(file)


def test_a_missing_file_is_one_line(file):
    with pytest.raises(StoredFileError) as caught:
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


def test_an_array_that_lacks_or_does_not_belong_is_named(file):
    missing = rewritten(file, lambda arrays: arrays.pop("layers.4.bias"))
    assert 'array "layers.4.bias" is missing' == missing
    more = rewritten(file, lambda arrays: arrays.update({"layers.9.bias": np.zeros((2, 1, 1), "float32")}))
    assert 'array "layers.9.bias" is not one of its architecture' == more


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 2, 1), (0, 1, 2), (2,), ()])
def test_an_array_of_another_shape_is_named(file, shape):
    change = {"layers.4.bias": np.zeros(shape, "float32")}
    there = " × ".join(map(str, shape)) or "a single number"
    expected = f'array "layers.4.bias" is {there}, the architecture says 2 × 1 × 2'
    assert expected == rewritten(file, lambda arrays: arrays.update(change))


@pytest.mark.parametrize("dtype", ["float64", "int32", "bool", "float16"])
def test_arrays_have_one_type(file, dtype):
    change = {"layers.4.bias": np.zeros((2, 1, 2), dtype)}
    expected = "its arrays are not all float32, or all float64"
    assert expected == rewritten(file, lambda arrays: arrays.update(change))


def test_a_network_without_members_is_none(file):
    def empty(arrays):
        arrays.update({name: array[:0] for name, array in arrays.items()})

    assert "layers.0.weight" in rewritten(file, empty)


def changed_architecture(file, change) -> str:
    stored = json.loads(json.dumps(PLAN.to_json()))
    change(stored)
    return rewritten(file, lambda arrays: None, architecture=json.dumps(stored))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"inputs": 3', "is not JSON: Expecting ',' delimiter"),
        ("[]", "architecture: a list is not a block of keys"),
        ("[" * 10_000 + "]" * 10_000, "is nested more than 64 levels deep"),
        ('{"inputs": 1e999}', 'the number "1e999" is too large'),
        ('{"inputs": NaN}', "NaN is not a number of JSON"),
        ('{"a": 1, "a": 2}', '"a" is there twice'),
        ('{"a": "\\ud800"}', "has half of a surrogate pair, which is no text"),
        ("{}", "architecture: was written by another version of nettrain; train it again"),
    ],
)
def test_a_foreign_architecture_is_one_line(file, text, expected):
    assert expected == rewritten(file, lambda arrays: None, architecture=text)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda a: a.pop("inputs"), "inputs: missing"),
        (lambda a: a.update(inputs=2**40), "inputs: 1099511627776 is not below "),
        (lambda a: a.update(blocks=[]), "blocks: needs at least 1 of them"),
        (lambda a: a["blocks"][0].update(name=3), "blocks.0.name: 3 is not text"),
        (lambda a: a["blocks"][0]["layers"].append(None), "blocks.0.layers.4: null is not a block of keys"),
        (
            lambda a: a["blocks"][0]["layers"][2]["function"].update(name="unheard"),
            "blocks.0.layers.2: layer activation: function: ",
        ),
        (
            lambda a: a["blocks"][0]["layers"][1].update(name="unheard"),
            "blocks.0.layers.1: unknown layer norm unheard",
        ),
        (
            lambda a: a["blocks"][0]["layers"][0].update(units=2**60),
            "has 8,070,450,532,247,928,896 parameters, more than any computer can hold",
        ),
    ],
)
def test_a_changed_architecture_names_the_key(file, change, expected):
    assert f"architecture: {expected}" in changed_architecture(file, change)


def test_safetensors_of_another_program(file):
    save_file({"x": np.zeros(3)}, file)
    assert refused(file)
