"""JAX in its fastest fair form: all trials at once with vmap, an epoch as one jitted scan."""

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from peers.problem import BETA1, BETA2, EPSILON, Array
from peers.searches import BATCH, EPOCHS, WIDTHS

jax.config.update("jax_platforms", "cpu")


def train(rows: dict[str, Array], trials: list[tuple[float, float]]) -> list[float]:
    """The validation loss of each trial (learning rate, l2). The last, smaller batch is left out."""
    x, y = jnp.asarray(rows["train_x"]), jnp.asarray(rows["train_y"])
    rate, decay = (jnp.array(column) for column in zip(*trials, strict=True))
    generator, members = np.random.default_rng(0), len(trials)
    first = [
        (generator.normal(0, (2 / m) ** 0.5, (m, n)).astype(np.float32), np.zeros(n, np.float32))
        for m, n in pairwise(WIDTHS)
    ]
    weights = jax.tree.map(lambda a: jnp.tile(a, (members, *[1] * a.ndim)), first)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.zeros(members))
    steps = len(x) // BATCH
    for _ in range(EPOCHS):
        index = generator.permutation(len(x))[: steps * BATCH].reshape(steps, BATCH).astype(np.int32)
        state = epoch(state, x, y, index, rate, decay)
    asked = jax.vmap(loss, (0, None, None))(state[0], jnp.asarray(rows["val_x"]), jnp.asarray(rows["val_y"]))
    return [float(value) for value in asked]


def loss(weights: Any, x: Any, y: Any) -> Any:
    """Mean cross-entropy of rows x (B, 64), y (B,)."""
    *hidden, (w, b) = weights
    for v, c in hidden:
        x = jax.nn.relu(x @ v + c)
    likelihood = jax.nn.log_softmax(x @ w + b)
    return -jnp.take_along_axis(likelihood, y[:, None], axis=1).mean()


def step(state: Any, x: Any, y: Any, rate: Any, decay: Any) -> Any:
    """One member's step of Adam with an l2 penalty on the weight matrices."""
    weights, m, v, t = state
    gradient = jax.grad(loss)(weights, x, y)
    gradient = [(g + decay * w, c) for (g, c), (w, _) in zip(gradient, weights, strict=True)]
    t = t + 1
    m = jax.tree.map(lambda a, g: BETA1 * a + (1 - BETA1) * g, m, gradient)
    v = jax.tree.map(lambda a, g: BETA2 * a + (1 - BETA2) * g * g, v, gradient)
    scaled, root = rate / (1 - BETA1**t), 1 / jnp.sqrt(1 - BETA2**t)
    weights = jax.tree.map(lambda w, a, s: w - scaled * a / (jnp.sqrt(s) * root + EPSILON), weights, m, v)
    return weights, m, v, t


@partial(jax.jit, donate_argnums=0)
def epoch(state: Any, x: Any, y: Any, index: Any, rate: Any, decay: Any) -> Any:
    """All members after a step per row of index (T, B), which they share."""

    def together(state: Any, rows: Any) -> Any:
        return jax.vmap(step, (0, None, None, 0, 0))(state, x[rows], y[rows], rate, decay), None

    return jax.lax.scan(together, state, index)[0]
