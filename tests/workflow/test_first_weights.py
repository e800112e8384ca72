"""The tiles of weights.png: the right weights, of the right units, drawn the same each time."""

import numpy as np
import pytest

import nettrain
from nettrain.output.figures.weights import note, weights_picture
from nettrain.workflow.first_weights import MOST_TILES, first_weights

GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.random((60, 5, 4, 3)).astype(np.float32)
LABELS = np.array(["a", "b", "c"])[np.arange(60) % 3]


def weights_of(hidden, pixels=PIXELS, *overrides):
    settings = {"experiment": "w", "model": {"hidden": hidden}, "training": {"epochs": 1}}
    run = nettrain.train(settings, *overrides, data=(pixels, LABELS))
    trained = run.trained
    (number, *_) = [slot.layer for slot in trained.networks.model.layout.slots if slot.name == "weight"]
    matrix = trained.networks.model.layout.view(trained.parameters, number, "weight")[0]
    return first_weights(trained.networks, trained.preprocessing), matrix


def test_tiles_are_the_weights_of_the_units():
    shown, matrix = weights_of([6])
    assert ((6, 3, 5, 4), ("1", "2", "3", "4", "5", "6"), False) == (
        shown.tiles.shape,
        shown.names,
        shown.by_norm,
    )
    for row, column, channel, unit in ((0, 0, 0, 0), (4, 3, 2, 5), (2, 1, 0, 3)):
        assert matrix[(row * 4 + column) * 3 + channel, unit] == shown.tiles[unit, channel, row, column]


def test_of_many_units_those_with_the_largest_norms():
    shown, matrix = weights_of([100])
    norms = np.linalg.norm(matrix, axis=0)
    expected = np.argsort(-norms)[:MOST_TILES]
    assert (MOST_TILES, tuple(str(k + 1) for k in expected)) == (len(shown.tiles), shown.names)
    assert note(shown).startswith("the 64 of 100 units with the largest norms, largest first")


def test_without_hidden_layers_the_tiles_are_the_classes():
    assert ("a", "b", "c") == weights_of([])[0].names


@pytest.mark.parametrize(
    "overrides",
    [["model.norm=batch"], ["model.residual=true"], ["model.input_noise=0.1"], ["training.ensemble=2"]],
    ids=str,
)
def test_other_layers_do_not_hide_the_first_weights(overrides):
    run = nettrain.train(
        {"experiment": "w", "model": {"hidden": [7]}, "training": {"epochs": 1}},
        *overrides,
        data=(PIXELS, LABELS),
    )
    shown = first_weights(run.trained.networks, run.trained.preprocessing)
    several = "ensemble" in str(overrides)
    assert (7, 1 + several) == (len(shown.tiles), shown.networks)
    assert several == note(shown).endswith("; first of 2 networks")


def test_rows_of_numbers_are_no_images():
    assert weights_of([4], PIXELS.reshape(60, -1))[0] is None


@pytest.mark.parametrize("shape", [(60, 5, 12), (60, 5, 4, 3), (60, 12, 5)], ids=str)
def test_the_same_weights_draw_the_same_picture(shape):
    shown, _ = weights_of([11], PIXELS.reshape(shape))
    picture = weights_picture(shown, "tiles")
    assert (True, True) == (picture == weights_picture(shown, "tiles"), picture.startswith(b"\x89PNG"))


def test_embedded_pixels_have_no_tiles():
    embedding = "model.embeddings={name: linear_relu, dimension: 1}"
    shown, _ = weights_of([6], PIXELS, embedding, "data.scaling=none")
    assert shown is None
