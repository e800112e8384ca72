"""A gradient to check: logistic regression, as in a homework exercise.

nettrain gradcheck --function docs/homework.py:loss

`loss(x)` returns its value and its gradient at x, an array of any shape, and `x0` is the point at which they
are checked: by central differences, and by dual numbers, which NumPy's functions accept. Change a sign in the
gradient and run it again.
"""

import numpy as np

rng = np.random.default_rng(0)
inputs = rng.standard_normal((20, 3))
labels = (inputs @ [1.0, -2.0, 0.5] > 0).astype(float)

x0 = np.array([0.1, -0.2, 0.3])  # not 0, where wrong gradients may be right by chance


def loss(x):
    """The mean cross-entropy of 1/(1+e^-inputs·x) and its gradient inputsᵀ(p - labels)/N."""
    z = inputs @ x
    p = 1 / (1 + np.exp(-z))
    value = np.mean(np.log(1 + np.exp(z)) - labels * z)
    gradient = inputs.T @ (p - labels) / len(labels)
    return value, gradient
