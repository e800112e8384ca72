"""Losses, schedules and AdamW's loop, as the formulas say."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from transcriptions.parts import Dropout, Part

Schedule = Callable[[float], float]


def constant(t: float) -> float:
    """1 at all times."""
    return 1.0


def coslog4(t: float) -> float:
    """½ (1 - cos(2π log₂(1 + 15 t)))."""
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t)))


def flat_cos(t: float) -> float:
    """1 up to the middle, then half a wave down to 0."""
    return 1.0 if t < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * t - 1)))


def cross_entropy(outputs: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """The mean over rows, and sub-members (B, k, K) where there are any."""
    if outputs.dim() == 3 and labels.dim() == 1:
        labels = labels[:, None].expand(outputs.shape[:2])
    classes = outputs.shape[-1]
    return f.cross_entropy(outputs.reshape(-1, classes), labels.reshape(-1), label_smoothing=smoothing)


def squared_error(outputs: Tensor, y: Tensor) -> Tensor:
    """The mean over rows, and sub-members (B, k, 1) where there are any; y (B,) or (B, k)."""
    if outputs.dim() == 3 and y.dim() == 1:
        y = y[:, None].expand(outputs.shape[:2])
    return ((outputs[..., 0] - y) ** 2).mean()


@dataclass(frozen=True)
class AdamW:
    """AdamW's numbers, with factors of parameter groups on the rate and the decay.

    Decay is for weights unless `decayed` says otherwise.
    """

    rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    rates: dict[str, float] = field(default_factory=dict)
    decayed: dict[str, float] = field(default_factory=lambda: {"weight": 1.0})
    clip_norm: float | None = None
    rate_schedule: Schedule = constant
    decay_schedule: Schedule = constant
    dropout: float = 0.0
    dropout_schedule: Schedule = constant


def parts_of(network: nn.Module) -> list[Part]:
    """The parts that learn, in the order in which they were made."""
    return [part for part in network.modules() if isinstance(part, Part)]


def optimizer(network: nn.Module, numbers: AdamW) -> torch.optim.AdamW:
    """PyTorch's rule over the parameters, a group of its own for each parameter group of ours."""
    by_group: dict[str, list[nn.Parameter]] = {}
    for part in parts_of(network):
        for name, group in part.groups.items():
            by_group.setdefault(group, []).append(getattr(part, name))
    groups = [{"params": params, "group": group} for group, params in by_group.items()]
    betas = (numbers.beta1, numbers.beta2)
    return torch.optim.AdamW(groups, lr=numbers.rate, betas=betas, eps=numbers.epsilon)


def trained(
    network: nn.Module,
    numbers: AdamW,
    batches: Iterable[tuple[Tensor, Tensor]],
    steps: int,
    loss: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    """Train on these batches, so many in all; the loss of each step."""
    rule, losses = optimizer(network, numbers), []
    for step, (x, y) in enumerate(batches):
        t = step / steps  # all batches are full
        set_numbers(network, rule, numbers, step, t)
        value = loss(network(x), y)
        rule.zero_grad()
        value.backward()
        if numbers.clip_norm is not None:
            clip(network, numbers.clip_norm)
        rule.step()
        losses.append(value.item())
    return losses


def set_numbers(network: nn.Module, rule: torch.optim.AdamW, numbers: AdamW, step: int, t: float) -> None:
    """The rate, the decay and the dropout at a step."""
    for group in rule.param_groups:
        name = group["group"]
        group["lr"] = numbers.rate * numbers.rates.get(name, 1.0) * numbers.rate_schedule(t)
        decay = numbers.decay * numbers.decayed.get(name, 0.0)
        group["weight_decay"] = decay * numbers.decay_schedule(t)
    for part in network.modules():
        if isinstance(part, Dropout):
            part.at(step, numbers.dropout * numbers.dropout_schedule(t))


def clip(network: nn.Module, largest: float) -> None:
    """Scale the gradient to the largest norm where it is longer."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    if norm > largest:
        for gradient in gradients:
            gradient.mul_(largest / norm)
