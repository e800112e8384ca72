"""Embeddings of numbers by hand, how they start, and what is stored of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.model.layers import embeddings, layers
from nettrain.model.layers.stored import from_json, to_json
from tests.model.probe import Probe

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tabular_layers.json").read_text())["layers"]


def test_every_embedding_is_compared_with_pytorch() -> None:
    """By tests/model/test_tabular_layers_against_torch.py."""
    assert set(embeddings) - {"none"} <= {name.partition(",")[0] for name in GOLDEN}


def by_hand(x: float, edges: list[float], v: np.ndarray) -> np.ndarray:
    """PLE(x) @ V bin by bin, as the paper says it."""
    total, bins = np.zeros(v.shape[1]), len(edges) - 1
    for t in range(bins):
        share = (x - edges[t]) / (edges[t + 1] - edges[t])
        share = max(share, 0.0) if t > 0 else share
        share = min(share, 1.0) if t < bins - 1 else share
        total += share * v[t]
    return total


def test_beyond_the_edges_and_on_them_pieces_go_on() -> None:
    rng, own = np.random.default_rng(0), [-1.0, 0.0, 2.0]
    v, x = rng.normal(size=(4, 3)), [-7.0, -1.0, -0.25, 0.0, 1.0, 2.0, 11.0]
    embedding = embeddings["piecewise_linear"](dimension=3, bins=4)
    layer = layers["number_embedding"](embedding=embedding, positions=(0,))
    arrays = {"projection": v, "slope": np.zeros((1, 3)), "bias": np.zeros((1, 3))}
    batch = np.array(x)[None, :, None]
    edges = {"edges": np.array([[*own, own[-1], own[-1]]])}
    probe = Probe.of([layer], batch, arrays, statistics=edges).run(np.ones((1, 7, 3)))
    np.testing.assert_allclose(probe.output[0], [by_hand(one, own, v) for one in x], rtol=1e-14, atol=1e-14)
    assert not probe.gradient_of("projection")[0, 2:].any()  # bins that are not there


def test_a_column_that_never_changes_has_a_line_alone() -> None:
    layer = layers["number_embedding"](
        embedding=embeddings["piecewise_linear"](dimension=2, bins=3), positions=(0,)
    )
    x = np.full((1, 5, 1), 4.0)
    arrays = {"slope": [[2.0, -1.0]], "bias": [[0.5, 0.25]], "projection": np.ones((3, 2))}
    probe = Probe.of([layer], x, arrays).run(np.ones((1, 5, 2)))
    np.testing.assert_array_equal(probe.output[0], [[8.5, -3.75]] * 5)
    np.testing.assert_array_equal(probe.gradient_of("slope")[0], [[20.0, 20.0]])
    assert not probe.gradient_of("projection").any()
    np.testing.assert_array_equal(probe.defined(probe.parameters[0], x[0])[0], probe.output[0])


@pytest.mark.parametrize("name", ["linear_relu", "periodic", "piecewise_linear", "pbld"])
def test_what_is_no_number_stays_so(name: str) -> None:
    layer = layers["number_embedding"](embedding=embeddings[name](), positions=(0,))
    x, edges = np.array([[[0.5, 1.0], [np.nan, 1.0]]]), np.linspace(-1, 1, 49)
    probe = Probe.of([layer], x, statistics={"edges": edges}, training=False).run(np.ones(0))
    assert np.isfinite(probe.output[0, 0]).all()
    assert np.isnan(probe.output[0, 1, :-1]).all()


def starting(embedding: Any, inputs: int = 200) -> dict[str, np.ndarray]:
    """The initial arrays of one network."""
    return dict(embedding.initial_values(inputs, np.random.default_rng(5)))


@pytest.mark.parametrize(
    ("embedding", "limits"),
    [
        (embeddings["linear_relu"](dimension=16), {"slope": 1 / 4, "bias": 1 / 4}),
        (embeddings["periodic"](frequencies=8), {"projection": 1 / 4, "bias": 1 / 4}),
        (embeddings["periodic"](frequencies=8, lite=True), {"projection": 1 / 4, "bias": 1 / 4}),
        (embeddings["piecewise_linear"](dimension=16), {"slope": 1 / 4, "bias": 1 / 4}),
        (embeddings["pbld"](), {"phases": np.pi, "mixing": 1 / 4, "bias": 1 / 4}),
    ],
    ids=str,
)
def test_uniform_starts_fill_their_ranges(embedding: Any, limits: dict[str, float]) -> None:
    drawn = starting(embedding)
    for name, limit in limits.items():
        assert 0.9 * limit < np.abs(drawn[name]).max() <= limit
        if drawn[name].size > 1000:
            assert abs(drawn[name].mean()) < 0.1 * limit


def test_frequencies_start_as_a_normal_distribution() -> None:
    """Of PLR cut at three standard deviations: its own is then 0.98658 of it (scipy.stats.truncnorm)."""
    cut = starting(embeddings["periodic"](sigma=2.0))["frequencies"]
    assert 5.9 < np.abs(cut).max() <= 6
    np.testing.assert_allclose(cut.std(), 2 * 0.98658, rtol=0.02)
    whole = starting(embeddings["pbld"](sigma=0.1), 2000)["frequencies"]
    assert np.abs(whole).max() > 0.35
    np.testing.assert_allclose(whole.std(), 0.1, rtol=0.02)


def test_piecewise_linear_starts_as_lines() -> None:
    assert not starting(embeddings["piecewise_linear"]())["projection"].any()


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([2, 1], "positions do not rise"),
        ([1, 1], "positions do not rise"),
        ([-1], "greater than or equal to 0"),
    ],
)
def test_a_damaged_model_file_is_refused(positions: list[int], message: str) -> None:
    stored = {"kind": "layer", "name": "number_embedding", "embedding": "pbld", "positions": positions}
    with pytest.raises(ValueError, match=message):
        from_json(stored)


def test_an_input_that_is_not_there_is_refused() -> None:
    layer = layers["number_embedding"](embedding=embeddings["pbld"](), positions=(0, 4))
    with pytest.raises(ValueError, match="no input 4 among 3"):
        layer.width(3)


@pytest.mark.parametrize("name", embeddings)
def test_a_layer_survives_its_model_file(name: str) -> None:
    layer = layers["number_embedding"](embedding=embeddings[name](), positions=(0, 2))
    assert layer == from_json(json.loads(json.dumps(to_json(layer))))
