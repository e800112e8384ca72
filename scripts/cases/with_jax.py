"""JAX in its fastest fair form: one jitted scan over an epoch that gathers its batches, vmap over members."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from peers.problem import BETA1, BETA2, EPSILON, Array

from cases.case import Case
from cases.orders import Orders, initial_weights

jax.config.update("jax_platforms", "cpu")

SHARE, VARIANCE = 0.1, 1e-5  # batch norm: share of a batch in the running averages, added to the variance
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}


class Trainer:
    """Parameters and both moments as pytrees, which each epoch replaces."""

    def __init__(self, case: Case, x: Array, y: Array) -> None:
        self.case, self.x, self.y = case, jnp.asarray(x), jnp.asarray(y.astype(np.int32))
        self.orders = Orders(case)
        self.scan = jax.jit(partial(epoch, case), donate_argnums=0)
        self.measure = jax.jit(partial(loss, case, training=False))

    def begin(self) -> None:
        weights = [layer(self.case, index, w) for index, w in enumerate(initial_weights(self.case))]
        running = [
            {"mean": jnp.zeros((len(w), w.shape[2])), "variance": jnp.ones((len(w), w.shape[2]))}
            for w in initial_weights(self.case)[:-1]
        ]
        network = (weights, running if self.case.norm else [])
        if self.case.members == 1:
            network = jax.tree.map(lambda a: a[0], network)
        moments = [jax.tree.map(jnp.zeros_like, network[0]) for _ in range(2)]
        self.state: Any = (*network, *moments, jnp.zeros(()), jax.random.key(0))

    def train(self) -> float:
        return self.orders.timed(self.epoch, lambda: jax.block_until_ready(self.state))

    def epoch(self, index: Array) -> None:
        """A step per row of index (T, R, B)."""
        rows = index if self.case.members > 1 else index[:, 0]
        self.state = self.scan(self.state, self.x, self.y, rows.astype(np.int32))

    def loss(self) -> float:
        weights, running = self.state[:2]
        measure = self.measure if self.case.members == 1 else jax.vmap(self.measure, (0, 0, None, None, None))
        return float(measure(weights, running, self.x, self.y, self.state[5])[0].mean())


def layer(case: Case, index: int, weight: Array) -> dict[str, Any]:
    """The parameters of a layer of all members: a bias, or gain and shift of the normalization behind it."""
    row = (len(weight), weight.shape[2])
    if case.norm and index < len(case.products) - 1:
        return {"weight": jnp.asarray(weight), "gain": jnp.ones(row), "shift": jnp.zeros(row)}
    return {"weight": jnp.asarray(weight), "bias": jnp.zeros(row)}


def loss(case: Case, weights: Any, running: Any, x: Any, y: Any, key: Any, *, training: bool) -> Any:
    """Mean cross-entropy of rows x (B, D), y (B,), and the running averages after them."""
    *hidden, last = weights
    updated = []
    for index, one in enumerate(hidden):
        x = x @ one["weight"]
        if case.norm:
            x, averages = normalized(x, one, running[index], training=training)
            updated.append(averages)
        else:
            x = x + one["bias"]
        x = ACTIVATIONS[case.activation](x)
        if case.dropout and training:
            kept = jax.random.bernoulli(jax.random.fold_in(key, index), 1 - case.dropout, x.shape)
            x = jnp.where(kept, x / (1 - case.dropout), 0)
    likelihood = jax.nn.log_softmax(x @ last["weight"] + last["bias"])
    return -jnp.take_along_axis(likelihood, y[:, None], axis=1).mean(), updated


def normalized(x: Any, one: Any, running: Any, *, training: bool) -> tuple[Any, Any]:
    """Rows by the mean and variance of the batch, or by the running ones; and these after the batch."""
    mean, variance, rows = running["mean"], running["variance"], len(x)
    if training:
        mean, variance = x.mean(0), x.var(0)
        seen = {"mean": mean, "variance": variance * rows / (rows - 1)}
        running = jax.tree.map(lambda old, new: (1 - SHARE) * old + SHARE * new, running, seen)
    return (x - mean) * (one["gain"] * jax.lax.rsqrt(variance + VARIANCE)) + one["shift"], running


def step(case: Case, weights: Any, running: Any, m: Any, v: Any, t: Any, key: Any, x: Any, y: Any) -> Any:
    """One member after step t = 1, 2, … of Adam in nettrain's form."""
    training = partial(loss, case, training=True)
    gradient, running = jax.grad(training, has_aux=True)(weights, running, x, y, key)
    m = jax.tree.map(lambda a, g: BETA1 * a + (1 - BETA1) * g, m, gradient)
    v = jax.tree.map(lambda a, g: BETA2 * a + (1 - BETA2) * g * g, v, gradient)
    scaled, root = case.rate / (1 - BETA1**t), 1 / jnp.sqrt(1 - BETA2**t)
    weights = jax.tree.map(lambda w, a, s: w - scaled * a / (jnp.sqrt(s) * root + EPSILON), weights, m, v)
    return weights, running, m, v


def epoch(case: Case, state: Any, x: Any, y: Any, index: Any) -> Any:
    """The state after a step per row of index, (T, B) or with members (T, R, B)."""
    one = partial(step, case)
    if case.members > 1:
        one = jax.vmap(one, (0, 0, 0, 0, None, 0, 0, 0))

    def after(state: Any, rows: Any) -> Any:
        *arrays, t, key = state
        t = t + 1
        if case.dropout:
            key, drawn = jax.random.split(key)
        else:
            drawn = key
        if case.members > 1:
            drawn = jax.random.split(drawn, case.members)
        return (*one(*arrays, t, drawn, x[rows], y[rows]), t, key), None

    return jax.lax.scan(after, state, index)[0]
