"""PyTorch as users write it, with the fused Adam."""

import torch
from torch import nn

from peers.problem import BETA1, BETA2, EPSILON, RATE, THREADS, Array, starting_weights

torch.set_num_threads(THREADS)


class TorchTrainer:
    """A Sequential of Linear and ReLU; batches are gathered by index_select."""

    def __init__(self, x: Array, y: Array) -> None:
        layers: list[nn.Module] = []
        for weight in starting_weights():
            layers += [_linear(weight), nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        parameters = self.model.parameters()
        self.rule = torch.optim.Adam(parameters, RATE, (BETA1, BETA2), EPSILON, fused=True)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y).long()

    def block(self, index: Array) -> float:
        """A step per row of index (T, B); their mean loss."""
        total = torch.zeros(())
        for rows in torch.from_numpy(index):
            output = self.model(self.x.index_select(0, rows))
            loss = nn.functional.cross_entropy(output, self.y.index_select(0, rows))
            self.rule.zero_grad()
            loss.backward()
            self.rule.step()
            total += loss.detach()
        return float(total) / len(index)


def _linear(weight: Array) -> nn.Linear:
    """A layer with this weight (m, n) and no bias yet."""
    layer = nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T))
        layer.bias.zero_()
    return layer
