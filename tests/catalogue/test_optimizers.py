"""Every optimizer against a literal transcription of its rule, one scalar at a time, and against PyTorch."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.backend.choose import open_backend
from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.members import shaped, stack
from nettrain.catalogue.optimizers import DECAYS, blocks, optimizers
from tests.catalogue.literal_rules import RULES
from tests.catalogue.oracles import assert_oracles
from tests.variants import variants

BLOCK = NumpyBackend.block

STEPS = 200
STEPPED = {label: form for label, form in variants(optimizers).items() if not optimizers[form[0]].full_batch}
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "optimizers.json").read_text())
PARABOLA = {key: np.array(value) for key, value in GOLDEN["problems"]["parabola"].items()}
VALLEY = np.array(GOLDEN["problems"]["valley"]["start"])
IN_TORCH = {  # every rule that PyTorch has
    *("sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop"),
    *("adam", "adamw", "adamax", "nadam", "radam"),
}
Gradient = Callable[[np.ndarray], np.ndarray]
Time = Callable[[float], float]


def parabola(w: np.ndarray) -> np.ndarray:
    """Of ½Σ scale·(w - centre)², its curvature from 0.01 to 6."""
    return PARABOLA["scale"] * (w - PARABOLA["centre"])


def valley(w: np.ndarray) -> np.ndarray:
    """Of Rosenbrock's (1-x)² + 100(y-x²)²."""
    x, slopes = w[..., 0], np.empty_like(w)
    above = w[..., 1] - x * x
    slopes[..., 0] = -2 * (1 - x) - 400 * x * above
    slopes[..., 1] = 200 * above
    return slopes


PROBLEMS = {"parabola": (parabola, PARABOLA["start"], 1.0), "valley": (valley, VALLEY, 0.05)}


class Walk:
    """The fused pass on one parameter vector per member."""

    def __init__(self, numbers: list[dict], start: np.ndarray, weights: int, l2: float = 0.0) -> None:
        self.members = [optimizers[block["name"]](**block) for block in numbers]
        self.one, size = self.members[0], start.size
        self.backend = open_backend("numpy", dtype=str(start.dtype), threads=1)
        self.w = np.tile(start, (len(numbers), 1))
        self.ahead, self.g = np.zeros_like(self.w), np.zeros_like(self.w)
        self.state = np.zeros((len(numbers), len(self.one.slots()), size), start.dtype)
        self.l2 = np.tile(np.array([l2, 0.0], start.dtype), (len(numbers), 1))
        self.blocks = blocks(len(numbers), [(0, weights, 0), (weights, size, 1)], self.backend.block)
        self.look = self.one.ahead()

    def table(self, steps: int, rate: Time, mu: Time | None, decay: float) -> np.ndarray:
        """As training makes it (T, R, G, 1 + K), for weights and all else; ahead also the next step's values."""
        t = np.arange(1.0, steps + 2)
        rule, shape = shaped(stack(self.members), 1), (len(self.members), len(t))
        if mu is not None and rule.momentum_field is not None:
            momenta = np.broadcast_to([mu(k) for k in t], shape)
            rule = rule.model_copy(update={rule.momentum_field: momenta})
        rates = np.broadcast_to([rate(k) for k in t], shape)
        groups = [[rates * share, *rule.coefficients(rates, t)] for share in (decay, 0.0)]
        table = np.stack([[np.broadcast_to(value, shape).T for value in values] for values in groups])
        table = table.transpose(2, 3, 0, 1)
        if self.look is None:
            return table[:-1].astype(self.w.dtype)
        return np.concatenate([table[:-1], table[1:, :, :, DECAYS:]], axis=3).astype(self.w.dtype)

    def steps(
        self, steps: int, gradient: Gradient, rate: Time, mu: Time | None = None, decay: float = 0.0
    ) -> Iterator[int]:
        """Walk, stopping after each step t to be looked at."""
        ahead = () if self.look is None else (self.ahead,)
        point = self.w if self.look is None else self.ahead
        table = self.table(steps, rate, mu, decay)
        c = table[0].copy()
        step = self.one.step().bind(0, (self.w, *ahead, self.g, self.state, c, self.l2, self.blocks))
        if self.look is not None:  # every later point is the pass's own work
            self.look(self.w, self.ahead, self.state, c, self.blocks)
        for t, numbers in enumerate(table, start=1):
            c[:] = numbers
            self.g[:] = gradient(point)
            step()
            yield t

    def go(self, *arguments: Any) -> "Walk":
        """Walk to the end."""
        for _ in self.steps(*arguments):
            pass
        return self


def test_every_optimizer_has_an_oracle() -> None:
    assert_oracles(optimizers, {*RULES, "lbfgs"})  # lbfgs: tests/training/test_lbfgs.py
    assert {case["numbers"]["name"] for case in GOLDEN["cases"]} == IN_TORCH


