"""Loss surfaces against closed forms: directions, planes, and the loss of a linear network."""

import numpy as np
import pytest

from nettrain.inference.loss_surface import Grid, PointEvaluator, filter_normalized_plane, path_plane
from nettrain.model.parameters import views
from nettrain.workflow.landscape import Surface
from tests.trained import experiment, trained

LINEAR = """
data: {source: 'synthetic:sine', validation: 0.2, scaling: none, target_scaling: none}
model: {hidden: []}
loss: mse
training: {epochs: 2, batch_size: 32}
backend: {dtype: float64, threads: 1}
"""
DEEP = """
data: {source: 'synthetic:moons', validation: 0.3}
model: {hidden: [6, 4], batch_norm: true}
loss: {name: binary_cross_entropy}
training: {epochs: 2, batch_size: 32}
backend: {dtype: float64, threads: 1}
"""


@pytest.fixture(scope="module")
def deep():
    spec = experiment(DEEP)
    done = trained([spec])
    return done.run.networks([spec])


def test_filters_of_a_direction_are_as_long_as_those_of_the_network(deep):
    layout, center = deep.model.layout, deep.parameters[0]
    plane = filter_normalized_plane(layout, center, seed=3)
    own = views(center[None], layout)
    first, second = (views(direction[None], layout) for direction in plane.directions)
    for arrays, a, b in zip(own, first, second, strict=True):
        for name, array in arrays.items():
            if name == "weight":
                lengths = np.sqrt((array**2).sum(axis=1))
                np.testing.assert_allclose(np.sqrt((a[name] ** 2).sum(axis=1)), lengths, rtol=1e-12)
                assert not np.allclose(a[name], b[name])
            else:
                assert not a[name].any(), "biases, gains and shifts stay"


def test_directions_follow_from_the_seed(deep):
    layout, center = deep.model.layout, deep.parameters[0]
    one, same, other = (filter_normalized_plane(layout, center, seed).directions for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_the_surface_of_a_linear_network_is_the_mean_squared_error():
    spec = experiment(LINEAR)
    done = trained([spec])
    networks, dataset = done.run.networks([spec]), done.run.data.datasets["train"]
    x, y = dataset.x[:, 0], dataset.y[:, 0]
    plane = filter_normalized_plane(networks.model.layout, networks.parameters[0], seed=0)
    grid = Grid.square(np.zeros(2), 2.0, 9)
    losses = PointEvaluator(networks, dataset, 81).losses(plane, grid.coordinates).reshape(9, 9)

    arrays, *_ = views(plane.directions, networks.model.layout)
    own, *_ = views(networks.parameters, networks.model.layout)
    bias = own["bias"].item()
    for i, b in enumerate(grid.b):
        for j, a in enumerate(grid.a):
            slope = own["weight"].item() + (arrays["weight"].ravel() * [a, b]).sum()
            assert losses[i, j] == pytest.approx(((x * slope + bias - y) ** 2).mean(), rel=1e-12)


def test_losses_do_not_depend_on_how_many_are_evaluated_at_once(deep, monkeypatch):
    dataset = trained([experiment(DEEP)]).run.data.datasets["train"]
    plane = filter_normalized_plane(deep.model.layout, deep.parameters[0], seed=0)
    coordinates = Grid.square(np.zeros(2), 1.0, 5).coordinates
    together = PointEvaluator(deep, dataset, 25).losses(plane, coordinates)
    monkeypatch.setattr("nettrain.inference.loss_surface.networks_at_once", lambda model, size: 4)
    assert np.array_equal(together, PointEvaluator(deep, dataset, 25).losses(plane, coordinates))


def test_the_plane_of_a_path_that_lies_in_a_plane():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(50, 2)))
    center, points = rng.normal(size=50), rng.normal(size=(20, 2)) * [5.0, 1.0]
    path = center + points @ basis.T
    plane = path_plane(path, center)
    assert plane.explained == pytest.approx(1.0)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(plane.parameters(plane.coordinates(path)), path, atol=1e-10)
    assert (plane.coordinates(path)[0] > 0).all(), "it begins where both are positive"


def test_the_share_of_a_path_in_its_plane_is_that_of_the_principal_components():
    rng = np.random.default_rng(1)
    center, path = np.zeros(8), rng.normal(size=(30, 8)) * [9, 5, 2, 1, 1, 1, 1, 1]
    singular = np.linalg.svd(path, compute_uv=False) ** 2
    assert path_plane(path, center).explained == pytest.approx(singular[:2].sum() / singular.sum())


@pytest.mark.parametrize("points", [1, 2])
def test_a_path_along_a_line_gets_a_second_direction(points):
    path = np.outer(np.linspace(1, 0, points), np.ones(6))
    directions = path_plane(path, np.zeros(6)).directions
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)


def test_coordinates_off_the_plane_are_those_of_the_nearest_point():
    plane = path_plane(np.array([[2.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.zeros(3))
    above = plane.parameters(np.array([[0.5, -2.0]])) + np.array([[0.0, 0.0, 7.0]])
    np.testing.assert_allclose(plane.coordinates(above), [[0.5, -2.0]], atol=1e-12)


def test_the_distance_at_which_the_loss_of_a_bowl_is_reached():
    grid = Grid.square(np.zeros(2), 1.0, 41)
    losses = (1 + 4 * (grid.coordinates**2).sum(axis=1)).reshape(41, 41)
    surface = Surface("random", grid, losses, np.empty((0, 2)))
    assert surface.distance_of(2.0) == pytest.approx(0.5, abs=0.051)
    assert surface.distance_of(5.5) is None, "beyond the nearest edge"
