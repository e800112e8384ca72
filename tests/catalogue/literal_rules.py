"""Every update rule as its source writes it, one scalar at a time.

A rule is a coroutine of one parameter: it yields where it wants the gradient and where w is, and is sent the
gradient. `rate(t)` and `mu(t)` are its step size and its momentum or β₁ at step t = 1, 2, …, `s` its numbers,
`decay` the λ of a decoupled decay.
"""

import math
from collections.abc import Callable, Generator
from typing import Any

Walk = Generator[tuple[float, float], float, None]
Time = Callable[[int], float]


def sgd(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    t = 1
    while True:
        g = yield w, w
        w = w - rate(t) * g - rate(t) * decay * w
        t += 1


def momentum(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    v, t = 0.0, 1
    while True:
        g = yield w, w
        old = w
        if s.form == "classical":
            v = mu(t) * v - rate(t) * g
            w = w + v
        elif s.form == "velocity":
            v = mu(t) * v + g
            w = w - rate(t) * v
        else:
            v = g if s.start == "gradient" and t == 1 else v
            v = mu(t) * v + (1 - mu(t)) * g
            w = w - rate(t) * v
        w = w - rate(t) * decay * old
        t += 1


def nesterov(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    """In two points: away from w to where the gradient is taken, back to w, and the step."""
    v, t = 0.0, 1
    while True:
        if s.form == "classical":
            ahead = w + mu(t) * v
        elif s.form == "velocity":
            ahead = w - rate(t) * mu(t) * v
        elif s.look_ahead == "step":
            ahead = w - rate(t) * v
        else:
            ahead = w - rate(t) * mu(t) * v
        g = yield ahead, w
        old = w
        if s.form == "classical":
            v = mu(t) * v - rate(t) * g
            w = w + v
        elif s.form == "velocity":
            v = mu(t) * v + g
            w = w - rate(t) * v
        else:
            v = mu(t) * v + (1 - mu(t)) * g
            w = w - rate(t) * v
        w = w - rate(t) * decay * old
        t += 1


def adagrad(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    total, t = s.initial_accumulator, 1
    while True:
        g = yield w, w
        total = total + g * g
        inside = s.epsilon_place == "inside"
        d = math.sqrt(total + s.epsilon) if inside else math.sqrt(total) + s.epsilon
        w = w - rate(t) * g / d - rate(t) * decay * w
        t += 1


def adadelta(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    e, x, t = 0.0, 0.0, 1
    while True:
        g = yield w, w
        e = s.rho * e + (1 - s.rho) * g * g
        delta = math.sqrt(x + s.epsilon) / math.sqrt(e + s.epsilon) * g
        x = s.rho * x + (1 - s.rho) * delta * delta
        w = w - rate(t) * delta - rate(t) * decay * w
        t += 1


def rmsprop(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    squares, mean, b, t = 0.0, 0.0, 0.0, 1
    while True:
        g = yield w, w
        squares = s.gamma * squares + (1 - s.gamma) * g * g
        mean = s.gamma * mean + (1 - s.gamma) * g
        under = max(0.0, squares - mean * mean) if s.centered else squares
        inside = s.epsilon_place == "inside"
        d = math.sqrt(under + s.epsilon) if inside else math.sqrt(under) + s.epsilon
        b = g / d if s.momentum is None else mu(t) * b + g / d
        w = w - rate(t) * b - rate(t) * decay * w
        t += 1


def adam(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    m, v, x, t = 0.0, 0.0, 0.0, 1
    while True:
        g = yield w, w
        m = mu(t) * m + (1 - mu(t)) * g
        v = s.beta2 * v + (1 - s.beta2) * g * g
        x = max(x, v)
        used = x if s.amsgrad else v
        m_hat, v_hat = m, used
        if s.bias_correction:
            m_hat, v_hat = m / (1 - mu(t) ** t), used / (1 - s.beta2**t)
        w = w - rate(t) * m_hat / (math.sqrt(v_hat) + s.epsilon) - rate(t) * decay * w
        t += 1


def adamax(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    m, u, t = 0.0, 0.0, 1
    while True:
        g = yield w, w
        m = mu(t) * m + (1 - mu(t)) * g
        u = max(s.beta2 * u, abs(g) + s.epsilon)
        w = w - rate(t) / (1 - mu(t) ** t) * m / u - rate(t) * decay * w
        t += 1


def nadam(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    m, v, product, t = 0.0, 0.0, 1.0, 1
    while True:
        g = yield w, w
        now = s.beta1 * (1 - 0.5 * 0.96 ** (t * s.psi))
        following = s.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * s.psi))
        product = product * now
        m = s.beta1 * m + (1 - s.beta1) * g
        v = s.beta2 * v + (1 - s.beta2) * g * g
        d = math.sqrt(v / (1 - s.beta2**t)) + s.epsilon
        old = w
        w = w - rate(t) * (1 - now) / (1 - product) * g / d
        w = w - rate(t) * following / (1 - product * following) * m / d - rate(t) * decay * old
        t += 1


def radam(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    m, v, t = 0.0, 0.0, 1
    most = 2 / (1 - s.beta2) - 1
    while True:
        g = yield w, w
        m = mu(t) * m + (1 - mu(t)) * g
        v = s.beta2 * v + (1 - s.beta2) * g * g
        m_hat, gathered = m / (1 - mu(t) ** t), 1 - s.beta2**t
        rho = most - 2 * t * s.beta2**t / gathered
        step = rate(t) * m_hat
        if rho > 5:
            r = math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
            step = step * r * math.sqrt(gathered) / (math.sqrt(v) + s.epsilon)
        w = w - step - rate(t) * decay * w
        t += 1


def lion(w: float, s: Any, rate: Time, mu: Time, decay: float) -> Walk:
    m, t = 0.0, 1
    while True:
        g = yield w, w
        between = mu(t) * m + (1 - mu(t)) * g
        u = (between > 0) - (between < 0)
        w = w - rate(t) * (u + decay * w)
        m = s.beta2 * m + (1 - s.beta2) * g
        t += 1


RULES: dict[str, Callable[..., Walk]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
    "adamax": adamax,
    "nadam": nadam,
    "radam": radam,
    "lion": lion,
}
