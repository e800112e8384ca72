"""PyTorch's values and derivatives of activations, by automatic differentiation in float64.

Hardsigmoid is spelled out, as its derivative in PyTorch is 1/6 rounded to float32. The points are the kinks,
zeros of both signs, small and huge numbers, and an even walk between.
"""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as f

POINTS = [
    -1e4,
    -100.0,
    -30.0,
    -6.0,
    -3.0,
    -1.0,
    -1e-3,
    -1e-12,
    -0.0,
    0.0,
    1e-12,
    1e-3,
    1.0,
    3.0,
    6.0,
    30.0,
    1e4,
]
WALK = [round(-8 + 0.37 * k, 2) for k in range(44)]
CASES: dict[str, tuple[str, dict, Callable]] = {
    "linear": ("linear", {}, lambda z: z),
    "sigmoid": ("sigmoid", {}, torch.sigmoid),
    "tanh": ("tanh", {}, torch.tanh),
    "softsign": ("softsign", {}, f.softsign),
    "softplus": ("softplus", {}, lambda z: f.softplus(z, threshold=1e9) if z < 0 else z + f.softplus(-z)),
    "relu": ("relu", {}, f.relu),
    "leaky_relu": ("leaky_relu", {}, f.leaky_relu),
    "leaky_relu 0.3": ("leaky_relu", {"negative_slope": 0.3}, lambda z: f.leaky_relu(z, 0.3)),
    "elu": ("elu", {}, f.elu),
    "elu 0.5": ("elu", {"alpha": 0.5}, lambda z: f.elu(z, 0.5)),
    "selu": ("selu", {}, f.selu),
    "gelu": ("gelu", {}, f.gelu),
    "gelu tanh": ("gelu", {"approximate": "tanh"}, lambda z: f.gelu(z, approximate="tanh")),
    "silu": ("silu", {}, f.silu),
    "mish": ("mish", {}, f.mish),
    "relu6": ("relu6", {}, f.relu6),
    "hard_tanh": ("hard_tanh", {}, f.hardtanh),
    "hard_sigmoid": ("hard_sigmoid", {}, lambda z: f.relu6(z + 3) / 6),
}


def write(folder: Path) -> None:
    """Write activations.json."""
    points = POINTS + WALK
    cases = {}
    for case, (name, numbers, function) in CASES.items():
        pairs = [value_and_slope(function, z) for z in points]
        cases[case] = {
            "name": name,
            "numbers": numbers,
            "values": [v for v, _ in pairs],
            "slopes": [s for _, s in pairs],
        }
    lines = ",\n".join(
        f"{json.dumps(case)}: {json.dumps(case_values)}" for case, case_values in cases.items()
    )
    text = f'{{"torch": "{torch.__version__}", "points": {json.dumps(points)}, "cases": {{\n{lines}\n}}}}\n'
    (folder / "activations.json").write_text(text)


def value_and_slope(function: Callable, point: float) -> tuple[float, float]:
    """f(z) and f'(z)."""
    z = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    value = function(z)
    value.backward()
    return value.item(), z.grad.item()
