"""Adam and its family: a running mean of the gradient, divided by one of its size."""

from typing import ClassVar

import numpy as np

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.optimizers.base import RATE, LearningRate, Rule, flushed, optimizers, unbiased
from nettrain.catalogue.settings import Number, number, option

NEGLIGIBLE = 45.0  # 1 - e^-45 is 1 in float64


class Moments(Rule):
    """A rule with running means of the gradient, m, and of its square or size, v; not an entry itself."""

    learning_rate: LearningRate = number(0.001, RATE)
    beta1: float = number(0.9, "share of the gradient's running mean that is kept", ge=0, lt=1)
    beta2: float = number(0.999, "share of the squared gradient's running mean that is kept", ge=0, lt=1)
    epsilon: float = number(1e-8, "added to the root", ge=1e-38)
    momentum_field: ClassVar[str | None] = "beta1"

    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def means(self) -> list[Number]:
        """What every pass of the family reads first: β₁, 1-β₁, β₂, 1-β₂ and ε."""
        return [self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, self.epsilon]


@kernel
def adam_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m and v as in Adam; w -= rate·m / (root·√v + ε)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, new2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        eps, rate, root, decay = numbers[5], numbers[6], numbers[7], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m, v = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            v[i] = flushed(keep2 * v[i] + new2 * grad * grad)
            p[i] -= rate * m[i] / (np.sqrt(v[i]) * root + eps) + shrink * p[i]


