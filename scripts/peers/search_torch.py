"""PyTorch trial by trial, as users write it, with the default Adam."""

from itertools import pairwise

import torch
from torch import nn

from peers.problem import Array
from peers.searches import BATCH, EPOCHS, WIDTHS

torch.set_num_threads(1)


def train(
    rows: dict[str, Array], trials: list[tuple[float, float]], *, fused: bool | None = None
) -> list[float]:
    """The validation loss of each trial (learning rate, l2)."""
    x, y = torch.from_numpy(rows["train_x"]), torch.from_numpy(rows["train_y"]).long()
    known, asked = torch.from_numpy(rows["val_x"]), torch.from_numpy(rows["val_y"]).long()
    return [_trial(x, y, known, asked, rate, decay, fused) for rate, decay in trials]


def _trial(
    x: torch.Tensor,
    y: torch.Tensor,
    known: torch.Tensor,
    asked: torch.Tensor,
    rate: float,
    decay: float,
    fused: bool | None,
) -> float:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for m, n in pairwise(WIDTHS):
        layers += [nn.Linear(m, n), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    rule = torch.optim.Adam(model.parameters(), rate, weight_decay=decay, fused=fused)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            rule.zero_grad()
            loss.backward()
            rule.step()
    with torch.no_grad():
        return float(nn.functional.cross_entropy(model(known), asked))
