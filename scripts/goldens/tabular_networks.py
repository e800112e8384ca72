"""Networks for tables by `transcriptions`: 50 steps from given values on given batches, in float64.

The table has 80 rows; an epoch is ten batches of eight rows, in the order of the table or in given orders.
Numbers have few decimals where they are drawn, which keeps the file short.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transcriptions.embeddings import Categories, Pbld, Periodic, PiecewiseLinear, quantile_edges
from transcriptions.parts import (
    Columns,
    Dense,
    Dropout,
    Parametric,
    Scale,
    TangentDense,
    robust_scale,
    smooth_clip,
)
from transcriptions.tabm import BatchEnsemble, Copies, Heads, Members, OwnScale, mean_answer
from transcriptions.training import (
    AdamW,
    coslog4,
    cross_entropy,
    flat_cos,
    parts_of,
    squared_error,
    trained,
)

from goldens.tabular_layers import Draws, digits, lists

ROWS, BATCH, STEPS, CLASSES = 80, 8, 50, 3
EPOCHS = STEPS * BATCH // ROWS
SEED, ORDER = 5 + 2**33, 2  # of dropout masks and orders of rows; what orders are drawn for
NUMBERS = 4  # columns, the first ones
FAR = 8.0  # times as large as in the table
COLOURS, CITIES = ("blue", "green", "red"), tuple("abcdefghijkl")


@dataclass(frozen=True)
class Table:
    """Columns of numbers (N, 4), a flag, a colour and a city of each row; a class and a number to predict."""

    numbers: np.ndarray
    flag: np.ndarray
    colour: np.ndarray
    city: np.ndarray
    label: np.ndarray
    target: np.ndarray

    @classmethod
    def drawn(cls) -> "Table":
        """All values occur; both targets depend on all columns."""
        rng = np.random.default_rng(11)
        numbers = np.round(rng.normal(0, 1, (ROWS, NUMBERS)) * [1, 5, 0.2, 30] + [0, 2, 0, -10], 2)
        flag, colour = rng.permutation(ROWS) % 2, rng.permutation(ROWS) % len(COLOURS)
        city = rng.permutation(ROWS) % len(CITIES)
        plain = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
        score = plain[:, 0] - plain[:, 1] * flag + np.sin(2 * plain[:, 2]) + plain[:, 3] * (colour - 1) / 2
        score += np.cos(city) / 2
        label = np.digitize(score + rng.normal(0, 0.3, ROWS), [-0.7, 0.7])
        return cls(numbers, flag, colour, city, label, np.round(100 + 20 * score + rng.normal(0, 3, ROWS), 1))


@dataclass(frozen=True)
class Inputs:
    """What a network sees of the table: x (N, D), and which of its columns are numbers."""

    x: Tensor
    numbers: tuple[int, ...] = tuple(range(NUMBERS))
    embedded: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network on inputs; with `orders` (epochs, k, N), each sub-member has rows of its own."""

    network: nn.Module
    inputs: Inputs
    numbers: AdamW
    classes: bool
    smoothing: float = 0.0
    sub_members: bool = False
    clamped: bool = False
    orders: np.ndarray | None = None
    more: dict[str, Any] = field(default_factory=dict)


