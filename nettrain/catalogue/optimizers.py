"""Optimizers: each entry is a fused pass over all parameters of all members.

Conventions: w, g (R, P); state (R, S, P), zero at the start; c (R, K): the values of `coefficients`, computed
on the host in float64 for steps t = 1, 2, … and handed over in the run's dtype. A pass goes through
blocks (T, 4) of parameters: member, first, last + 1 and kind, which is 0 for weight matrices and 1 for all
else; l2 (R, 2) is a member's penalty on either kind. Kernels slice arrays by block and count from 0: only
then does the compiler see that no index is negative, and makes vector code. One pass adds the penalty to
the gradient, updates the state and steps. Moments that decay below the smallest normal number become 0, since
arithmetic on denormals is 10 to 20 times slower.
"""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array
from nettrain.backend.kernel import Kernel, inline, kernel, prange
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number, option

optimizers: Registry["Optimizer"] = Registry("optimizer")

BLOCK = 8192  # parameters that one thread takes at a time


class Optimizer(Variant):
    """An update rule; `state` names its arrays."""

    learning_rate: float = number(0.01, "step size α", gt=0)
    state: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    def coefficients(s: Any, rate: Any, t: Any) -> list[Any]:
        """What the pass needs at steps t (T,) with these rates (R, T): K values, each fit for (R, T)."""
        raise NotImplementedError

    @staticmethod
    def step(s: Any) -> Kernel:
        """The pass `step(w, g, state, c, l2, blocks)`."""
        raise NotImplementedError

    @staticmethod
    def look_ahead(s: Any) -> Kernel | None:
        """A pass `look_ahead(w, state, c, blocks)` before the forward pass, if the rule has one."""
        return None


@inline
def flushed(x: Array) -> Any:
    """x, or 0 where x is smaller than any normal number of its type; NaN stays NaN."""
    tiny = np.finfo(type(x)).tiny
    return type(x)(0) if abs(x) < tiny else x


@kernel
def sgd_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """w -= αg."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, decay = c[r, 0], l2[r, kind]
        p, grads = w[r, first:last], g[r, first:last]
        for i in range(p.size):
            p[i] -= rate * (grads[i] + decay * p[i])


@optimizers.register("sgd", source="Robbins & Monro 1951")
class SGD(Optimizer):
    """w -= αg."""

    @staticmethod
    def coefficients(s: Any, rate: Any, t: Any) -> list[Any]:
        return [rate]

    @staticmethod
    def step(s: Any) -> Kernel:
        return sgd_step


@kernel
def classical_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = μv - αg; w += v."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, mu, decay = c[r, 0], c[r, 1], l2[r, kind]
        p, grads = w[r, first:last], g[r, first:last]
        v = state[r, 0, first:last]
        for i in range(p.size):
            v[i] = flushed(mu * v[i] - rate * (grads[i] + decay * p[i]))
            p[i] += v[i]


@kernel
def velocity_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = μv + g; w -= αv."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, mu, decay = c[r, 0], c[r, 1], l2[r, kind]
        p, grads = w[r, first:last], g[r, first:last]
        v = state[r, 0, first:last]
        for i in range(p.size):
            v[i] = flushed(mu * v[i] + grads[i] + decay * p[i])
            p[i] -= rate * v[i]


class Inertial(Optimizer):
    """A rule with a velocity v and a momentum μ, in one of the two usual conventions."""

    momentum: float = number(0.9, "share μ of the velocity that is kept", ge=0, lt=1)
    form: Literal["classical", "velocity"] = option(
        "classical",
        "classical: v = μv - αg, w += v; velocity: v = μv + g, w -= αv (differs when α changes)",
    )
    state: ClassVar[tuple[str, ...]] = ("velocity",)

    @staticmethod
    def coefficients(s: Any, rate: Any, t: Any) -> list[Any]:
        return [rate, s.momentum]


@optimizers.register("momentum", source="Polyak 1964; Goodfellow et al. 2016, algorithm 8.2")
class Momentum(Inertial):
    """classical: v = μv - αg, w += v. velocity (as PyTorch): v = μv + g, w -= αv."""

    @staticmethod
    def step(s: Any) -> Kernel:
        return classical_step if s.form == "classical" else velocity_step


@kernel
def classical_look_ahead(w: Array, state: Array, c: Array, blocks: Array) -> None:
    """Store w; w += μv."""
    for task in prange(blocks.shape[0]):
        r, first, last = blocks[task, 0], blocks[task, 1], blocks[task, 2]
        mu, p = c[r, 1], w[r, first:last]
        v, stored = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            stored[i] = p[i]
            p[i] += mu * v[i]


@kernel
def velocity_look_ahead(w: Array, state: Array, c: Array, blocks: Array) -> None:
    """Store w; w -= αμv."""
    for task in prange(blocks.shape[0]):
        r, first, last = blocks[task, 0], blocks[task, 1], blocks[task, 2]
        ahead, p = c[r, 0] * c[r, 1], w[r, first:last]
        v, stored = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            stored[i] = p[i]
            p[i] -= ahead * v[i]


@kernel
def nesterov_classical_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = μv - αg with g from ahead; w = stored + v."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, mu, decay = c[r, 0], c[r, 1], l2[r, kind]
        p, grads = w[r, first:last], g[r, first:last]
        v, stored = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            v[i] = flushed(mu * v[i] - rate * (grads[i] + decay * p[i]))
            p[i] = stored[i] + v[i]


@kernel
def nesterov_velocity_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """v = μv + g with g from ahead; w = stored - αv."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, mu, decay = c[r, 0], c[r, 1], l2[r, kind]
        p, grads = w[r, first:last], g[r, first:last]
        v, stored = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            v[i] = flushed(mu * v[i] + grads[i] + decay * p[i])
            p[i] = stored[i] - rate * v[i]


