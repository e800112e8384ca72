"""Train a classifier by JAX: TABLE SETTINGS MODEL [FOLDER for machine code that later runs load]."""

import json
import sys
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
if len(sys.argv) > 4:
    jax.config.update("jax_compilation_cache_dir", sys.argv[4])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
with open(sys.argv[2]) as file:
    settings = json.load(file)
table = np.loadtxt(sys.argv[1], np.float32, delimiter=",", skiprows=1)
generator = np.random.default_rng(0)
order = generator.permutation(len(table))
train, held_out = table[order[: settings["rows"]]], table[order[settings["rows"] :]]
mean, scale = train[:, :-1].mean(0), train[:, :-1].std(0)
scale[scale == 0] = 1
x, y = (train[:, :-1] - mean) / scale, train[:, -1].astype(np.int32)
activation = {"relu": jax.nn.relu, "tanh": jnp.tanh}[settings["activation"]]


def outputs(weights, x):
    """The outputs of the network for rows x (B, D)."""
    *hidden, (w, b) = weights
    for v, c in hidden:
        x = activation(x @ v + c)
    return x @ w + b


def loss(weights, x, y):
    """Mean cross-entropy."""
    likelihood = jax.nn.log_softmax(outputs(weights, x))
    return -jnp.take_along_axis(likelihood, y[:, None], axis=1).mean()


def step(state, rows):
    """A step of Adam."""
    weights, m, v, t = state
    gradient = jax.grad(loss)(weights, x[rows], y[rows])
    t = t + 1
    m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradient)
    scaled = settings["rate"] * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    weights = jax.tree.map(lambda w, a, s: w - scaled * a / (jnp.sqrt(s) + 1e-8), weights, m, v)
    return (weights, m, v, t), None


@jax.jit
def epoch(state, index):
    """A step per row of index (T, B)."""
    return jax.lax.scan(step, state, index)[0]


widths = [x.shape[1], *settings["hidden"], int(y.max()) + 1]
weights = [
    (generator.normal(0, (2 / m) ** 0.5, (m, n)).astype(np.float32), np.zeros(n, np.float32))
    for m, n in pairwise(widths)
]
zeros = jax.tree.map(np.zeros_like, weights)
state = (weights, zeros, zeros, np.float32(0))
steps = len(x) // settings["batch"]
x, y = jnp.asarray(x), jnp.asarray(y)
for _ in range(settings["epochs"]):
    index = generator.permutation(len(x))[: steps * settings["batch"]].reshape(steps, -1)
    state = epoch(state, index.astype(np.int32))
weights = [(np.asarray(w), np.asarray(b)) for w, b in state[0]]
predicted = np.asarray(outputs(weights, (held_out[:, :-1] - mean) / scale)).argmax(1)
print(float((predicted == held_out[:, -1]).mean()))
arrays = {
    f"{name}{k}": array for k, pair in enumerate(weights) for name, array in zip("wb", pair, strict=True)
}
np.savez(sys.argv[3], mean=mean, scale=scale, **arrays)