@pytest.mark.parametrize("label", STEPPED)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_two_hundred_steps_equal_the_literal_rule(label: str, problem: str) -> None:
    """With a penalty, a decoupled decay, and a rate and momentum that change at every step."""
    name, options = STEPPED[label]
    gradient, start, scale = PROBLEMS[problem]
    base = optimizers[name]().learning_rate * (scale if name in ("sgd", "momentum", "nesterov") else 1)
    if name in ("sgd", "momentum", "nesterov") and problem == "valley":
        base /= 10
    rate = lambda t: base / (1 + 0.01 * t)  # noqa: E731 a formula, not a function to name
    mu = lambda t: 0.9 - 0.4 / (t + 1)  # noqa: E731
    weights, l2, decay = start.size - 1, 0.05, 0.02
    if options.get("centered"):  # the difference of two squares: a small ε would blow up its rounding
        options = {**options, "epsilon": 0.3}
    walk = Walk([{"name": name, **options}], start, weights, l2)
    pulled = np.array([l2] * weights + [0.0])
    oracles = [
        RULES[name](float(w), walk.one, rate, mu, decay if i < weights else 0.0) for i, w in enumerate(start)
    ]
    points_and_weights = [next(oracle) for oracle in oracles]
    for _ in walk.steps(STEPS, gradient, rate, mu, decay):
        points = np.array([point for point, _ in points_and_weights])
        gradients = gradient(points) + pulled * points
        points_and_weights = [oracle.send(float(g)) for oracle, g in zip(oracles, gradients, strict=True)]
        expected = np.array([w for _, w in points_and_weights])
        assert np.abs(walk.w[0] - expected).max() <= 1e-12 * np.abs(expected).max()
    assert np.abs(walk.w[0] - start).max() > 1e-3  # it went somewhere


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['numbers']['name']}")
def test_two_hundred_steps_equal_pytorch(case: dict[str, Any]) -> None:
    gradient, start, _ = PROBLEMS[case["problem"]]
    numbers = case["numbers"]
    walk = Walk([numbers], start, start.size, case["l2"])
    decay = numbers.get("weight_decay", 0.0)
    expected = dict(zip(GOLDEN["problems"]["steps"], case["points"], strict=True))
    for t in walk.steps(STEPS, gradient, lambda t: numbers["learning_rate"], None, decay):
        if t in expected:
            # PyTorch's Nesterov stores the point ahead
            ours = walk.ahead if numbers["name"] == "nesterov" else walk.w
            worst = np.abs(ours[0] - expected[t]).max() / np.abs(expected[t]).max()
            assert worst <= 1e-12, (t, worst)


AVERAGE = {"name": "momentum", "form": "average", "momentum": 0.75}


@pytest.mark.parametrize("start", ["zero", "gradient"])
def test_an_average_of_equal_gradients(start: str) -> None:
    """From 0 it is (1-βᵗ)g after t steps, from the gradient g itself."""
    g, steps = np.array([2.0, -1.0]), 6
    walk = Walk([AVERAGE | {"start": start}], np.zeros(2), 2).go(steps, lambda w: g, lambda t: 0.125)
    shares = [1 - 0.75**t if start == "zero" else 1.0 for t in range(1, steps + 1)]
    np.testing.assert_allclose(walk.state[0, 0], shares[-1] * g, rtol=1e-15)
    np.testing.assert_allclose(walk.w[0], -0.125 * sum(shares) * g, rtol=1e-15)