def write(folder: Path) -> None:
    """Write tabular_networks.json."""
    table = Table.drawn()
    cases = {name: figures(table, case) for name, case in all_cases(table).items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    columns = {name: values.tolist() for name, values in vars(table).items()}
    columns |= {"colour": [COLOURS[k] for k in table.colour], "city": [CITIES[k] for k in table.city]}
    text = f'{{"torch": "{torch.__version__}", "table": {json.dumps(columns)}, "cases": {{\n{lines}\n}}}}\n'
    (folder / "tabular_networks.json").write_text(text)


def figures(table: Table, case: Case) -> dict[str, Any]:
    """The parameters at the start and what becomes of them, the losses, and answers."""
    network, y, back = case.network, *targets(table, case)
    start = arrays(network)
    loss = partial(cross_entropy, smoothing=case.smoothing) if case.classes else squared_error
    first = gradients(case, y, loss)
    losses = trained(network, case.numbers, batches(case, y), STEPS, loss)
    network.eval()
    with torch.no_grad():
        answers = answered(network(asked(case)), case, y)
    return {
        **case.more,
        "x": digits(case.inputs.x[:BATCH].tolist()),
        "start": start,
        **first,
        "losses": digits(losses),
        "final": arrays(network),
        "predictions": digits(back(answers).tolist()),
    }


def asked(case: Case) -> Tensor:
    """The first rows, of which the later ones have numbers far out."""
    x = case.inputs.x[:BATCH].clone()
    x[BATCH // 2 :, list(case.inputs.numbers)] *= FAR
    return x


def targets(table: Table, case: Case) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The targets as the network sees them, numbers standardized; and the way back for its answers."""
    if case.classes:
        return torch.tensor(table.label), lambda answers: answers
    y = torch.tensor(table.target)
    mean, deviation = y.mean(), y.std(correction=0)
    return (y - mean) / deviation, lambda answers: answers * deviation + mean


def gradients(case: Case, y: Tensor, loss: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    """Outputs of the first batch and the gradient of its loss, without dropout."""
    x, y = next(iter(batches(case, y)))
    case.network.eval()
    outputs = case.network(x)
    loss(outputs, y).backward()
    case.network.train()
    found = [
        lists({name: getattr(part, name).grad for name in part.groups}) for part in parts_of(case.network)
    ]
    case.network.zero_grad()
    outputs = outputs.transpose(0, 1) if outputs.dim() == 3 else outputs
    own = {} if case.orders is None else {"rows": case.orders[0, :, :BATCH].tolist()}
    return {**own, "outputs": digits(outputs.tolist()), "gradients": found}


def batches(case: Case, y: Tensor) -> Any:
    """The batches of all epochs."""
    for epoch in range(EPOCHS):
        order = np.arange(ROWS) if case.orders is None else case.orders[epoch].T  # (N,) or (N, k)
        for first in range(0, ROWS, BATCH):
            rows = torch.tensor(order[first : first + BATCH])
            yield case.inputs.x[rows], y[rows]


def answered(outputs: Tensor, case: Case, y: Tensor) -> Tensor:
    """The probabilities (B, K) or numbers (B,) that the network predicts."""
    if case.sub_members:
        answers = mean_answer(outputs, classes=case.classes)
    else:
        answers = torch.softmax(outputs, dim=1) if case.classes else outputs
    if case.classes:
        return answers
    return answers[:, 0].clamp(y.min(), y.max()) if case.clamped else answers[:, 0]


def arrays(network: nn.Module) -> list[dict[str, Any]]:
    """The arrays of each part that learns, in order."""
    return [lists({name: getattr(part, name) for name in part.groups}) for part in parts_of(network)]


def all_cases(table: Table) -> dict[str, Case]:
    """Each recipe, smaller than it is."""
    return {
        "mlp": mlp(table),
        "mlp_plr": mlp_plr(table),
        "tabm": tabm(table),
        "tabm, own batches": replace(tabm(table), orders=orders(4)),
        "tabm, mini": mini(table),
        "tabm, mini, own batches": replace(mini(table), orders=orders(3)),
        "realmlp, classes": realmlp(table, classes=True),
        "realmlp, numbers": realmlp(table, classes=False),
    }


def orders(count: int) -> np.ndarray:
    """The rows of each epoch, for each sub-member in an order of its own: a counted draw, as in a run."""

    def order(epoch: int, sub_member: int) -> np.ndarray:
        philox = np.random.Philox(key=[SEED, ORDER], counter=[0, 0, sub_member, epoch])
        return np.random.Generator(philox).permutation(ROWS)

    return np.array([[order(epoch, i) for i in range(count)] for epoch in range(EPOCHS)])


def standardized(table: Table) -> Inputs:
    """Numbers of mean 0 and deviation 1, then an indicator of each colour, and one for missing ones."""
    numbers = torch.tensor(table.numbers)
    numbers = (numbers - numbers.mean(dim=0)) / numbers.std(dim=0, correction=0)
    return Inputs(torch.cat([numbers, indicators(table.colour, len(COLOURS) + 1)], dim=1))


def robust(table: Table) -> Inputs:
    """The inputs of RealMLP: scaled and clipped; the flag is -1 or 1. The city is a code from 1."""
    flag = torch.tensor(2.0 * table.flag - 1).to(torch.float64)[:, None]
    plain = [torch.tensor(table.numbers), flag, indicators(table.colour, len(COLOURS) + 1)]
    clipped = smooth_clip(robust_scale(torch.cat(plain, dim=1)))
    codes = torch.tensor(table.city + 1.0)[:, None]
    return Inputs(torch.cat([clipped, codes], dim=1), embedded=(clipped.shape[1],))


def indicators(codes: np.ndarray, count: int) -> Tensor:
    """One column for each code (N,)."""
    return torch.tensor((codes[:, None] == np.arange(count)).astype(float))


def dense(d: Draws, inputs: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases of a common size."""
    return d.normal(inputs, units, size=inputs**-0.5), d.normal(units, size=0.2)


def mlp(table: Table) -> Case:
    """Two layers for classes."""
    d, inputs = Draws(21), standardized(table)
    layers: list[nn.Module] = []
    for k, (m, n) in enumerate(pairwise([8, 9, 7])):
        layers += [Dense(*dense(d, m, n)), nn.ReLU(), Dropout(k, SEED)]
    network = nn.Sequential(*layers, Dense(*dense(d, 7, CLASSES)))
    numbers = AdamW(rate=0.004, decay=0.03, clip_norm=1.0, dropout=0.25)
    return Case(network=network, inputs=inputs, numbers=numbers, classes=True)


def mlp_plr(table: Table) -> Case:
    """Periodic embeddings, and one layer, for numbers."""
    d, inputs = Draws(22), standardized(table)
    n, dim = 3, 4
    frequencies = d.normal(NUMBERS, n, size=0.3)
    embedding = Periodic(
        frequencies, d.normal(NUMBERS, 2 * n, dim, size=0.4), d.normal(NUMBERS, dim, size=0.4)
    )
    width = NUMBERS * dim + len(COLOURS) + 1
    layers = [Columns({inputs.numbers: embedding}), Dense(*dense(d, width, 8)), nn.ReLU()]
    network = nn.Sequential(*layers, Dense(*dense(d, 8, 1)))
    numbers = AdamW(rate=0.003, decay=0.02, clip_norm=1.0)
    return Case(network=network, inputs=inputs, numbers=numbers, classes=False)


def tabm(table: Table) -> Case:
    """Three layers of four sub-members, for numbers; the first r has a sign for each column of the table."""
    d, inputs, count = Draws(23), standardized(table), 4
    signs = np.repeat(d.rng.choice([-1.0, 1.0], (count, NUMBERS + 1)), [1, 1, 1, 1, len(COLOURS) + 1], axis=1)
    layers: list[nn.Module] = [Copies(count)]
    widths = [8, 8, 6, 7]
    for k, (m, n) in enumerate(pairwise(widths)):
        weight, bias = dense(d, m, n)
        r = signs if k == 0 else np.ones((count, m))
        layers += [BatchEnsemble(weight, r, np.ones((count, n)), np.tile(bias, (count, 1)))]
        layers += [nn.ReLU(), Dropout(k, SEED)]
    heads = Heads(d.normal(count, widths[-1], 1, size=0.4), d.normal(count, 1, size=0.4))
    numbers = AdamW(rate=0.004, decay=0.03, clip_norm=1.0, dropout=0.1)
    network = nn.Sequential(*layers, heads)
    return Case(network=network, inputs=inputs, numbers=numbers, classes=False, sub_members=True)


def mini(table: Table) -> Case:
    """Piecewise linear embeddings, one scaling for each of three sub-members, a shared layer; for classes."""
    d, inputs, count, dim, bins = Draws(24), standardized(table), 3, 3, 5
    edges = [quantile_edges(inputs.x[:, j], bins) for j in inputs.numbers]
    slope, bias = d.normal(NUMBERS, dim, size=0.5), d.normal(NUMBERS, dim, size=0.5)
    embedding = PiecewiseLinear(slope, np.zeros((NUMBERS, bins, dim)), bias, edges)
    per_column = d.normal(count, NUMBERS + 1)
    width = NUMBERS * dim + len(COLOURS) + 1
    r = np.repeat(per_column, [dim] * NUMBERS + [len(COLOURS) + 1], axis=1)
    embedded = [Members(Columns({inputs.numbers: embedding})), Copies(count), OwnScale(r)]
    layers = [*embedded, Dense(*dense(d, width, 8)), nn.ReLU()]
    heads = Heads(d.normal(count, 8, CLASSES, size=0.4), d.normal(count, CLASSES, size=0.4))
    return Case(
        network=nn.Sequential(*layers, heads),
        inputs=inputs,
        numbers=AdamW(rate=0.004, decay=0.03, clip_norm=1.0),
        classes=True,
        sub_members=True,
    )


def realmlp(table: Table, *, classes: bool) -> Case:
    """Pbld embeddings, a table of cities, a scale, three neural-tangent layers with dropout."""
    d, inputs = Draws(25 + classes), robust(table)
    n, dim, outputs = 4, 4, CLASSES if classes else 1
    pbld = Pbld(
        d.normal(NUMBERS, n, size=0.1),
        np.round(d.rng.uniform(-np.pi, np.pi, (NUMBERS, n)), 3),
        d.normal(NUMBERS, n, dim - 1, size=0.25),
        d.normal(NUMBERS, dim - 1, size=0.25),
    )
    cities = Categories(d.normal(len(CITIES) + 1, 3), [len(CITIES) + 1])
    width = NUMBERS * dim + 1 + len(COLOURS) + 1 + 3
    layers: list[nn.Module] = [
        Columns({inputs.numbers: pbld}),
        Columns({(width - 3,): cities}),
        Scale(d.normal(width, around=1.0, size=0.1)),
    ]
    sigma = nn.SELU() if classes else nn.Mish()
    widths = [width, 8, 6, 7]
    for k, (m, units) in enumerate(pairwise(widths)):
        layers += [TangentDense(d.normal(m, units), d.normal(units)), Parametric(np.ones(units), sigma)]
        layers += [Dropout(k, SEED)]
    numbers = AdamW(
        rate=0.04 if classes else 0.2,
        beta2=0.95,
        decay=0.02,
        rates={"bias": 0.1, "embedding": 0.1, "scale": 6.0, "activation": 0.1},
        decayed={"weight": 1.0, "scale": 6.0, "activation": 0.1, "embedding": 0.1},  # the factor once more
        rate_schedule=coslog4,
        decay_schedule=flat_cos,
        dropout=0.15,
        dropout_schedule=flat_cos,
    )
    return Case(
        network=nn.Sequential(*layers, TangentDense(d.normal(widths[-1], outputs), d.normal(outputs))),
        inputs=inputs,
        numbers=numbers,
        classes=classes,
        smoothing=0.1 if classes else 0.0,
        clamped=not classes,
    )