@optimizers.register("nesterov", source="Nesterov 1983; Sutskever et al. 2013")
class Nesterov(Inertial):
    """Momentum with the gradient taken where the velocity is about to lead.

    Two halves: before the forward pass w moves on by μv (velocity form: by -αμv), after it the stored w
    comes back and steps with the gradient found there. The stored weights are kept beside the velocity,
    so that coming back is exact.
    """

    state = ("velocity", "stored")

    @staticmethod
    def step(s: Any) -> Kernel:
        return nesterov_classical_step if s.form == "classical" else nesterov_velocity_step

    @staticmethod
    def look_ahead(s: Any) -> Kernel | None:
        return classical_look_ahead if s.form == "classical" else velocity_look_ahead


@kernel
def adam_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m and v as Adam has them; w -= α/(1-β₁ᵗ)·m / (√v/√(1-β₂ᵗ) + ε)."""
    for task in prange(blocks.shape[0]):
        r, first, last, kind = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        rate, root, eps, decay = c[r, 0], c[r, 1], c[r, 2], l2[r, kind]
        keep1, new1, keep2, new2 = c[r, 3], c[r, 4], c[r, 5], c[r, 6]
        p, grads = w[r, first:last], g[r, first:last]
        m, v = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            v[i] = flushed(keep2 * v[i] + new2 * grad * grad)
            p[i] -= rate * m[i] / (np.sqrt(v[i]) * root + eps)


@optimizers.register("adam", source="Kingma & Ba 2015, algorithm 1")
class Adam(Optimizer):
    """m = β₁m+(1-β₁)g, v = β₂v+(1-β₂)g², w -= α·m̂/(√v̂+ε), with m̂ = m/(1-β₁ᵗ) and v̂ = v/(1-β₂ᵗ)."""

    learning_rate: float = number(0.001, "step size α", gt=0)
    beta1: float = number(0.9, "share of the gradient's running mean that is kept", ge=0, lt=1)
    beta2: float = number(0.999, "share of the squared gradient's that is kept", ge=0, lt=1)
    epsilon: float = number(1e-8, "added to the root", ge=1e-38)
    state = ("m", "v")

    @staticmethod
    def coefficients(s: Any, rate: Any, t: Any) -> list[Any]:
        root = 1 / np.sqrt(unbiased(s.beta2, t))
        scaled = rate / unbiased(s.beta1, t)
        return [scaled, root, s.epsilon, s.beta1, 1 - s.beta1, s.beta2, 1 - s.beta2]

    @staticmethod
    def step(s: Any) -> Kernel:
        return adam_step


def unbiased(beta: Any, t: Any) -> Any:
    """1 - βᵗ, the weight that a running mean started at 0 has gathered after t steps.

    Through logarithms, not np.power: its shortcut for squares would make the bits depend on R.
    """
    with np.errstate(divide="ignore"):
        return -np.expm1(t * np.log(beta))


def blocks(members: int, size: int, weights: int) -> npt.NDArray[np.int64]:
    """What a pass over w (R, P) goes through, at most BLOCK parameters at a time; weights come first."""
    parts = [(0, weights, 0), (weights, size, 1)]
    table = [
        (r, first, min(first + BLOCK, stop), kind)
        for r in range(members)
        for start, stop, kind in parts
        for first in range(start, stop, BLOCK)
    ]
    return np.array(table, dtype=np.int64)
