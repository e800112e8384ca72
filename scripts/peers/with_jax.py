"""JAX in its fastest fair form: one jitted scan over a block of steps, batches gathered inside it."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from peers.problem import BETA1, BETA2, EPSILON, RATE, Array, starting_weights

jax.config.update("jax_platforms", "cpu")


class JaxTrainer:
    """Parameters and both moments as pytrees, which each block replaces."""

    def __init__(self, x: Array, y: Array) -> None:
        weights = [(jnp.asarray(w), jnp.zeros(w.shape[1])) for w in starting_weights()]
        zeros = partial(jax.tree.map, jnp.zeros_like)
        self.state = (weights, zeros(weights), zeros(weights), jnp.zeros(()))
        self.x, self.y = jnp.asarray(x), jnp.asarray(y)

    def block(self, index: Array) -> float:
        """A step per row of index (T, B); their mean loss."""
        self.state, losses = scan(self.state, self.x, self.y, index.astype("int32"))
        jax.block_until_ready(self.state)
        return float(losses.mean())


def loss(weights: Any, x: Any, y: Any) -> Any:
    """Mean cross-entropy of a batch x (B, 784), y (B,)."""
    *hidden, (w, b) = weights
    for v, c in hidden:
        x = jax.nn.relu(x @ v + c)
    likelihood = jax.nn.log_softmax(x @ w + b)
    return -jnp.take_along_axis(likelihood, y[:, None], axis=1).mean()


def adam(w: Any, m: Any, v: Any, g: Any, t: Any) -> tuple[Any, Any, Any]:
    """Step t = 1, 2, … of Adam in nettrain's form: w, m and v after it."""
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    rate, root = RATE / (1 - BETA1**t), 1 / jnp.sqrt(1 - BETA2**t)
    return w - rate * m / (jnp.sqrt(v) * root + EPSILON), m, v


@partial(jax.jit, donate_argnums=0)
def scan(state: Any, x: Any, y: Any, index: Any) -> Any:
    """The state after a step per row of index (T, B), and the losses (T,)."""

    def step(state: Any, rows: Any) -> Any:
        weights, m, v, t = state
        value, gradient = jax.value_and_grad(loss)(weights, x[rows], y[rows])
        t = t + 1
        moved = jax.tree.map(partial(adam, t=t), weights, m, v, gradient)
        pick = [jax.tree.map(lambda leaf, k=k: leaf[k], moved, is_leaf=_is_moved) for k in range(3)]
        return (*pick, t), value

    return jax.lax.scan(step, state, index)


def _is_moved(node: Any) -> bool:
    return isinstance(node, tuple) and len(node) == 3
