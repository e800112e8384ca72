"""Surfaces in place of trainings: functions of a trial's values with a known least value, cheap to compute.

Branin and Hartmann as in the literature (Surjanovic & Bingham, Virtual Library of Simulation Experiments).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.searches import Space, Values
from nettrain.catalogue.searches.base import generator
from nettrain.experiment.sweep_settings import Parameter

EPOCHS = 27


@dataclass(frozen=True)
class Surface:
    """A function of the values of a trial, its least value, and what is searched.

    `noise` is the standard deviation of what a search sees. `applies` is as in a search.
    """

    name: str
    parameters: Sequence[Parameter]
    value: Callable[[Values], float]
    least: float
    noise: float = 0.0
    applies: Callable[[Values, Parameter], bool] = lambda values, parameter: True

    def space(self, seed: int) -> Space:
        """The space of one search."""
        return Space(self.parameters, self.applies, seed)

    def regret(self, values: Values) -> float:
        """How far a trial is from the least value."""
        return self.value(values) - self.least

    def seen(self, values: Values, seed: int, trial: int, epoch: int = EPOCHS) -> float:
        """What a search sees of a trial after an epoch: it comes down to its value, faster or slower.

        How fast depends on the values, by a smooth function that has nothing to do with how good they are, so
        that the order of trials changes on the way, as that of learning curves does.
        """
        value = self.value(values) + self.noise * generator(seed, trial, "noise").standard_normal()
        if epoch == EPOCHS:
            return value
        left = 1 - epoch / EPOCHS
        return value + self.scale * left ** (1 + 3 * self._speed(values))

    @cached_property
    def scale(self) -> float:
        """How much a training comes down on its way: the spread of the surface's values."""
        drawn = [self.value(self.space(0).random(trial)) for trial in range(1, 65)]
        return float(np.subtract(*np.quantile(drawn, [0.75, 0.25])))

    def _speed(self, values: Values) -> float:
        shares = [one.distribution.position(values[one.key]) for one in self.parameters if one.key in values]
        phase = sum((k + 1) * share for k, share in enumerate(shares) if share is not None)
        return 0.5 + 0.5 * math.sin(3 * phase)


def uniform(key: str, low: float, high: float) -> Parameter:
    """A number on an even scale."""
    return Parameter(key, distributions["uniform"](min=low, max=high))


def logarithmic(key: str, low: float, high: float) -> Parameter:
    """A number on a scale of ratios."""
    return Parameter(key, distributions["log_uniform_values"](min=low, max=high))


def number(values: Values, key: str) -> float:
    """A value that is a number."""
    value = values[key]
    assert isinstance(value, int | float)
    return float(value)


def branin(values: Values) -> float:
    """Three equal valleys in two dimensions."""
    x, y = number(values, "x"), number(values, "y")
    b, c, t = 5.1 / (4 * math.pi**2), 5 / math.pi, 1 / (8 * math.pi)
    return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - t) * math.cos(x) + 10


ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
A3 = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
P3 = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
A6 = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(values: Values, a: np.ndarray, p: np.ndarray) -> float:
    """Four dents of different depths."""
    x = np.array([number(values, f"x{k}") for k in range(a.shape[1])])
    return -float(ALPHA @ np.exp(-(a * (x - p) ** 2).sum(axis=1)))


def rosenbrock(values: Values) -> float:
    """A narrow, bent valley in the logarithms of two numbers."""
    x, y = (math.log10(number(values, key)) for key in ("x", "y"))
    return 100 * (y - x * x) ** 2 + (1 - x) ** 2


# of each optimizer: the log loss of its best trial, the logarithm of its best rate, how narrow it is
OPTIMIZERS = {"sgd": (0.3, -0.5, 0.5), "momentum": (0.15, -1.5, 0.7), "adam": (0.1, -2.8, 0.4)}
ACTIVATIONS = {"relu": 0.0, "tanh": 0.06, "sigmoid": 0.2}


def network(values: Values) -> float:
    """As the loss of a network may be: rates and their own numbers by optimizer, choices, counts."""
    optimizer = str(values["optimizer"])
    best, rate, width = OPTIMIZERS[optimizer]
    loss = best + width * (math.log10(number(values, "optimizer.learning_rate")) - rate) ** 2
    if optimizer == "momentum":
        loss += 2 * (number(values, "optimizer.momentum") - 0.9) ** 2
    if optimizer == "adam":
        loss += {0.9: 0.05, 0.99: 0.0, 0.999: 0.02}[number(values, "optimizer.beta2")]
    loss += ACTIVATIONS[str(values["activation"])] + 0.02 * (number(values, "layers") - 3) ** 2
    return loss + 0.05 * (math.log10(number(values, "l2")) + 4) ** 2


def network_applies(values: Values, parameter: Parameter) -> bool:
    """Which optimizer has which number of its own."""
    owner = {"optimizer.momentum": "momentum", "optimizer.beta2": "adam"}.get(parameter.key)
    return owner is None or values["optimizer"] == owner


def bowl(values: Values) -> float:
    """A bowl in five dimensions, seven times as steep in one direction as in the next but three."""
    return sum(100 * 0.5**k * (number(values, f"x{k}") - 0.2 - 0.15 * k) ** 2 for k in range(5))


SURFACES = [
    Surface("Branin", [uniform("x", -5, 10), uniform("y", 0, 15)], branin, 0.397887),
    Surface(
        "Hartmann 3", [uniform(f"x{k}", 0, 1) for k in range(3)], partial(hartmann, a=A3, p=P3), -3.86278
    ),
    Surface(
        "Hartmann 6", [uniform(f"x{k}", 0, 1) for k in range(6)], partial(hartmann, a=A6, p=P6), -3.32237
    ),
    Surface("log Rosenbrock", [logarithmic("x", 1e-2, 1e2), logarithmic("y", 1e-2, 1e4)], rosenbrock, 0.0),
    Surface(
        "network-like",
        [
            Parameter("optimizer", distributions["categorical"](values=[*OPTIMIZERS])),
            logarithmic("optimizer.learning_rate", 1e-5, 1e1),
            uniform("optimizer.momentum", 0.5, 0.99),
            Parameter("optimizer.beta2", distributions["categorical"](values=[0.9, 0.99, 0.999])),
            Parameter("activation", distributions["categorical"](values=[*ACTIVATIONS])),
            Parameter("layers", distributions["int_uniform"](min=1, max=6)),
            logarithmic("l2", 1e-7, 1e-1),
        ],
        network,
        0.1,
        applies=network_applies,
    ),
    Surface("noisy bowl", [uniform(f"x{k}", 0, 1) for k in range(5)], bowl, 0.0, noise=3.0),
]