def test_an_average_from_the_gradient_on_a_parabola() -> None:
    """Of ½λw² the path is a·r₁ᵗ + b·r₂ᵗ with the roots of r² - (1+β-αλ(1-β))r + β, and w₁ = (1-αλ)w₀."""
    curvature, rate, beta = np.array([0.5, 3.0, 40.0]), 0.1, 0.75
    start = np.array([1.0, -2.0, 0.5])
    walk = Walk([AVERAGE | {"start": "gradient"}], start, 3)
    half = (1 + beta - rate * curvature * (1 - beta)) / 2
    root = np.sqrt(half.astype(complex) ** 2 - beta)
    one, other = half + root, half - root
    first = (1 - rate * curvature) * start
    a = (first - other * start) / (one - other)
    for t in walk.steps(40, lambda w: curvature * w, lambda t: rate):
        expected = (a * one**t + (start - a) * other**t).real
        np.testing.assert_allclose(walk.w[0], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_velocity_is_classical_with_the_momentum_times_the_ratio_of_rates(name: str) -> None:
    rate = lambda t: 0.01 / (1 + 0.3 * t)  # noqa: E731
    ratio = lambda t: 0.9 * rate(t) / rate(t - 1) if t > 1 else 0.9  # noqa: E731
    velocity = Walk([{"name": name, "form": "velocity"}], PARABOLA["start"], 1)
    classical = Walk([{"name": name}], PARABOLA["start"], 1)
    velocity.go(50, parabola, rate)
    classical.go(50, parabola, rate, ratio)
    np.testing.assert_allclose(velocity.w, classical.w, rtol=1e-12)
    plain = Walk([{"name": name}], PARABOLA["start"], 1).go(50, parabola, rate)
    assert np.abs(velocity.w - plain.w).max() > 1e-3  # the same momentum is another path


def test_where_nesterov_looks_ahead_when_the_rate_changes() -> None:
    """By αμv with the α of the coming step; PyTorch's w -= α(g + μv) with the α of the step before."""
    rates, mu, start = {1: 0.125, 2: 0.5}, 0.75, np.array([1.0, -2.0])
    numbers = {"name": "nesterov", "form": "velocity", "momentum": mu}
    walk = Walk([numbers], start, 2).go(1, lambda w: w, lambda t: rates[t])
    torch = start - rates[1] * (start + mu * start)  # whose velocity is the first gradient
    np.testing.assert_array_equal(walk.w[0], start - rates[1] * start)
    np.testing.assert_array_equal(walk.ahead[0], walk.w[0] - rates[2] * mu * start)
    np.testing.assert_array_equal(walk.ahead[0] - torch, -(rates[2] - rates[1]) * mu * start)


@pytest.mark.parametrize("label", STEPPED)
def test_it_walks_down_rosenbrocks_valley(label: str) -> None:
    name, options = STEPPED[label]
    walk = Walk([{"name": name, **options}], VALLEY, 2)
    plain = {"sgd": 1e-3, "momentum": 1e-3, "nesterov": 1e-3, "adagrad": 0.5, "adadelta": 1.0}
    if options.get("form") == "average":
        fast = options.get("look_ahead") == "step" or options.get("start") == "gradient"
        plain = {name: 1e-3 if fast else 1e-2}
    rate = plain.get(name, 1e-3 if name in ("lion", "radam") else 1e-2)

    def height(w: np.ndarray) -> float:
        return float((1 - w[0, 0]) ** 2 + 100 * (w[0, 1] - w[0, 0] ** 2) ** 2)

    before = height(walk.w)
    walk.go(8000, valley, lambda t: rate)
    assert before == pytest.approx(24.2)
    assert height(walk.w) < 1.0


@pytest.mark.parametrize("label", STEPPED)
def test_float32_stays_float32_and_close_to_float64(label: str) -> None:
    name, options = STEPPED[label]
    ends = []
    for dtype in (np.float32, np.float64):
        walk = Walk([{"name": name, **options}], np.linspace(-1, 1, 6).astype(dtype), 6, 0.1)
        walk.go(50, lambda w: 2 * w, lambda t: 0.01)
        assert walk.w.dtype == walk.state.dtype == dtype
        ends.append(walk.w)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("label", [label for label in STEPPED if not label.startswith(("sgd", "adagrad"))])
def test_moments_that_decay_become_zero_and_no_denormals(label: str) -> None:
    name, options = STEPPED[label]
    short = {field: 0.9 for field in optimizers[name].model_fields if field.startswith("beta")}
    walk = Walk([{"name": name, **options, **short}], np.ones(4, np.float32), 4)
    slopes = iter([1e-3])
    walk.go(3000, lambda w: np.full_like(w, next(slopes, 0.0)), lambda t: 0.01)
    tiny = np.finfo(np.float32).tiny
    assert ((walk.state == 0) | (np.abs(walk.state) >= tiny)).all()
    decaying = {
        "adamax": 1,
        "adam": 2,
        "adamw": 2,
    }  # slots that decay, before those that keep a largest value
    slots = optimizers[name](**options).slots()
    left = [slot for k, slot in enumerate(slots[: decaying.get(name)]) if walk.state[0, k].any()]
    assert not left, (
        "these do not decay to 0: put such slots last, and enter the number of others in `decaying`"
    )


@pytest.mark.parametrize(
    ("size", "weights"), [(64, 0), (640, 512), (3 * BLOCK + 64, 2 * BLOCK), (BLOCK, BLOCK)]
)
def test_blocks_cover_every_parameter_once_and_split_by_kind(size: int, weights: int) -> None:
    seen = np.zeros((2, size), dtype=int)
    for r, first, stop, kind in blocks(2, [(0, weights, 0), (weights, size, 1)], BLOCK):
        assert 0 < stop - first <= BLOCK
        assert (stop <= weights) if kind == 0 else (first >= weights)
        seen[r, first:stop] += 1
    assert (seen == 1).all()


def test_nadams_product_is_the_literal_one_wherever_the_table_begins() -> None:
    rule = shaped(stack([optimizers["nadam"](beta1=0.9), optimizers["nadam"](beta1=0.99, psi=0.1)]), 1)

    t = np.arange(1.0, 8000.0)
    whole = rule.momentum_product(t)
    for first in (0, 1, 100, 4000):
        assert rule.momentum_product(t[first:]).tobytes() == whole[:, first:].tobytes()
    for row, (beta, psi) in enumerate([(0.9, 0.004), (0.99, 0.1)]):
        literal = math.prod(beta * (1 - 0.5 * 0.96 ** (k * psi)) for k in range(1, 201))
        assert whole[row, 199] == pytest.approx(literal, rel=1e-12)
