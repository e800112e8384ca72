"""Pictures of small networks: numbers do not cover each other, and the same data give the same bytes."""

from itertools import combinations

import numpy as np
import pytest

from nettrain.output.figures.network_graph import LABEL, Segment, free_places, graph_picture, number
from nettrain.workflow.network_graph import network_graph
from tests.cli.command import CONFIGS


@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        ("xor", []),
        ("xor_backprop", ["model.hidden=[3, 3, 2]"]),
        ("iris", ["model.residual=true", "model.hidden=[4, 4]"]),
        ("perceptron", []),
        ("xor", ["model.bias=false"]),
        ("sine", ["model.hidden=[5]"]),
    ],
)
def test_every_small_network_is_drawn(config, overrides):
    graph = network_graph(CONFIGS / f"{config}.yaml", *overrides)
    assert graph_picture(graph).startswith(b"\x89PNG")


def test_the_same_network_gives_the_same_picture():
    graph = network_graph(CONFIGS / "xor.yaml")
    assert graph_picture(graph) == graph_picture(graph)


@pytest.mark.parametrize(("first", "second"), [(2, 4), (4, 1), (3, 3), (6, 4)])
def test_numbers_on_lines_do_not_cover_each_other(first, second):
    lines = [
        Segment(0, 1.95, -0.78 * (i - (first - 1) / 2), -0.78 * (j - (second - 1) / 2))
        for i, j in np.ndindex(first, second)
    ]
    places = free_places(lines)
    for (x, y), (a, b) in combinations(places, 2):
        assert max(abs(x - a) / LABEL[0], abs(y - b) / LABEL[1]) > 0.9
    for (x, y), line in zip(places, lines, strict=True):
        assert y == pytest.approx(line.first + x / 1.95 * (line.last - line.first))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.31579, "−0.316"),
        (1.5, "1.50"),
        (-12.345, "−12.3"),
        (123.4, "123"),
        (2.5e-7, "2.5e−7"),
        (-1.2e7, "−1.2e7"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_fit_their_cells(value, text):
    assert text == number(value)
