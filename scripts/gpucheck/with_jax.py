"""JAX in its fastest fair form: a jitted scan over the steps of an epoch, with vmap over the members."""

import os
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the other sides live on the same device

import jax
import jax.numpy as jnp

from gpucheck.cases import BETA1, BETA2, EPSILON, NORM_EPSILON, NORM_MOMENTUM, RATE, Case, random_rows

VERSION = jax.__version__
Tree = Any


class JaxBenchmark:
    """Weights, both moments and running statistics of all members, which each epoch replaces."""

    def __init__(self, case: Case, backend: str) -> None:
        jax.config.update("jax_platforms", "cuda" if backend == "cupy" else "cpu")
        jax.config.update("jax_default_matmul_precision", "highest")  # no TF32, as the others
        self.case, self.done = case, 0
        x, y = random_rows(case)
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        keys = jax.random.split(jax.random.key(0), case.members)
        weights, running = jax.vmap(partial(initial, case))(keys)
        zeros = partial(jax.tree.map, jnp.zeros_like)
        self.state = (weights, zeros(weights), zeros(weights), running, jnp.zeros(case.members))
        self.epoch = jax.jit(jax.vmap(partial(epoch, case), (0, None, None, 0)), donate_argnums=0)

    def turn(self) -> dict[str, float]:
        """An epoch in a new order: its seconds and its mean loss."""
        started = perf_counter()
        keys = jax.random.split(jax.random.key(1 + self.done), self.case.members)
        self.state, losses = self.epoch(self.state, self.x, self.y, keys)
        mean = float(losses.mean())
        jax.block_until_ready(self.state)
        self.done += 1
        return {"seconds": perf_counter() - started, "loss": mean}

    def facts(self) -> dict[str, Any]:
        """The most memory that was used on the device."""
        stats = jax.devices()[0].memory_stats() or {}
        return {"memory": stats.get("peak_bytes_in_use")}


def initial(case: Case, key: Any) -> tuple[Tree, Tree]:
    """Weights of variance 2/m (He et al. 2015), and running means and variances."""
    weights, running = [], []
    for k, (m, n) in enumerate(pairwise(case.widths)):
        w = jax.random.normal(jax.random.fold_in(key, k), (m, n)) * (2 / m) ** 0.5
        norm = {"gain": jnp.ones(n), "shift": jnp.zeros(n)} if case.batch_norm else {}
        weights.append({"w": w, "b": jnp.zeros(n), **norm})
        running.append((jnp.zeros(n), jnp.ones(n)))
    return weights, running


def forward(case: Case, weights: Tree, running: Tree, x: Any, key: Any) -> tuple[Any, Tree]:
    """The output (B, K) in training mode, and the running statistics after it."""
    after = []
    for k, layer in enumerate(weights[:-1]):
        known = running[k]
        z = x @ layer["w"] + layer["b"]
        if case.batch_norm:
            m, v = z.mean(axis=0), z.var(axis=0)
            z = (z - m) / jnp.sqrt(v + NORM_EPSILON) * layer["gain"] + layer["shift"]
            known = tuple(a + NORM_MOMENTUM * (b - a) for a, b in zip(known, (m, v), strict=True))
        x = jax.nn.relu(z)
        if case.dropout:
            kept = jax.random.bernoulli(jax.random.fold_in(key, k), 1 - case.dropout, x.shape)
            x = jnp.where(kept, x / (1 - case.dropout), 0)
        after.append(known)
    last = weights[-1]
    return x @ last["w"] + last["b"], [*after, running[-1]]


def loss(case: Case, weights: Tree, running: Tree, x: Any, y: Any, key: Any) -> tuple[Any, Tree]:
    """Mean cross-entropy of a batch."""
    z, after = forward(case, weights, jax.lax.stop_gradient(running), x, key)
    if case.widths[-1] == 1:
        z = z[:, 0]
        return (jax.nn.softplus(z) - z * y).mean(), after
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean(), after


def adam(w: Any, m: Any, v: Any, g: Any, t: Any) -> tuple[Any, Any, Any]:
    """Step t = 1, 2, … of Adam in nettrain's form: w, m and v after it."""
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    rate, root = RATE / (1 - BETA1**t), 1 / jnp.sqrt(1 - BETA2**t)
    return w - rate * m / (jnp.sqrt(v) * root + EPSILON), m, v


def epoch(case: Case, state: Tree, x: Any, y: Any, key: Any) -> tuple[Tree, Any]:
    """One member's state after a step for each batch of a new order, and the losses (T,)."""

    def step(state: Tree, rows: Any) -> tuple[Tree, Any]:
        weights, m, v, running, t = state
        t = t + 1
        value_and_grad = jax.value_and_grad(partial(loss, case), has_aux=True)
        own = jax.random.fold_in(key, t.astype(int))
        (value, running), gradient = value_and_grad(weights, running, x[rows], y[rows], own)
        leaves, shape = jax.tree.flatten(weights)
        others = (jax.tree.leaves(tree) for tree in (m, v, gradient))
        moved = [adam(*one, t) for one in zip(leaves, *others, strict=True)]
        weights, m, v = (jax.tree.unflatten(shape, one) for one in zip(*moved, strict=True))
        return (weights, m, v, running, t), value

    order = jax.random.permutation(key, case.rows).reshape(case.steps, case.batch)
    return jax.lax.scan(step, state, order)
