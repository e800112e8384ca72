"""PyTorch's norms, residual blocks and activations that learn or join columns, in float64.

Values, derivatives, averages.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import batch_norm, layer_norm, mish, prelu, selu

EDGES = [-1e4, -30.0, -1.0, -1e-3, -0.0, 0.0, 1e-3, 1.0, 30.0, 1e4]


def write(folder: Path) -> None:
    """Write layers.json."""
    cases = {
        "batch_norm": norms(),
        "layer_norm": layer_norms(),
        "residual": residuals(),
        "prelu": prelus(),
        "parametric": parametrics(),
        "maxout": maxouts(),
        "softmax": softmaxes(),
    }
    lines = ",\n".join(f'"{kind}": {json.dumps(values)}' for kind, values in cases.items())
    (folder / "layers.json").write_text(f'{{"torch": "{torch.__version__}",\n{lines}\n}}\n')


def tensor(array: np.ndarray) -> torch.Tensor:
    """A float64 tensor whose gradient is wanted."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def norms() -> list[dict]:
    """Three batches one after the other, the last of three rows, then inference."""
    rng = np.random.default_rng(0)
    options = [(0.1, 1e-5, 1.0), (0.3, 1e-2, 1.0), (1.0, 1e-5, 1e4)]
    return [norm(rng, momentum, epsilon, size) for momentum, epsilon, size in options]


def norm(rng: np.random.Generator, momentum: float, epsilon: float, size: float) -> dict:
    """Batches z of one layer with what PyTorch makes of them."""
    gain, shift = tensor(rng.normal(1, 0.5, 5)), tensor(rng.normal(0, 0.5, 5))
    mean, variance = torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    steps = []
    for rows in (13, 64, 3):
        z = tensor(size * (rng.normal(0, 1, (rows, 5)) + rng.normal(0, 3, 5)))
        delta = rng.normal(0, 1, (rows, 5))
        y = batch_norm(z, mean, variance, gain, shift, training=True, momentum=momentum, eps=epsilon)
        slopes = torch.autograd.grad(y, (z, gain, shift), torch.tensor(delta))
        signals = {"z": z, "delta": delta, "y": y, "dz": slopes[0], "dgain": slopes[1], "dshift": slopes[2]}
        steps.append(plain({**signals, "mean": mean, "variance": variance}))
    x = size * rng.normal(0, 2, (4, 5))
    y = batch_norm(torch.tensor(x), mean, variance, gain, shift, training=False, eps=epsilon)
    numbers = {"momentum": momentum, "epsilon": epsilon}
    return {**numbers, **plain({"gain": gain, "shift": shift, "x": x, "inferred": y}), "steps": steps}


def layer_norms() -> list[dict]:
    """Rows of five columns, of one, and of a hundred and thirty, small and large."""
    rng = np.random.default_rng(4)
    options = [(1e-5, 1.0, 5), (1e-2, 1.0, 5), (1e-5, 1e4, 5), (1e-5, 1.0, 1), (1e-5, 1.0, 130)]
    return [row_norm(rng, epsilon, size, columns) for epsilon, size, columns in options]


def row_norm(rng: np.random.Generator, epsilon: float, size: float, columns: int) -> dict:
    """One batch of a layer norm."""
    gain, shift = tensor(rng.normal(1, 0.5, columns)), tensor(rng.normal(0, 0.5, columns))
    x, delta = tensor(size * rng.normal(1, 2, (7, columns))), rng.normal(0, 1, (7, columns))
    y = layer_norm(x, (columns,), gain, shift, epsilon)
    slopes = torch.autograd.grad(y, (x, gain, shift), torch.tensor(delta))
    signals = {"x": x, "delta": delta, "y": y, "dx": slopes[0]}
    learned = {"gain": gain, "shift": shift, "dgain": slopes[1], "dshift": slopes[2]}
    return {"epsilon": epsilon, **plain({**signals, **learned})}


def residuals() -> list[dict]:
    """A block tanh(x W + b) with a skip, of equal widths and with a projection."""
    rng = np.random.default_rng(5)
    return [residual(rng, inputs, units) for inputs, units in ((4, 4), (5, 3))]