@kernel
def amsgrad_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m and v as in Adam; x = max(x, v); w -= rate·m / (root·√x + ε)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, new2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        eps, rate, root, decay = numbers[5], numbers[6], numbers[7], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m, v, most = state[r, 0, first:last], state[r, 1, first:last], state[r, 2, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            v[i] = flushed(keep2 * v[i] + new2 * grad * grad)
            most[i] = max(most[i], v[i])
            p[i] -= rate * m[i] / (np.sqrt(most[i]) * root + eps) + shrink * p[i]


@optimizers.register("adam", source="Kingma & Ba 2015, algorithm 1; amsgrad: Reddi, Kale & Kumar 2018")
class Adam(Moments):
    """m = β₁m+(1-β₁)g, v = β₂v+(1-β₂)g², w -= α·m̂/(√v̂+ε), with m̂ = m/(1-β₁ᵗ) and v̂ = v/(1-β₂ᵗ).

    A good first choice: it needs little tuning, as every parameter gets a step of about α whatever the size
    of its gradient. `bias_correction: false` uses m and v themselves. `amsgrad` divides by the largest v so
    far, so that no step size
    grows again.

    Where a schedule moves β₁, its value at step t is used in β₁ᵗ, as in PyTorch.
    """

    bias_correction: bool = option(True, "divide both means by the weight that they have gathered")
    amsgrad: bool = option(False, "scale by the largest v so far")

    def slots(self) -> tuple[str, ...]:
        return ("m", "v", "largest_v") if self.amsgrad else ("m", "v")

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        if not self.bias_correction:
            return [*self.means(), rate, 1.0]
        return [*self.means(), rate / unbiased(self.beta1, t), 1 / np.sqrt(unbiased(self.beta2, t))]

    def step(self) -> Kernel:
        return amsgrad_step if self.amsgrad else adam_step


@optimizers.register("adamw", source="Loshchilov & Hutter 2019, algorithm 2")
class AdamW(Adam):
    """Adam with decoupled decay of the weights: w -= α·m̂/(√v̂+ε) + αλw.

    Unlike an l2 penalty the decay is not divided by √v̂, so that all weights shrink at the same rate; usually
    the better way to regularize Adam. Biases and other parameters do not decay.
    """

    weight_decay: float = number(0.01, "decoupled decay λ of the weights", ge=0)


@kernel
def adamax_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m as in Adam; u = max(β₂u, |g|+ε); w -= rate·m/u."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, eps = numbers[0], numbers[1], numbers[2], numbers[3], numbers[5]
        rate, decay = numbers[6], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m, u = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            u[i] = max(keep2 * u[i], abs(grad) + eps)
            p[i] -= rate * m[i] / u[i] + shrink * p[i]


@optimizers.register("adamax", source="Kingma & Ba 2015, algorithm 2")
class AdaMax(Moments):
    """m = β₁m+(1-β₁)g; u = max(β₂u, |g|+ε); w -= α/(1-β₁ᵗ)·m/u.

    Adam with the largest gradient in the place of the root mean square; steadier where a few large gradients
    come far apart. ε is added to |g|, as in PyTorch, where the paper has none.
    """

    learning_rate: LearningRate = number(0.002, RATE)
    beta2: float = number(0.999, "share of the largest gradient that is kept", ge=0, lt=1)
    epsilon: float = number(1e-8, "added to the gradient's size", ge=1e-37)

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return [*self.means(), rate / unbiased(self.beta1, t)]

    def step(self) -> Kernel:
        return adamax_step


@kernel
def nadam_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m and v as in Adam; w -= (now·g + next·m)/(root·√v + ε)."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, new2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        eps, now, following, root, decay = numbers[5], numbers[6], numbers[7], numbers[8], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m, v = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            v[i] = flushed(keep2 * v[i] + new2 * grad * grad)
            p[i] -= (now * grad + following * m[i]) / (np.sqrt(v[i]) * root + eps) + shrink * p[i]


@optimizers.register("nadam", source="Dozat 2016; the schedule's numbers are PyTorch's")
class NAdam(Moments):
    """Adam with Nesterov's look-ahead, whose momentum μ_t = β₁(1-½·0.96^{tψ}) follows its own schedule.

    d = √v̂+ε; w -= α(1-μ_t)/(1-Π_t)·g/d + αμ_{t+1}/(1-Π_t·μ_{t+1})·m/d, with Π_t = μ_1·…·μ_t. As μ has a
    schedule of its own, no momentum schedule or cycle moves it.
    """

    learning_rate: LearningRate = number(0.002, RATE)
    psi: float = number(0.004, "speed ψ at which the momentum rises from β₁/2 to β₁", ge=0)
    momentum_field: ClassVar[str | None] = None

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        now, following = self.momentum_at(t), self.momentum_at(t + 1)
        product = self.momentum_product(t)
        root = 1 / np.sqrt(unbiased(self.beta2, t))
        ours = rate * (1 - now) / (1 - product)
        return [*self.means(), ours, rate * following / (1 - product * following), root]

    def step(self) -> Kernel:
        return nadam_step

    def momentum_at(self, t: Floats) -> Floats:
        """μ_t = β₁(1-½·0.96^{tψ}) of each member at steps t (T,): (R, T)."""
        risen: Floats = 1 - 0.5 * np.exp(t * self.psi * np.log(0.96))
        return self.beta1 * risen

    def momentum_product(self, t: Floats) -> Floats:
        """Π_t = μ_1·…·μ_t of each member at consecutive steps t (T,): (R, T).

        The product is always taken from the first step on, so that no bit depends on where t begins. It ends
        where β₁ᵗ, which is never less than Π_t, no longer changes 1-Π_t.
        """
        with np.errstate(divide="ignore", under="ignore"):
            last = np.max(np.ceil(-NEGLIGIBLE / np.log(self.beta1)), initial=1)
            steps = np.arange(1, min(t[-1], last) + 1)
            known = np.cumprod(self.momentum_at(steps), axis=1)
        product = np.zeros((len(known), len(t)))
        there = t <= len(steps)
        product[:, there] = known[:, t[there].astype(int) - 1]
        return product


@kernel
def radam_step(w: Array, g: Array, state: Array, c: Array, l2: Array, blocks: Array) -> None:
    """m and v as in Adam; w -= (plain + scaled/(√v + ε))·m."""
    for task in prange(blocks.shape[0]):
        r, first, last, group = blocks[task, 0], blocks[task, 1], blocks[task, 2], blocks[task, 3]
        numbers = c[r, group]
        shrink, keep1, new1, keep2, new2 = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
        eps, plain, scaled, decay = numbers[5], numbers[6], numbers[7], l2[r, group]
        p, grads = w[r, first:last], g[r, first:last]
        m, v = state[r, 0, first:last], state[r, 1, first:last]
        for i in range(p.size):
            grad = grads[i] + decay * p[i]
            m[i] = flushed(keep1 * m[i] + new1 * grad)
            v[i] = flushed(keep2 * v[i] + new2 * grad * grad)
            p[i] -= (plain + scaled / (np.sqrt(v[i]) + eps)) * m[i] + shrink * p[i]


@optimizers.register("radam", source="Liu et al. 2020; the bound 5 is PyTorch's")
class RAdam(Moments):
    """Adam that divides by √v̂ only where v is reliable: ρ_t = ρ∞ - 2tβ₂ᵗ/(1-β₂ᵗ) > 5, ρ∞ = 2/(1-β₂)-1.

    Then w -= α·m̂·r·√(1-β₂ᵗ)/(√v+ε) with r = √((ρ_t-4)(ρ_t-2)ρ∞/((ρ∞-4)(ρ∞-2)ρ_t)); before that w -= αm̂. Use
    it instead of Adam with a warmup. The paper's bound for ρ_t is 4; 5 and the place of ε are PyTorch's.
    """

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        gathered, most = unbiased(self.beta2, t), 2 / (1 - self.beta2) - 1
        rho = most - 2 * t * (1 - gathered) / gathered
        trusted, mean = rho > 5, rate / unbiased(self.beta1, t)
        # where v is not reliable any ρ will do, as the result is not used
        known, bound = np.where(trusted, rho, 6.0), np.where(trusted, most, 6.0)
        ratio = (known - 4) * (known - 2) * bound / ((bound - 4) * (bound - 2) * known)
        scaled = mean * np.sqrt(ratio * gathered)
        return [*self.means(), np.where(trusted, 0.0, mean), np.where(trusted, scaled, 0.0)]

    def step(self) -> Kernel:
        return radam_step
