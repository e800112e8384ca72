"""PyTorch as users write it, with the fused Adam and batches gathered by index_select."""

import os

import torch
from peers.problem import BETA1, BETA2, EPSILON, Array
from torch import nn

from cases.case import Case
from cases.orders import Orders, initial_weights

SMALL = 2**20  # multiplications in a product, for which one thread is faster
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Trainer:
    """A Sequential of Linear, BatchNorm1d, an activation, and Dropout."""

    def __init__(self, case: Case, x: Array, y: Array) -> None:
        self.case, self.x, self.y = case, torch.from_numpy(x), torch.from_numpy(y).long()
        self.orders = Orders(case)
        largest = case.batch * max(m * n for m, n in case.products)
        torch.set_num_threads(1 if largest < SMALL else len(os.sched_getaffinity(0)))

    def begin(self) -> None:
        self.model = network(self.case)
        parameters = self.model.parameters()
        self.rule = torch.optim.Adam(parameters, self.case.rate, (BETA1, BETA2), EPSILON, fused=True)

    def train(self) -> float:
        self.model.train()
        return self.orders.timed(self.epoch, lambda: None)

    def epoch(self, index: Array) -> None:
        """A step per row of index (T, 1, B)."""
        for rows in torch.from_numpy(index[:, 0]):
            output = self.model(self.x.index_select(0, rows))
            loss = nn.functional.cross_entropy(output, self.y.index_select(0, rows))
            self.rule.zero_grad()
            loss.backward()
            self.rule.step()

    @torch.no_grad()
    def loss(self) -> float:
        self.model.eval()
        return float(nn.functional.cross_entropy(self.model(self.x), self.y))


def network(case: Case) -> nn.Sequential:
    """The network with its initial weights."""
    layers: list[nn.Module] = []
    for weight in initial_weights(case)[:-1]:
        layers.append(linear(weight[0], bias=not case.norm))
        if case.norm:
            layers.append(nn.BatchNorm1d(weight.shape[2]))
        layers.append(ACTIVATIONS[case.activation]())
        if case.dropout:
            layers.append(nn.Dropout(case.dropout))
    return nn.Sequential(*layers, linear(initial_weights(case)[-1][0], bias=True))


def linear(weight: Array, *, bias: bool) -> nn.Linear:
    """A layer with this weight (m, n), and a bias of 0 or none."""
    layer = nn.Linear(*weight.shape, bias=bias)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T))
        if bias:
            layer.bias.zero_()
    return layer
