"""Gradient descent, with and without momentum."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.optimizers.base import Rule, flushed, optimizers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.schedules.momentum import MomentumSchedule, momentum_schedules
from nettrain.catalogue.settings import Number, number, option

Scheduled = Annotated[MomentumSchedule, Choice(momentum_schedules, default="constant")]


@kernel
def sgd_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """w -= αg."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, decay = numbers[0], numbers[1], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        for i in range(p.size):
            p[i] -= rate * (grads[i] + decay * p[i]) + shrink * p[i]


@optimizers.register("sgd", source="Robbins & Monro 1951")
class SGD(Rule):
    """w -= αg: gradient descent on batches.

    The textbook rule, and the delta rule under mse_half. Its learning rate needs the most tuning; momentum is
    nearly always faster.
    """

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return [rate]

    def step(self) -> Kernel:
        return sgd_step


class MomentumRule(Rule):
    """A rule with a velocity: v = keep·v + new·g; w -= pace·v, where each `form` has its own coefficients.

    classical keeps -αg in v (new = -α, pace = -1), velocity g itself (new = 1, pace = α), and average a
    running mean of g (new = 1-β, pace = α).
    """

    momentum: float = number(0.9, "share μ (average: β) of the velocity that is kept", ge=0, lt=1)
    form: Literal["classical", "velocity", "average"] = option(
        "classical",
        "classical: v = μv - αg, w += v; velocity: v = μv + g, w -= αv (differs when α changes); "
        "average: v = βv + (1-β)g, w -= αv",
    )
    momentum_schedule: Scheduled = option("constant", "the momentum over time")
    momentum_field: ClassVar[str | None] = "momentum"

    def slots(self) -> tuple[str, ...]:
        return ("velocity",)

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        if self.form == "classical":
            return [self.momentum, -rate, -1.0]
        return [self.momentum, 1.0 if self.form == "velocity" else 1 - self.momentum, rate]


@kernel
def momentum_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = keep·v + new·g; w -= pace·v."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep, new, pace, decay = numbers[0], numbers[1], numbers[2], numbers[3], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        v = state[r, 0, first:last]
        for i in range(p.size):
            v[i] = flushed(keep * v[i] + new * (grads[i] + decay * p[i]))
            p[i] -= pace * v[i] + shrink * p[i]


@optimizers.register("momentum", source="Polyak 1964; Goodfellow et al. 2016, algorithm 8.2")
class Momentum(MomentumRule):
    """classical: v = μv - αg, w += v. velocity (as PyTorch): v = μv + g, w -= αv. average: βv + (1-β)g.

    Steps add up where gradients agree, to as much as α/(1-μ) (average: α), and cancel where they alternate.
    With a constant α, classical and velocity take the same steps, and so does average with α/(1-β). Where a
    schedule changes α, velocity is classical with the momentum μα(t)/α(t-1): it rescales its whole past.
    An average that starts at 0 is too small at first, (1-βᵗ)g after t equal gradients g; `start: gradient` is
    the form of courses whose V(0) is the gradient of the first batch, so that the first step is αg.
    """

    start: Literal["zero", "gradient"] = option(
        "zero", "of the average form: the velocity begins at 0, or at the first gradient"
    )

    @model_validator(mode="after")
    def _averages_start(self) -> Self:
        if self.start != "zero" and self.form != "average":
            text = f"{self.start} is of form average, the velocity of {self.form} begins at 0"
            raise PydanticCustomError("elsewhere", "{text}", {"text": text, "path": ("optimizer", "start")})
        return self

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        """From V = g, βV + (1-β)g is g: in the first step, all of the gradient is new."""
        keep, new, pace = super().coefficients(rate, t)
        return [keep, np.where(t == 1, 1.0, new) if self.start == "gradient" else new, pace]

    def step(self) -> Kernel:
        return momentum_step


@kernel
def nesterov_look_ahead(w: Array, ahead: Array, state: Array, c: Array, blocks: Array) -> None:
    """The point where the gradient is taken: ahead = w - reach·v."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        reach, p = c[r, group, 4], w[r, first:last]
        point, v = ahead[r, first:last], state[r, 0, first:last]
        for i in range(p.size):
            point[i] = p[i] - reach * v[i]


@kernel
def nesterov_step(w: Array, ahead: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = keep·v + new·g with g from ahead; w -= pace·v; then the next step's ahead = w - reach·v."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep, new, pace, decay = numbers[0], numbers[1], numbers[2], numbers[3], l2[r, group]
        reach = numbers[8]
        p, grads = w[r, first:last], g[r, first:last]
        point, v = ahead[r, first:last], state[r, 0, first:last]
        for i in range(p.size):
            v[i] = flushed(keep * v[i] + new * (grads[i] + decay * point[i]))
            p[i] -= pace * v[i] + shrink * p[i]
            point[i] = p[i] - reach * v[i]


@optimizers.register("nesterov", source="Nesterov 1983; Sutskever et al. 2013")
class Nesterov(MomentumRule):
    """Momentum with the gradient taken at the look-ahead point w + μv (velocity form: w - αμv).

    Corrects a velocity that is about to overshoot, so that larger μ stay stable. The average form looks ahead
    by the whole step αv, or by αβv. The velocity form looks ahead by αμv, where some courses write αv; and α
    is that of the coming step, so that its path is that of the classical form only while α is constant, and
    with the momentum μα(t)/α(t-1) where it changes. The stored weights are always w: the point ahead is an
    array of its own, in which a pass leaves the point of the next step. PyTorch stores the point ahead
    instead, w - αμv with the α of the step before.
    """

    look_ahead: Literal["step", "beta"] = option(
        "step", "of the average form: step looks ahead by αv, beta by αβv"
    )

    @model_validator(mode="after")
    def _one_step_ahead(self) -> Self:
        if self.look_ahead != "step" and self.form != "average":
            text = f"{self.look_ahead} is of form average, {self.form} looks ahead in one way only"
            raise PydanticCustomError(
                "elsewhere", "{text}", {"text": text, "path": ("optimizer", "look_ahead")}
            )
        return self

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        keep, new, pace = super().coefficients(rate, t)
        whole = self.form == "average" and self.look_ahead == "step"
        return [keep, new, pace, pace if whole else pace * keep]

    def step(self) -> Kernel:
        return nesterov_step

    def ahead(self) -> Kernel | None:
        return nesterov_look_ahead
