"""Schedules against their closed forms at every step of a run."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from nettrain.catalogue.members import shaped, stack
from nettrain.catalogue.schedules import Calendar, Reactive, momentum_schedules, schedules
from nettrain.training.control.plateau import PlateauMonitor
from nettrain.training.population import Population
from tests.catalogue.oracles import assert_oracles

CALENDAR = Calendar(steps_per_epoch=5, epochs=8)


def table(name: str, base: float = 0.4, **numbers: object) -> list[float]:
    entry = schedules[name](**numbers)
    steps = np.arange(CALENDAR.steps, dtype=float)
    members = shaped(stack([entry]), 1)
    if isinstance(members, Reactive):
        members = members.with_cut(np.ones((1, 1)))
    return members.rates(np.array([[base]]), steps, CALENDAR)[0].tolist()


def restarted(j: int, period: float, multiplier: float) -> float:
    """Loshchilov & Hutter's eq. 5 by walking through the periods."""
    t, start = j // 5, 0.0
    while t >= start + period:
        start, period = start + period, period * multiplier
    return 0.1 + 0.5 * (0.4 - 0.1) * (1 + math.cos(math.pi * (t - start) / period))


def there_and_back(j: int, first: float, middle: float, last: float, rise: float = 0.3) -> float:
    p = j / 40
    if p < rise:
        return first + (middle - first) * (1 - math.cos(math.pi * p / rise)) / 2
    return middle + (last - middle) * (1 - math.cos(math.pi * (p - rise) / (1 - rise))) / 2


def flat_then_cosine(t: float, flat: float = 0.5) -> float:
    """1 until `flat`, then half a cosine down to 0 at t = 1; for ½ the published formula is cos(π(2t - 1))."""
    return 1.0 if t < flat else (1 + math.cos(math.pi * (min(t, 1) - flat) / (1 - flat))) / 2


def coslog4(t: float) -> float:
    """½(1 - cos(2π log₂(1 + 15t))), by the sine of half the angle."""
    return math.sin(math.pi * math.log(1 + 15 * min(t, 1)) / math.log(2)) ** 2


