"""Rules that scale the step of each parameter by the squares of its gradients so far."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.optimizers.base import RATE, LearningRate, Rule, flushed, optimizers
from nettrain.catalogue.optimizers.descent import Scheduled
from nettrain.catalogue.settings import Number, number, option

Place = Literal["outside", "inside"]


def epsilons(epsilon: Number, place: Place) -> tuple[Number, Number]:
    """What is added inside and outside of the root."""
    return (epsilon, 0.0) if place == "inside" else (0.0, epsilon)


@kernel
def adagrad_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """G += g²; w -= αg/(√(G + inside) + outside)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, inside, outside = numbers[0], numbers[1], numbers[2], numbers[3]
        p, grads, decay = w[r, first:last], g[r, first:last], l2[r, group]
        total = state[r, 0, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            total[i] = flushed(total[i] + grad * grad)
            p[i] -= rate * grad / (np.sqrt(total[i] + inside) + outside) + shrink * p[i]


@optimizers.register("adagrad", source="Duchi, Hazan & Singer 2011")
class AdaGrad(Rule):
    """G += g²; w -= αg/(√G+ε), or αg/√(G+ε) with `epsilon_place: inside`.

    Suits sparse features: parameters that are rarely moved keep large steps. Since G only grows, every step
    size falls towards 0. The state holds G from 0 on; `initial_accumulator` is added where it is read.
    """

    epsilon: float = number(1e-10, "added to the root", ge=1e-38)
    epsilon_place: Place = option("outside", "whether ε is added outside the root or inside")
    initial_accumulator: float = number(0.0, "where the sum G begins", ge=0)

    def slots(self) -> tuple[str, ...]:
        return ("sum",)

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        inside, outside = epsilons(self.epsilon, self.epsilon_place)
        return [rate, inside + self.initial_accumulator, outside]

    def step(self) -> Kernel:
        return adagrad_step


@kernel
def adadelta_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """E = ρE+(1-ρ)g²; Δ = √(X+ε)/√(E+ε)·g; X = ρX+(1-ρ)Δ²; w -= αΔ."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, keep, new, eps = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        p, grads, decay = w[r, first:last], g[r, first:last], l2[r, group]
        squares, steps = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            squares[i] = flushed(keep * squares[i] + new * grad * grad)
            step = np.sqrt((steps[i] + eps) / (squares[i] + eps)) * grad
            steps[i] = flushed(keep * steps[i] + new * step * step)
            p[i] -= rate * step + shrink * p[i]


@optimizers.register("adadelta", source="Zeiler 2012")
class AdaDelta(Rule):
    """E = ρE+(1-ρ)g²; Δ = √(X+ε)/√(E+ε)·g; X = ρX+(1-ρ)Δ²; w -= αΔ.

    The ratio of two running means has the unit of w, so that α can stay 1, as in the paper; it begins slowly,
    with steps of the order of √ε.
    """

    learning_rate: LearningRate = number(1.0, RATE)
    rho: float = number(0.95, "share of both running means that is kept", ge=0, lt=1)
    epsilon: float = number(1e-6, "added inside of both roots", ge=1e-38)

    def slots(self) -> tuple[str, ...]:
        return ("squares", "steps")

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return [rate, self.rho, 1 - self.rho, self.epsilon]

    def step(self) -> Kernel:
        return adadelta_step


@kernel
def rmsprop_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """S = γS+(1-γ)g²; w -= αg/(√(S + inside) + outside)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, keep, new = numbers[0], numbers[1], numbers[2], numbers[3]
        inside, outside, decay = numbers[4], numbers[5], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        squares = state[r, 0, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            squares[i] = flushed(keep * squares[i] + new * grad * grad)
            p[i] -= rate * grad / (np.sqrt(squares[i] + inside) + outside) + shrink * p[i]


@kernel
def rmsprop_momentum_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """S as in rmsprop_step; b = μb + g/(√(S + inside) + outside); w -= αb."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, keep, new, mu = numbers[0], numbers[1], numbers[2], numbers[3], numbers[6]
        inside, outside, decay = numbers[4], numbers[5], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        squares, b = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            squares[i] = flushed(keep * squares[i] + new * grad * grad)
            b[i] = flushed(mu * b[i] + grad / (np.sqrt(squares[i] + inside) + outside))
            p[i] -= rate * b[i] + shrink * p[i]


@kernel
def centered_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """S as in rmsprop_step; m = γm+(1-γ)g; w -= αg/(√(max(0, S-m²) + inside) + outside)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, keep, new = numbers[0], numbers[1], numbers[2], numbers[3]
        inside, outside, decay = numbers[4], numbers[5], l2[r, group]
        p, grads, zero = w[r, first:last], g[r, first:last], w.dtype.type(0)
        squares, m = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            squares[i] = flushed(keep * squares[i] + new * grad * grad)
            m[i] = flushed(keep * m[i] + new * grad)
            variance = max(zero, squares[i] - m[i] * m[i])
            p[i] -= rate * grad / (np.sqrt(variance + inside) + outside) + shrink * p[i]


@kernel
def centered_momentum_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """S and m as in centered_step; b = μb + g/(√(max(0, S-m²) + inside) + outside); w -= αb."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, rate, keep, new, mu = numbers[0], numbers[1], numbers[2], numbers[3], numbers[6]
        inside, outside, decay = numbers[4], numbers[5], l2[r, group]
        p, grads, zero = w[r, first:last], g[r, first:last], w.dtype.type(0)
        squares, m, b = state[r, 0, first:last], state[r, 1, first:last], state[r, 2, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            squares[i] = flushed(keep * squares[i] + new * grad * grad)
            m[i] = flushed(keep * m[i] + new * grad)
            variance = max(zero, squares[i] - m[i] * m[i])
            b[i] = flushed(mu * b[i] + grad / (np.sqrt(variance + inside) + outside))
            p[i] -= rate * b[i] + shrink * p[i]


@optimizers.register("rmsprop", source="Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013")
class RMSProp(Rule):
    """S = γS+(1-γ)g²; w -= αg/d with d = √S+ε; centered: d = √(max(0, S-m²))+ε, m the mean of g.

    AdaGrad with a running mean in the place of the sum, so that steps do not fade; suits noisy gradients and
    objectives that change. With a momentum, b = μb + g/d and w -= αb. `epsilon_place: inside` has d = √(S+ε),
    as in TensorFlow; the default is PyTorch's.
    """

    learning_rate: LearningRate = number(0.001, RATE)
    gamma: float = number(0.9, "share of the squared gradient's running mean that is kept", ge=0, lt=1)
    epsilon: float = number(1e-6, "added to the root", ge=1e-38)
    epsilon_place: Place = option("outside", "whether ε is added outside the root or inside")
    centered: bool = option(False, "scale by the gradient's variance instead of its square")
    momentum: float | None = number(None, "share μ of the last steps that is kept", ge=0, lt=1)
    momentum_schedule: Scheduled = option("constant", "the momentum over time")
    momentum_field: ClassVar[str | None] = "momentum"

    @model_validator(mode="after")
    def _something_to_move(self) -> "RMSProp":
        if self.momentum is None and self.momentum_schedule.name != "constant":
            raise PydanticCustomError(
                "elsewhere", "needs optimizer.momentum", {"path": ("optimizer", "momentum_schedule")}
            )
        return self

    def slots(self) -> tuple[str, ...]:
        mean = ("mean",) if self.centered else ()
        return ("squares", *mean, *(() if self.momentum is None else ("velocity",)))

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        momentum = [] if self.momentum is None else [self.momentum]
        return [rate, self.gamma, 1 - self.gamma, *epsilons(self.epsilon, self.epsilon_place), *momentum]

    def step(self) -> Kernel:
        if self.centered:
            return centered_step if self.momentum is None else centered_momentum_step
        return rmsprop_step if self.momentum is None else rmsprop_momentum_step
