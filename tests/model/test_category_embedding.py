"""Tables of categories: looked up by code, and each row's gradient summed up in the order of the batch."""

import json

import numpy as np
import pytest

from nettrain.model.architecture import Architecture, Block
from nettrain.model.layers import layers
from nettrain.model.layers.category_embedding import FEWEST, PARTS
from nettrain.model.parameters import initial_row, parameter_layout
from tests.model.probe import Probe

Embedding = layers["category_embedding"]


def embedding(positions=(1, 3), categories=(4, 3), dimension=2):
    return Embedding(positions=positions, categories=categories, dimension=dimension)


def test_what_is_no_code_of_the_column_is_read_as_missing() -> None:
    table = np.arange(14.0).reshape(7, 2)
    x = np.zeros((1, 8, 5))
    x[0, :, 1] = [0, 3, 4, -1, 1e300, np.nan, np.inf, -np.inf]
    x[0, :, 3] = [2, 3, 2.0**40, -7, 0, 1, 1, 1]
    probe = Probe.of([embedding()], x, {"table": table}).run(np.ones((1, 8, 7)))
    assert [0, 6, 0, 0, 0, 0, 0, 0] == probe.output[0, :, 1].tolist()
    assert [13, 9, 9, 9, 9, 11, 11, 11] == probe.output[0, :, 5].tolist()
    assert [[7, 7], [0, 0], [0, 0], [1, 1], [4, 4], [3, 3], [1, 1]] == probe.gradient_of("table")[0].tolist()
    assert (probe.dx[0, :, [1, 3]] == 0).all()


@pytest.mark.parametrize("count", [FEWEST - 1, FEWEST, FEWEST + 1, PARTS * FEWEST + 3])
def test_sums_are_in_the_order_of_the_rows(count: int) -> None:
    rng = np.random.default_rng(count)
    x = rng.integers(0, count, (3, 200, 2)).astype(np.float32)
    delta = (rng.normal(size=(3, 200, 6)) * 10.0 ** rng.integers(-4, 5, (3, 200, 6))).astype(np.float32)
    layer = embedding((0, 1), (count, count), 3)
    probe = Probe.of([layer], x).run(delta)
    for r in range(3):
        table = np.zeros((2 * count, 3), np.float32)
        for row, slope in zip(x[r].astype(int), delta[r], strict=True):
            table[row[0]] += slope[:3]
            table[count + row[1]] += slope[3:]
        np.testing.assert_array_equal(table, probe.gradient_of("table")[r])


def test_tables_start_from_a_standard_normal() -> None:
    architecture = Architecture(2, (Block("input", 0, (embedding((0, 1), (400, 600), 8),)),))
    layout = parameter_layout(architecture)
    table = layout.view(initial_row(architecture, layout, 5)[None], 0, "table")[0]
    assert (1000, 8) == table.shape
    assert abs(table.mean()) < 4 / np.sqrt(table.size)
    assert abs(table.std() - 1) < 4 / np.sqrt(2 * table.size)
    assert "embedding" == layout.slots[0].group


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"positions": [3, 1]}, "positions do not rise"),
        ({"positions": [1, 1]}, "positions do not rise"),
        ({"positions": [1]}, "2 numbers of categories for 1 inputs"),
        ({"positions": [-1, 3]}, "greater than or equal to 0"),
        ({"categories": [4, 0]}, "greater than or equal to 1"),
        ({"positions": [1, 5]}, "no input 5 among 5"),
    ],
)
def test_a_damaged_model_file_is_refused(changed: dict, message: str) -> None:
    stored = Architecture(5, (Block("input", 0, (embedding(),)),)).to_json()
    assert Architecture.from_json(json.loads(json.dumps(stored))).outputs == 7
    stored["blocks"][0]["layers"][0] |= changed
    with pytest.raises(ValueError, match=message):
        Architecture.from_json(stored).outputs  # noqa: B018 what is read next of every architecture


def test_noise_on_the_inputs_leaves_codes_alone() -> None:
    x = np.random.default_rng(8).integers(0, 4, (2, 50, 3)).astype(float)
    probe = Probe.of([layers["input_noise"](sigma=0.5, codes=(0, 2))], x).run(np.ones_like(x))
    np.testing.assert_array_equal(x[:, :, [0, 2]], probe.output[:, :, [0, 2]])
    assert 0.3 < (probe.output - x)[:, :, 1].std() < 0.7


@pytest.mark.parametrize("positions", [[1, 5], [-1], [2, 1]])
def test_numbers_that_are_not_there_are_not_embedded_either(positions: list[int]) -> None:
    embedding = {"name": "linear_relu", "dimension": 2}
    with pytest.raises(ValueError, match=r"among 5|equal to 0|do not rise"):
        layers["number_embedding"](embedding=embedding, positions=positions).width(5)
