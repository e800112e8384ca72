"""Searches with two goals, or within a constraint, of surfaces in place of trainings: what they miss.

With two goals a search misses a share of the area between a reference and the front of all that is possible:
what its own front leaves of it. Source: Zitzler & Thiele 1998; ZDT1 of Zitzler, Deb & Thiele 2000.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.searches import Space, ToldTrial, Values, search_methods
from nettrain.experiment.sweep_settings import Parameter
from searching.surfaces import logarithmic, number, uniform
from searching.synthetic import Contestant

Point = tuple[float, float]
BUDGET = 20_000  # parameters of the network that is best within a constraint


@dataclass(frozen=True)
class PairSurface:
    """Two goals of a trial's values, of which smaller is better; `area` is that of the front of all trials.

    Where there is a constraint, `excess` says by how much it is broken.
    """

    name: str
    parameters: Sequence[Parameter]
    goals: Callable[[Values], Point]
    reference: Point
    area: float
    excess: Callable[[Values], float] = lambda values: 0.0

    def missed(self, tried: Sequence[Values]) -> float:
        """The share of the area that the trials within the constraint leave."""
        points = [self.goals(values) for values in tried if self.excess(values) <= 0]
        return 1 - hypervolume(points, self.reference) / self.area


@dataclass(frozen=True)
class ConstrainedSurface:
    """One goal within a constraint, and the least value there."""

    name: str
    parameters: Sequence[Parameter]
    goals: Callable[[Values], tuple[float]]
    excess: Callable[[Values], float]
    least: float
    worst: float  # what counts for a search that finds nothing within the constraint

    def missed(self, tried: Sequence[Values]) -> float:
        """How far the best trial within the constraint is from the least value."""
        found = [self.goals(values)[0] for values in tried if self.excess(values) <= 0]
        return min(found, default=self.worst) - self.least


def contestants() -> list[Contestant]:
    """Random search with once and twice the trials, and the methods that take several goals."""
    entry = search_methods
    return [
        Contestant("random", entry["random"]()),
        Contestant("random × 2", entry["random"](), 2),
        Contestant("sobol", entry["sobol"]()),
        Contestant("bayes", entry["bayes"]()),
    ]


def missed(
    contestant: Contestant, surface: PairSurface | ConstrainedSurface, trials: int, seed: int
) -> float:
    """What a search misses."""
    method, trials = contestant.method, trials * contestant.budget
    space = Space(surface.parameters, lambda values, parameter: True, seed)
    sampler, told = method.sampler(space), dict[int, ToldTrial]()
    size = method.size or trials
    for start in range(1, trials + 1, size):
        generation = {}
        for trial in range(start, min(start + size, trials + 1)):
            values = sampler.values(trial, told)
            assert values is not None
            generation[trial] = _told(surface, values)
        told |= generation
    return surface.missed([one.values for one in told.values()])


def _told(surface: PairSurface | ConstrainedSurface, values: Values) -> ToldTrial:
    """As a sweep has it whose constraint is known before training: what breaks it has no score."""
    excess = max(surface.excess(values), 0.0)
    first, *others = surface.goals(values)
    lost = (math.inf,) * len(others)
    return ToldTrial(
        values,
        math.inf if excess else first,
        {},
        pruned=False,
        others=lost if excess else tuple(others),
        excesses=(excess,),
    )


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The area of all that one of the points beats, as far as it beats the reference."""
    area, height = 0.0, reference[1]
    for x, y in sorted(points):
        if x < reference[0] and y < height:
            area += (reference[0] - x) * (height - y)
            height = y
    return area


def bowls(values: Values) -> Point:
    """Distances from two points."""
    x, y = number(values, "x"), number(values, "y")
    off = 2 * (y - 0.3) ** 2
    return (x - 0.2) ** 2 + off, (x - 0.8) ** 2 + off


def zdt1(values: Values) -> Point:
    """A convex front, on which all numbers but the first are 0."""
    x, *rest = (number(values, f"x{k}") for k in range(4))
    g = 1 + 9 * sum(rest) / len(rest)
    return x, g * (1 - math.sqrt(x / g))


def loss_and_size(values: Values) -> Point:
    """As the loss of a network may be, and the logarithm of its number of parameters."""
    units, layers = number(values, "units"), number(values, "layers")
    best_rate = -2.5 - 0.4 * math.log10(units / 32)
    loss = 0.1 + 0.6 / math.sqrt(units) + 0.02 * (layers - 3) ** 2
    loss += 0.3 * (math.log10(number(values, "rate")) - best_rate) ** 2
    return loss + 0.5 * (number(values, "dropout") - 0.1) ** 2, math.log10(_size(units, layers))


def _size(units: float, layers: float) -> float:
    """The weights between 64 inputs, hidden layers of so many units, and 10 outputs."""
    return 64 * units + (layers - 1) * units**2 + 10 * units


def within_budget(values: Values) -> float:
    """By which share a network has more parameters than it may."""
    return _size(number(values, "units"), number(values, "layers")) / BUDGET - 1


UNITS, LAYERS, CORNER = range(4, 513), range(1, 5), (1.0, 6.0)
NETWORK = [
    Parameter("units", distributions["q_log_uniform_values"](min=4, max=512, q=1)),
    Parameter("layers", distributions["int_uniform"](min=1, max=4)),
    logarithmic("rate", 1e-5, 1e-1),
    uniform("dropout", 0.0, 0.5),
]


def best_networks() -> list[Point]:
    """Loss and size of every network with its best rate and dropout."""
    return [
        loss_and_size(
            {"units": u, "layers": k, "rate": 10 ** (-2.5 - 0.4 * math.log10(u / 32)), "dropout": 0.1}
        )
        for u in UNITS
        for k in LAYERS
    ]


def pair_surfaces() -> list[PairSurface | ConstrainedSurface]:
    """All of them."""
    networks = best_networks()
    small = min(loss for loss, size in networks if size <= math.log10(BUDGET))
    plane = [uniform("x", 0, 1), uniform("y", 0, 1)]
    numbers = [uniform(f"x{k}", 0, 1) for k in range(4)]
    bowl_area, zdt_area = 0.36**2 - 0.6**4 / 6, 4 + 2 / 3  # integrals of 0.36 - (0.6 - √f)² and of 4 + √f
    return [
        PairSurface("two bowls", plane, bowls, (0.36, 0.36), bowl_area),
        PairSurface("ZDT1", numbers, zdt1, (1.0, 5.0), zdt_area),
        PairSurface("loss and size", NETWORK, loss_and_size, CORNER, hypervolume(networks, CORNER)),
        PairSurface(
            "two bowls, y below 0.35",
            plane,
            bowls,
            (0.36, 0.36),
            bowl_area,
            lambda values: number(values, "y") / 0.35 - 1,
        ),
        ConstrainedSurface(
            "loss within a size",
            NETWORK,
            lambda values: loss_and_size(values)[:1],
            within_budget,
            small,
            worst=1.0,
        ),
    ]
