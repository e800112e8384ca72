"""The table of layers at the head of a training: what stands in it of every kind of layer."""

import pytest

from nettrain.checks.catalogue import CODES, kind_for_layer
from nettrain.checks.small import small_problem
from nettrain.output.report import block_rows

# 5 inputs, hidden layers of 7 and 4 units, 3 classes or 2 numbers: units of each block, its layers, its parameters
PLAIN = [("hidden 1", 7, "tanh", 42), ("hidden 2", 4, "tanh", 32), ("output", 3, "linear", 15)]
SUB_MEMBERS = ("output", 3, "3 of its own + linear + mean of 3", 45)
NETWORKS = {
    (): [("input", 5, "", 0), *PLAIN],
    ("model.hidden=[]",): [("input", 5, "", 0), ("output", 3, "linear", 18)],
    ("model.batch_norm=true", "model.dropout=0.3", "model.input_noise=0.3"): [
        ("input", 5, "noise 0.3", 0),
        ("hidden 1", 7, "batch norm + tanh + dropout 0.3", 49),
        ("hidden 2", 4, "batch norm + tanh + dropout 0.3", 36),
        ("output", 3, "linear", 15),
    ],
    ("model.norm=layer", "model.residual=true", "model.hidden=[7]"): [
        ("input", 5, "", 0),
        ("hidden 1", 7, "layer norm + tanh + residual", 91),
        ("output", 3, "linear", 24),
    ],
    ("model.parametrization=neural_tangent", "model.input_scale=true", "model.hidden=[7]"): [
        ("input", 5, "", 0),
        ("scale", 5, "scale", 5),
        ("hidden 1", 7, "neural tangent + tanh", 42),
        ("output", 3, "neural tangent + linear", 24),
    ],
    (*CODES, "model.embeddings={name: periodic, lite: true, dimension: 3}", "model.hidden=[7]"): [
        ("input", 5, "", 0),
        ("number embedding", 11, "periodic 3 lite", 435),
        ("category embedding", 25, "2 columns, 8 numbers each", 96),
        ("hidden 1", 7, "tanh", 182),
        ("output", 3, "linear", 24),
    ],
    ("model.sub_members=3",): [
        ("input", 5, "3 sub-members", 0),
        ("hidden 1", 7, "tanh", 92),
        ("hidden 2", 4, "tanh", 73),
        SUB_MEMBERS,
    ],
    ("model.sub_members={count: 3, kind: packed}",): [
        ("input", 5, "3 sub-members", 0),
        ("hidden 1", 7, "3 of its own + tanh", 126),
        ("hidden 2", 4, "3 of its own + tanh", 96),
        SUB_MEMBERS,
    ],
    ("model.clamp_outputs=true",): [
        ("input", 5, "", 0),
        *PLAIN[:2],
        ("output", 2, "linear + clamp", 10),
    ],
}


@pytest.mark.parametrize("overrides", NETWORKS, ids=" ".join)
def test_what_the_table_says_of_a_layer(overrides: tuple[str, ...]) -> None:
    problem = small_problem(kind_for_layer(overrides), overrides)
    assert NETWORKS[overrides] == block_rows(problem.architecture, "")