CLOSED = {
    "constant": [({}, lambda j: 0.4)],
    "linear": [
        ({"end": 0.1}, lambda j: (1 - j / 40) * 0.4 + j / 40 * 0.1),
        ({"end": 0.1, "duration": 16.0}, lambda j: 0.1 if j > 16 else (1 - j / 16) * 0.4 + j / 16 * 0.1),
    ],
    "step": [({"factor": 0.3, "every": 3.0}, lambda j: 0.4 * 0.3 ** (j // 5 // 3))],
    "multi_step": [
        (
            {"factor": 0.3, "milestones": [2.0, 3.0, 7.0]},
            lambda j: 0.4 * (1 if j < 10 else 0.3 if j < 15 else 0.09 if j < 35 else 0.027),
        ),
        ({"milestones": []}, lambda j: 0.4),
    ],
    "exponential": [({"decay": 0.2}, lambda j: 0.4 * math.exp(-0.2 * (j // 5)))],
    "inverse_time": [({"decay": 0.2}, lambda j: 0.4 / (1 + 0.2 * (j // 5)))],
    "inverse_scaling": [({}, lambda j: 0.4 / math.sqrt(j // 5 + 1))],
    "polynomial": [
        ({"power": 3.0}, lambda j: 0.4 * (1 - (j // 5) / 8) ** 3),
        ({"power": 2.0, "duration": 4.0}, lambda j: 0.4 * max(0, 1 - (j // 5) / 4) ** 2),
    ],
    "cosine": [
        ({"minimum": 0.1}, lambda j: 0.1 + 0.5 * (0.4 - 0.1) * (1 + math.cos(math.pi * j / 40))),
        ({"duration": 10.0}, lambda j: 0.2 * (1 + math.cos(math.pi * min(j / 10, 1)))),
    ],
    "flat_cos": [
        ({}, lambda j: 0.4 * (1 if j < 20 else (1 + math.cos(math.pi * (2 * j / 40 - 1))) / 2)),
        ({"flat": 0.0, "duration": 10.0}, lambda j: 0.4 * flat_then_cosine(j / 10, 0)),
        ({"flat": 0.7}, lambda j: 0.4 * flat_then_cosine(j / 40, 0.7)),
    ],
    "coslog4": [
        ({}, lambda j: 0.4 * coslog4(j / 40)),
        ({"duration": 15.0}, lambda j: 0.4 * coslog4(j / 15)),
    ],
    "cosine_restarts": [
        ({"period": 2.0, "minimum": 0.1}, lambda j: restarted(j, 2, 2)),
        ({"period": 3.0, "multiplier": 1.0, "minimum": 0.1}, lambda j: restarted(j, 3, 1)),
        ({"period": 1.5, "multiplier": 1.5, "minimum": 0.1}, lambda j: restarted(j, 1.5, 1.5)),
    ],
    "one_cycle": [
        ({}, lambda j: there_and_back(j, 0.4 / 25, 0.4, 0.4 / 25e4)),
        (
            {"rise": 0.5, "divisor": 4.0, "final_divisor": 10.0},
            lambda j: there_and_back(j, 0.1, 0.4, 0.01, 0.5),
        ),
    ],
    "plateau": [({}, lambda j: 0.4)],  # until it observes a figure, see below
    "adaptive": [({}, lambda j: 0.4)],
}
MOMENTA = {
    "constant": [({}, lambda j: 0.9)],
    "linear": [
        ({"end": 0.5}, lambda j: 0.9 - 0.4 * j / 40),
        ({"end": 0.99, "duration": 10.0}, lambda j: 0.9 + 0.09 * min(1, j / 10)),
    ],
    "sutskever": [
        ({"every": 4.0}, lambda j: min(1 - 2 ** (-1 - math.log2(j // 4 + 1)), 0.9)),
    ],
}


def cases(table: dict) -> list:
    return [
        pytest.param(name, numbers, formula, id=f"{name} {numbers}")
        for name, several in table.items()
        for numbers, formula in several
    ]


def test_every_schedule_has_an_oracle() -> None:
    assert_oracles(schedules, CLOSED)
    assert_oracles(momentum_schedules, MOMENTA)


@pytest.mark.parametrize(("name", "numbers", "formula"), cases(CLOSED))
def test_closed_form_at_every_step(name: str, numbers: dict, formula: Callable[[int], float]) -> None:
    expected = [formula(j) for j in range(40)]
    np.testing.assert_allclose(table(name, **numbers), expected, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize(("name", "numbers", "formula"), cases(MOMENTA))
def test_momentum_at_every_step(name: str, numbers: dict, formula: Callable[[int], float]) -> None:
    entry = momentum_schedules[name](**numbers)
    got = shaped(stack([entry]), 1).value(np.array([[0.9]]), np.arange(40.0), 40)
    assert got.shape == (1, 40)
    np.testing.assert_allclose(got[0], [formula(j) for j in range(40)], rtol=1e-13)


def test_one_cycle_moves_the_momentum_the_other_way_unless_told_not_to() -> None:
    steps = np.arange(40.0)
    entry = schedules["one_cycle"]()
    got = shaped(stack([entry]), 1).momenta(steps, CALENDAR)
    np.testing.assert_allclose(got[0], [there_and_back(j, 0.95, 0.85, 0.95) for j in range(40)], rtol=1e-13)
    fixed = schedules["one_cycle"](momentum="fixed")
    assert shaped(stack([fixed]), 1).momenta(steps, CALENDAR) is None


def watch(figures: list[list[float]], entries: list, *, maximize: bool = False) -> list[list[float]]:
    """The members' rates after each evaluation of these figures."""
    members = stack(entries)
    population = Population(members, len(entries))
    plateau = PlateauMonitor(population, "val_loss", maximize=maximize)
    result = []
    for row in figures:
        plateau.observe(np.array(row), members)
        schedule = shaped(members, 1).with_cut(population["cut"][:, None])
        base = np.full((len(entries), 1), 0.4)
        result.append(schedule.rates(base, np.array([0.0]), CALENDAR)[:, 0].tolist())
    return result


def test_a_plateau_cuts_at_the_patience_th_evaluation_that_is_not_better() -> None:
    falling = [5.0, 4.0, 4.0, 3.9999, 3.0, 3.0, 3.0, float("nan"), 3.0, 2.0, 2.5, 2.5]
    quick = schedules["plateau"](factor=0.5, patience=2, min_delta=0.001)
    slow = schedules["plateau"](factor=0.1, patience=3, floor=0.02)
    got = np.array(watch([[f, f] for f in falling], [quick, slow]))
    first = [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625]
    np.testing.assert_allclose(got[:, 0], 0.4 * np.array(first), rtol=1e-14)
    second = [0.4] * 7 + [0.04] * 5
    np.testing.assert_allclose(got[:, 1], second, rtol=1e-14)


def test_a_plateau_never_cuts_below_its_floor_and_leaves_a_lower_rate_alone() -> None:
    entries = [schedules["plateau"](factor=0.1, patience=1, floor=floor) for floor in (0.03, 0.5)]
    got = watch([[1.0, 1.0]] * 4, entries)
    np.testing.assert_allclose(np.array(got).T, [[0.4, 0.04, 0.03, 0.03], [0.4] * 4], rtol=1e-14)


def test_a_plateau_of_a_figure_that_should_rise() -> None:
    entry = schedules["plateau"](factor=0.5, patience=1)
    got = watch([[0.5], [0.6], [0.6], [0.7], [0.1]], [entry], maximize=True)
    np.testing.assert_allclose(got, [[0.4], [0.4], [0.2], [0.2], [0.1]], rtol=1e-14)


def test_adaptive_is_a_plateau_of_the_running_loss() -> None:
    entry = schedules["adaptive"]()
    assert entry.monitor == "running_loss"
    got = watch([[1.0]] * 5, [entry])
    np.testing.assert_allclose(got, [[0.4], [0.4], [0.08], [0.08], [0.016]], rtol=1e-14)


def test_coslog4_is_zero_at_the_powers_of_two_and_whole_between_them() -> None:
    """Where 1 + 15t is 1, 2, 4, 8 and 16 the rate is 0, and where it is √2 times a power of two, α₀."""
    entry = shaped(stack([schedules["coslog4"]()]), 1)
    calendar = Calendar(steps_per_epoch=15, epochs=1)
    zeros = entry.rates(np.array([[0.4]]), np.array([0.0, 1, 3, 7, 15]), calendar)
    np.testing.assert_allclose(zeros, 0, atol=1e-15)
    tops = entry.rates(np.array([[0.4]]), np.array([2**0.5, 2**1.5, 2**2.5, 2**3.5]) - 1, calendar)
    np.testing.assert_allclose(tops, 0.4, rtol=1e-13)


@pytest.mark.parametrize(("warmup", "steps"), [(2, 10), (0.25, 10), (0.1, 4), (0, 0)])
def test_warmup_rises_linearly_and_then_the_schedule_starts(warmup: float, steps: int) -> None:
    got = table("cosine", warmup=warmup)
    left = 40 - steps
    expected = [0.4 * (j + 1) / steps for j in range(steps)]
    expected += [0.2 * (1 + math.cos(math.pi * j / left)) for j in range(left)]
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_the_clock_can_be_changed() -> None:
    got = table("cosine", per="epoch")
    expected = [0.2 * (1 + math.cos(math.pi * (j // 5) / 8)) for j in range(40)]
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    by_step = table("step", per="step", every=4.0, factor=0.5)
    np.testing.assert_allclose(by_step, [0.4 * 0.5 ** (j // 4) for j in range(40)], rtol=1e-14)


def test_members_have_rates_of_their_own() -> None:
    entries = [schedules["step"](factor=0.5), schedules["step"](factor=0.1, every=2.0)]
    base = np.array([[1.0], [2.0]])
    got = shaped(stack(entries), 1).rates(base, np.arange(40.0), CALENDAR)
    assert got.shape == (2, 40)
    np.testing.assert_allclose(got[0], 1.0)
    np.testing.assert_allclose(got[1], [2 * 0.1 ** (j // 10) for j in range(40)])
