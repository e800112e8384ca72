"""Every optimizer against a literal transcription of its rule, one scalar at a time."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nettrain.backend.choose import open_backend
from nettrain.catalogue.optimizers import BLOCK, blocks, optimizers
from nettrain.engine.members import shaped, stack

STEPS = 200
Gradient = Callable[[float, int], float]
Rule = Callable[[float, Gradient, Callable[[int], float], dict[str, float]], Iterator[float]]


def sgd(w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]) -> Iterator[float]:
    for t in range(1, STEPS + 1):
        w = w - rate(t) * g(w, t)
        yield w


def classical(w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]) -> Iterator[float]:
    v = 0.0
    for t in range(1, STEPS + 1):
        v = s["momentum"] * v - rate(t) * g(w, t)
        w = w + v
        yield w


def velocity(w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]) -> Iterator[float]:
    v = 0.0
    for t in range(1, STEPS + 1):
        v = s["momentum"] * v + g(w, t)
        w = w - rate(t) * v
        yield w


def nesterov(w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]) -> Iterator[float]:
    v = 0.0
    for t in range(1, STEPS + 1):
        ahead = w + s["momentum"] * v
        v = s["momentum"] * v - rate(t) * g(ahead, t)
        w = w + v
        yield w


def nesterov_velocity(
    w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]
) -> Iterator[float]:
    v = 0.0
    for t in range(1, STEPS + 1):
        ahead = w - rate(t) * s["momentum"] * v
        v = s["momentum"] * v + g(ahead, t)
        w = w - rate(t) * v
        yield w


def adam(w: float, g: Gradient, rate: Callable[[int], float], s: dict[str, float]) -> Iterator[float]:
    m = v = 0.0
    for t in range(1, STEPS + 1):
        grad = g(w, t)
        m = s["beta1"] * m + (1 - s["beta1"]) * grad
        v = s["beta2"] * v + (1 - s["beta2"]) * grad**2
        m_hat, v_hat = m / (1 - s["beta1"] ** t), v / (1 - s["beta2"] ** t)
        w = w - rate(t) * m_hat / (math.sqrt(v_hat) + s["epsilon"])
        yield w


ORACLES: dict[tuple[str, str | None], Rule] = {
    ("sgd", None): sgd,
    ("momentum", "classical"): classical,
    ("momentum", "velocity"): velocity,
    ("nesterov", "classical"): nesterov,
    ("nesterov", "velocity"): nesterov_velocity,
    ("adam", None): adam,
}


def test_every_optimizer_has_an_oracle() -> None:
    known = {
        (name, form)
        for name, rule in optimizers.items()
        for form in ("classical", "velocity")
        if "form" in rule.model_fields
    } | {(name, None) for name, rule in optimizers.items() if "form" not in rule.model_fields}
    assert set(ORACLES) == known


class Walk:
    """The fused pass on one parameter vector per member, with gradients from a function of (w, t)."""

    def __init__(
        self, name: str, numbers: list[dict], start: np.ndarray, weights: int, l2: list[float]
    ) -> None:
        self.entry = optimizers[name]
        self.members = [self.entry(**given) for given in numbers]
        size = start.size
        self.backend = open_backend("numpy", dtype=str(start.dtype), threads=1)
        self.w = np.tile(start, (len(numbers), 1))
        self.g = np.zeros_like(self.w)
        self.state = np.zeros((len(numbers), len(self.entry.state), size), start.dtype)
        self.l2 = np.stack([np.array(l2), np.zeros(len(l2))], axis=1).astype(start.dtype)
        self.blocks = blocks(len(numbers), size, weights)

    def step(self, t: int, rate: float, gradient: Callable) -> None:
        first = self.members[0]
        s = shaped(stack(self.members), 1)
        values = self.entry.coefficients(s, np.full((len(self.members), 1), rate), np.array([float(t)]))
        columns = [np.broadcast_to(value, (len(self.members), 1)) for value in values]
        c = np.concatenate(columns, axis=1).astype(self.w.dtype)
        ahead = self.entry.look_ahead(first)
        if ahead is not None:
            ahead(self.w, self.state, c, self.blocks)
        self.g[:] = gradient(self.w, t)
        self.entry.step(first)(self.w, self.g, self.state, c, self.l2, self.blocks)


def numbers_of(name: str, form: str | None) -> dict:
    given = {"learning_rate": 0.05}
    if form is not None:
        given |= {"form": form, "momentum": 0.85}
    return given


@pytest.mark.parametrize(("name", "form"), ORACLES)
def test_two_hundred_steps_equal_the_literal_rule(name: str, form: str | None) -> None:
    """A badly scaled parabola, w_i -> k_i/2·(w_i - c_i)², with a rate that changes at every step."""
    start = np.linspace(-2, 2, 9)
    scale, centre = np.geomspace(0.01, 5, 9), np.linspace(1, -1, 9)
    weights, l2 = 6, 0.3
    rate = lambda t: 0.05 / (1 + 0.01 * t)  # noqa: E731 a formula, not a function to name
    walk = Walk(name, [numbers_of(name, form)], start, weights, [l2])
    settings = walk.members[0].model_dump()
    oracles = [
        ORACLES[name, form](
            start[i],
            lambda w, t, i=i: scale[i] * (w - centre[i]) + math.sin(t + i) + (l2 * w if i < weights else 0),
            rate,
            settings,
        )
        for i in range(9)
    ]
    for t in range(1, STEPS + 1):
        walk.step(t, rate(t), lambda w, t: scale * (w - centre) + np.sin(t + np.arange(9)))
        expected = np.array([next(oracle) for oracle in oracles])
        assert np.abs(walk.w[0] - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize(("name", "form"), ORACLES)
def test_it_walks_down_rosenbrocks_valley(name: str, form: str | None) -> None:
    walk = Walk(name, [numbers_of(name, form)], np.array([-1.2, 1.0]), 2, [0.0])
    rate = 1e-2 if name == "adam" else 1e-3

    def height(w: np.ndarray) -> float:
        return float((1 - w[0, 0]) ** 2 + 100 * (w[0, 1] - w[0, 0] ** 2) ** 2)

    def slope(w: np.ndarray, t: int) -> np.ndarray:
        x, y = w[:, 0], w[:, 1]
        return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)

    before = height(walk.w)
    for t in range(1, 4001):
        walk.step(t, rate, slope)
    assert before == pytest.approx(24.2)
    assert height(walk.w) < 0.5


@pytest.mark.parametrize("name", optimizers)
def test_float32_stays_float32_and_close_to_float64(name: str) -> None:
    ends = []
    for dtype in (np.float32, np.float64):
        walk = Walk(name, [{"learning_rate": 0.01}], np.linspace(-1, 1, 5).astype(dtype), 5, [0.1])
        for t in range(1, 51):
            walk.step(t, 0.01, lambda w, t: 2 * w)
        assert walk.w.dtype == walk.state.dtype == dtype
        ends.append(walk.w)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-4)


@pytest.mark.parametrize("name", [name for name, rule in optimizers.items() if rule.state])
def test_moments_that_decay_become_zero_and_no_denormals(name: str) -> None:
    walk = Walk(name, [{"learning_rate": 0.01}], np.ones(4, np.float32), 4, [0.0])
    walk.step(1, 0.01, lambda w, t: 1e-3)
    for t in range(2, 3000):
        walk.step(t, 0.01, lambda w, t: 0.0)
    # Nesterov's second array is the stored weights, which stay
    moving = walk.state[0, 0]
    tiny = np.finfo(np.float32).tiny
    assert ((moving == 0) | (np.abs(moving) >= tiny)).all()
    assert not moving.any()


@pytest.mark.parametrize(
    ("size", "weights"), [(64, 0), (640, 512), (3 * BLOCK + 64, 2 * BLOCK), (BLOCK, BLOCK)]
)
def test_blocks_cover_every_parameter_once_and_split_by_kind(size: int, weights: int) -> None:
    seen = np.zeros((2, size), dtype=int)
    for r, first, stop, kind in blocks(2, size, weights):
        assert 0 < stop - first <= BLOCK
        assert (stop <= weights) if kind == 0 else (first >= weights)
        seen[r, first:stop] += 1
    assert (seen == 1).all()
