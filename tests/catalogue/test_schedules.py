"""Schedules against their closed forms at every step of a run."""

import math

import numpy as np
import pytest

from nettrain.catalogue.schedules import Calendar, rates, schedules
from nettrain.engine.members import shaped, stack

CALENDAR = Calendar(steps_per_epoch=5, epochs=8)


def table(name: str, base: float = 0.4, **numbers: object) -> list[float]:
    entry = schedules[name](**numbers)
    steps = np.arange(CALENDAR.steps, dtype=float)
    return rates(entry, shaped(stack([entry]), 1), np.array([[base]]), steps, CALENDAR)[0].tolist()


CLOSED = {
    "constant": ({}, lambda j: 0.4),
    "step": ({"factor": 0.3, "every": 3.0}, lambda j: 0.4 * 0.3 ** (j // 5 // 3)),
    "cosine": (
        {"minimum": 0.1},
        lambda j: 0.1 + 0.5 * (0.4 - 0.1) * (1 + math.cos(math.pi * j / 40)),
    ),
}


def test_every_schedule_has_a_closed_form() -> None:
    assert set(CLOSED) == set(schedules)


@pytest.mark.parametrize("name", schedules)
def test_closed_form_at_every_step(name: str) -> None:
    numbers, formula = CLOSED[name]
    np.testing.assert_allclose(table(name, **numbers), [formula(j) for j in range(40)], rtol=1e-14)


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
    got = rates(entries[0], shaped(stack(entries), 1), base, np.arange(40.0), CALENDAR)
    assert got.shape == (2, 40)
    np.testing.assert_allclose(got[0], 1.0)
    np.testing.assert_allclose(got[1], [2 * 0.1 ** (j // 10) for j in range(40)])