def residual(rng: np.random.Generator, inputs: int, units: int) -> dict:
    """One batch of a residual block."""
    x, delta = tensor(rng.normal(0, 1, (6, inputs))), rng.normal(0, 1, (6, units))
    learned = {"weight": tensor(rng.normal(0, 1, (inputs, units))), "bias": tensor(rng.normal(0, 1, units))}
    skipped = x
    if inputs != units:
        learned["projection"] = tensor(rng.normal(0, 1, (inputs, units)))
        skipped = x @ learned["projection"]
    y = torch.tanh(x @ learned["weight"] + learned["bias"]) + skipped
    slopes = torch.autograd.grad(y, (x, *learned.values()), torch.tensor(delta))
    gradients = {f"d{name}": slope for name, slope in zip(learned, slopes[1:], strict=True)}
    return plain({"x": x, "delta": delta, "y": y, "dx": slopes[0], **learned, **gradients})


def prelus() -> list[dict]:
    """Edges and random numbers, a slope for each column."""
    rng = np.random.default_rng(1)
    z = tensor(np.concatenate([np.array(EDGES).reshape(2, 5), rng.normal(0, 2, (9, 5))]))
    slope, delta = tensor(np.array([0.25, 0.0, -0.5, 1.0, 2.0])), rng.normal(0, 1, (11, 5))
    a = prelu(z, slope)
    slopes = torch.autograd.grad(a, (z, slope), torch.tensor(delta))
    return [plain({"z": z, "slope": slope, "delta": delta, "a": a, "dz": slopes[0], "dslope": slopes[1]})]


def parametrics() -> list[dict]:
    """z + α(σ(z) - z) of selu and mish at edges and random numbers, an α for each column."""
    rng = np.random.default_rng(6)
    return [
        {"name": f"parametric_{function.__name__}", **parametric(rng, function)} for function in (selu, mish)
    ]


def parametric(rng: np.random.Generator, function: Callable[[torch.Tensor], torch.Tensor]) -> dict:
    """One batch of one activation."""
    z = tensor(np.concatenate([np.array(EDGES).reshape(2, 5), rng.normal(0, 2, (9, 5))]))
    alpha, delta = tensor(np.array([1.0, 0.0, -0.5, 0.75, 2.0])), rng.normal(0, 1, (11, 5))
    a = z + alpha * (function(z) - z)
    slopes = torch.autograd.grad(a, (z, alpha), torch.tensor(delta))
    return plain({"z": z, "alpha": alpha, "delta": delta, "a": a, "dz": slopes[0], "dalpha": slopes[1]})


def maxouts() -> list[dict]:
    """Two and three pieces of five units, piece after piece."""
    rng = np.random.default_rng(2)
    return [maxout(rng.normal(0, size, (7, 5 * k)), k, rng) for k in (2, 3) for size in (1, 1e4)]


def maxout(z: np.ndarray, pieces: int, rng: np.random.Generator) -> dict:
    """The maximum over pieces."""
    z, delta = tensor(z), rng.normal(0, 1, (7, 5))
    a = z.reshape(7, pieces, 5).max(dim=1).values
    (slope,) = torch.autograd.grad(a, z, torch.tensor(delta))
    return plain({"z": z, "delta": delta, "a": a, "dz": slope})


def softmaxes() -> list[dict]:
    """Small and huge logits, equal ones, a single one."""
    rng = np.random.default_rng(3)
    edges = np.array([EDGES, EDGES[::-1], [0.0] * 10, [1e4] * 10])
    return [softmax(z, rng) for z in (rng.normal(0, 2, (6, 4)), edges, rng.normal(0, 1, (3, 1)))]


def softmax(z: np.ndarray, rng: np.random.Generator) -> dict:
    """Shares and the product of their Jacobian with delta."""
    z, delta = tensor(z), rng.normal(0, 1, z.shape)
    a = torch.softmax(z, dim=-1)
    (slope,) = torch.autograd.grad(a, z, torch.tensor(delta))
    return plain({"z": z, "delta": delta, "a": a, "dz": slope})


def plain(arrays: dict) -> dict:
    """Lists, which JSON holds to the last bit."""
    return {
        name: (array.detach().numpy().copy() if isinstance(array, torch.Tensor) else array).tolist()
        for name, array in arrays.items()
    }
