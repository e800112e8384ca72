"""Layers and schedules of networks for tables, by `transcriptions` in float64.

Inputs have three decimals, which keeps the file short. Signals of sub-members are (k, B, n).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transcriptions.embeddings import (
    Categories,
    LinearRelu,
    Pbld,
    Periodic,
    PiecewiseLinear,
    quantile_edges,
)
from transcriptions.parts import Columns, Dense, Parametric, Scale, TangentDense
from transcriptions.tabm import BatchEnsemble, Copies, Heads, OwnScale
from transcriptions.training import coslog4, flat_cos, parts_of

ROWS, COUNT = 6, 3  # of a batch, sub-members
TIMES = [0.0, 1 / 64, 0.1, 0.25, 1 / 3, 0.49, 0.5, 0.51, 0.6, 0.75, 0.9, 0.99, 1.0]


class Draws:
    """Random numbers of three decimals."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape: int, around: float = 0.0, size: float = 1.0) -> np.ndarray:
        return np.round(self.rng.normal(around, size, shape), 3)


def write(folder: Path) -> None:
    """Write tabular_layers.json."""
    cases = {**sub_members(), **embeddings(), **other_layers()}
    figures = {"edges": edges(), "schedules": schedules(), "clamp": clamp()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    text = f'{{"torch": "{torch.__version__}", "layers": {{\n{lines}\n}},\n'
    text += ",\n".join(f'"{name}": {json.dumps(values)}' for name, values in figures.items())
    (folder / "tabular_layers.json").write_text(text + "\n}\n")


def case(module: nn.Module, x: np.ndarray, draws: Draws, **settings: Any) -> dict[str, Any]:
    """A batch x (B, m), or (k, B, m) of sub-members, forward and back from a drawn delta."""
    own = x.ndim == 3
    inputs = torch.tensor(x, requires_grad=True)
    y = module(inputs.transpose(0, 1) if own else inputs)
    y = y.transpose(0, 1) if y.dim() == 3 else y
    delta = draws.normal(*y.shape)
    y.backward(torch.tensor(delta))
    learned = [(name, getattr(part, name)) for part in parts_of(module) for name in part.groups]
    return {
        **settings,
        **lists({"x": x, "delta": delta, "y": y, "dx": inputs.grad}),
        "arrays": lists(dict(learned)),
        "gradients": lists({name: array.grad for name, array in learned}),
    }


def sub_members() -> dict[str, dict[str, Any]]:
    """The layers of sub-members, of rows that they share and of their own."""
    d, n, m = Draws(1), 4, 5
    arrays = {
        "weight": d.normal(m, n, size=0.5),
        "input_scale": d.normal(COUNT, m, around=1.0, size=0.5),
        "output_scale": d.normal(COUNT, n, around=1.0, size=0.5),
        "bias": d.normal(COUNT, n, size=0.3),
    }
    heads = {"weight": d.normal(COUNT, m, 2, size=0.5), "bias": d.normal(COUNT, 2, size=0.3)}
    shared, own = d.normal(ROWS, m), d.normal(COUNT, ROWS, m)
    ensemble = nn.Sequential(Copies(COUNT), BatchEnsemble(**arrays))
    return {
        "batch_ensemble, shared rows": case(ensemble, shared, d),
        "batch_ensemble, own rows": case(BatchEnsemble(**arrays), own, d),
        "mini, shared rows": case(nn.Sequential(Copies(COUNT), OwnScale(arrays["input_scale"])), shared, d),
        "mini, own rows": case(OwnScale(arrays["input_scale"]), own, d),
        "heads": case(Heads(**heads), own, d),
    }


def embeddings() -> dict[str, dict[str, Any]]:
    """Each embedding, of three columns of five or six; the others pass through in their places."""
    d = Draws(2)
    columns, j, dim, n = 5, 3, 4, 3
    positions = (0, 2, 3)
    x = d.normal(ROWS, columns)
    flat = {"slope": d.normal(j, dim), "bias": d.normal(j, dim)}
    periodic = {
        "frequencies": d.normal(j, n, size=0.4),
        "projection": d.normal(j, 2 * n, dim, size=0.5),
        "bias": d.normal(j, dim, size=0.3),
    }
    lite = {**periodic, "projection": periodic["projection"][0], "bias": periodic["bias"][0]}
    bins = [[-1.5, -0.5, 0.25, 1.0], [-0.75, 0.5], [-2.0, -0.125, 0.875]]
    pieces = {
        **flat,
        "projection": d.normal(j, max(map(len, bins)) - 1, dim),
        "edges": [np.array(own) for own in bins],
    }
    pbld = {
        "frequencies": d.normal(j, n, size=0.2),
        "phases": np.round(d.rng.uniform(-np.pi, np.pi, (j, n)), 3),
        "mixing": d.normal(j, n, dim - 1, size=0.5),
        "bias": d.normal(j, dim - 1, size=0.3),
    }
    made = {
        "linear_relu": LinearRelu(**flat),
        "periodic": Periodic(**periodic),
        "periodic, lite": Periodic(**lite),
        "piecewise_linear": PiecewiseLinear(**pieces),
        "piecewise_linear, relu": PiecewiseLinear(**pieces, relu=True),
        "pbld": Pbld(**pbld),
    }
    cases = {}
    for name, module in made.items():
        more = {"edges": bins} if "piecewise" in name else {}
        cases[name] = case(Columns({positions: module}), x, d, positions=positions, **more)
    return {**cases, "category": categories(d)}


def categories(d: Draws) -> dict[str, Any]:
    """Codes of two columns, among them that of missing values, and some that occur several times."""
    counts = (4, 12)
    x = d.normal(2 * ROWS, 5)
    x[:, 1] = [0, 1, 2, 3, 1, 1, 3, 0, 2, 1, 1, 3]
    x[:, 4] = [11, 1, 0, 0, 1, 5, 7, 11, 11, 2, 3, 11]
    made = case(
        Columns({(1, 4): Categories(d.normal(sum(counts), 4), counts)}),
        x,
        d,
        positions=(1, 4),
        categories=counts,
    )
    for row in made["dx"]:
        row[1] = row[4] = 0.0
    return made


def other_layers() -> dict[str, dict[str, Any]]:
    """The learned scale, a neural-tangent layer, activations that learn how much of them applies."""
    d, m, n = Draws(3), 5, 4
    x = d.normal(ROWS, m)
    dense = d.normal(m, n), d.normal(n, size=0.5)
    alpha = np.array([1.0, 0.0, -0.5, 0.75, 1.5])
    edges = np.round(np.linspace(-30, 30, 8 * m).reshape(8, m), 3)
    wide = np.concatenate([x, edges])
    return {
        "scale": case(Scale(d.normal(m, around=1.0, size=0.5)), x, d),
        "neural_tangent": case(TangentDense(*dense), x, d),
        "dense": case(Dense(*dense), x, d),
        "parametric selu": case(Parametric(alpha, nn.SELU()), wide, d),
        "parametric mish": case(Parametric(alpha, nn.Mish()), wide, d),
    }


def edges() -> list[dict[str, Any]]:
    """Edges of bins: many values, more bins than values, ties, two values."""
    d = Draws(5)
    columns = [d.normal(41), d.normal(7), np.repeat([1.0, 2.0, 5.0, 5.5], [10, 3, 20, 8]), d.normal(2)]
    wanted = [7, 48, 12, 5]
    return [
        {"bins": bins, **lists({"x": x, "edges": quantile_edges(torch.tensor(x), bins)})}
        for bins, x in zip(wanted, columns, strict=True)
    ]


def schedules() -> dict[str, list[float]]:
    """The factors of schedules at some times."""
    made = {"coslog4": coslog4, "flat_cos": flat_cos}
    return {"t": TIMES, **{name: [schedule(t) for t in TIMES] for name, schedule in made.items()}}


def clamp() -> dict[str, Any]:
    """Outputs cut to the range of some targets."""
    d = Draws(6)
    targets, outputs = d.normal(9), d.normal(12, size=3.0)
    cut = torch.tensor(outputs).clamp(targets.min(), targets.max())
    return lists({"targets": targets, "outputs": outputs, "clamped": cut})


def lists(arrays: Mapping[str, np.ndarray | Tensor]) -> dict[str, Any]:
    """Nested lists of 14 digits."""
    return {
        name: digits((array.detach().numpy() if isinstance(array, Tensor) else array).tolist())
        for name, array in arrays.items()
    }


def digits(values: Any) -> Any:
    """The same numbers with 14 digits."""
    return [digits(value) for value in values] if isinstance(values, list) else float(f"{values:.14g}")
