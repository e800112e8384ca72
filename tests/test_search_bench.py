"""`scripts/bench samplers`: the surfaces are what they are said to be, and searches of them are counted fairly."""

import math

import numpy as np
import pytest
from searching import evolving
from searching.importance import KNOWN, Truth
from searching.pairs import contestants as contestants_for_pairs
from searching.pairs import hypervolume, missed, pair_surfaces
from searching.surfaces import EPOCHS, SURFACES, Surface, uniform
from searching.synthetic import compare, contestants, found

from nettrain.catalogue.searches import Space

LOWEST = {  # where each surface has its least value, as published or by its definition
    "Branin": {"x": math.pi, "y": 2.275},
    "Hartmann 3": dict(zip(("x0", "x1", "x2"), (0.114614, 0.555649, 0.852547), strict=True)),
    "Hartmann 6": {
        f"x{k}": x for k, x in enumerate((0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573))
    },
    "log Rosenbrock": {"x": 10.0, "y": 10.0},
    "network-like": {
        "optimizer": "adam",
        "optimizer.learning_rate": 10**-2.8,
        "optimizer.beta2": 0.99,
        "activation": "relu",
        "layers": 3,
        "l2": 1e-4,
    },
    "noisy bowl": {f"x{k}": 0.2 + 0.15 * k for k in range(5)},
}


@pytest.mark.parametrize("surface", SURFACES, ids=lambda one: one.name)
def test_a_surface_has_its_least_value_where_it_is_known_to_be(surface):
    assert surface.regret(LOWEST[surface.name]) == pytest.approx(0, abs=1e-4)
    drawn = [surface.space(3).random(trial) for trial in range(1, 500)]
    assert min(map(surface.regret, drawn)) > -1e-4


@pytest.mark.parametrize("surface", SURFACES, ids=lambda one: one.name)
def test_a_training_comes_down_to_its_value(surface):
    values = surface.space(0).random(1)
    seen = [surface.seen(values, 0, 1, epoch) for epoch in range(1, EPOCHS + 1)]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] - surface.value(values) == pytest.approx(0, abs=4 * surface.noise + 1e-12)


def test_searches_repeat_and_those_with_more_trials_are_no_worse():
    surface = SURFACES[0]
    few = {one.name: np.array([found(one, surface, 8, seed) for seed in range(3)]) for one in contestants()}
    again = [found(contestants()[0], surface, 8, seed) for seed in range(3)]
    assert again == few["random"].tolist()
    assert (few["random × 2"] <= few["random"]).all()
    shown = compare(few)
    assert 0 == shown["random × 2"]["wins"]
    assert shown["sobol"]["low"] <= shown["sobol"]["median"] <= shown["sobol"]["high"]


def test_an_area_is_that_of_the_cells_that_points_beat():
    draws = np.random.default_rng(2)
    for size in (0, 1, 5, 30):
        points = draws.integers(0, 12, (size, 2))
        cells = sum(
            any(x <= column and y <= row for x, y in points) for column in range(10) for row in range(9)
        )
        assert cells == hypervolume([tuple(map(float, one)) for one in points], (10.0, 9.0))


@pytest.mark.parametrize("surface", pair_surfaces(), ids=lambda one: one.name)
def test_what_a_search_can_miss_comes_to_nothing_on_the_front(surface):
    """The fronts are known: x between the bowls, 0 for all but the first number, the best rate."""
    steps = np.linspace(0, 1, 2001)
    best = {
        "two bowls": [{"x": 0.2 + 0.6 * x, "y": 0.3} for x in steps],
        "two bowls, y below 0.35": [{"x": 0.2 + 0.6 * x, "y": 0.3} for x in steps],
        "ZDT1": [{"x0": x, "x1": 0.0, "x2": 0.0, "x3": 0.0} for x in steps**2],
    }
    networks = [
        {"units": u, "layers": k, "rate": 10 ** (-2.5 - 0.4 * math.log10(u / 32)), "dropout": 0.1}
        for u in range(4, 513)
        for k in range(1, 5)
    ]
    assert surface.missed(best.get(surface.name, networks)) == pytest.approx(0, abs=2e-3)
    space = Space(surface.parameters, lambda values, parameter: True, 1)
    assert surface.missed([space.random(trial) for trial in range(1, 65)]) > 1e-3


def test_searches_with_two_goals_repeat():
    surface = pair_surfaces()[3]
    for one in contestants_for_pairs()[:3]:
        assert missed(one, surface, 8, 1) == missed(one, surface, 8, 1)
    random, twice = (missed(one, surface, 16, 2) for one in contestants_for_pairs()[:2])
    assert twice <= random


def test_shares_of_ranks_are_known_where_they_can_be_computed():
    """All of one that decides alone, whatever its scale, and nothing where only both together do."""
    surface = next(one for one in KNOWN if one.name == "product")
    shares = Truth(surface).shares
    assert shares == pytest.approx(dict.fromkeys(shares, 0.0), abs=0.03)
    alone = Surface(
        "one", [uniform("x0", 0, 1), uniform("x1", 0, 1)], lambda values: float(values["x0"]) ** 3, 0.0
    )
    assert Truth(alone).shares == pytest.approx({"x0": 1.0, "x1": 0.0}, abs=0.03)
    flat = next(one for one in KNOWN if one.name == "noise")
    assert {0.0} == set(Truth(flat).shares.values())


def test_a_descent_without_noise_is_the_closed_form(monkeypatch):
    monkeypatch.setattr(evolving, "NOISE", 0.0)
    rates = np.array([1e-4, 1e-3, 1e-2])
    descent = evolving.Descent(0, range(3))
    descent.epoch(rates)
    left = (1 - rates[:, None] * evolving.CURVATURES) ** (2 * evolving.STEPS)
    assert descent.losses() == pytest.approx(0.5 * (left * evolving.CURVATURES).sum(axis=1), rel=1e-9)


def test_pbt_of_one_population_finds_what_falling_rates_find():
    """A constant rate cannot come near: its noise stays."""
    found = evolving.losses(3, 16)
    assert evolving.losses(3, 16)["pbt"].tolist() == found["pbt"].tolist()
    assert (found["random × 2"] <= found["random"]).all()
    assert found["pbt"].max() < found["random × 2"].min()
