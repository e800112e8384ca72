"""PyTorch's losses of every row, and their derivatives by the outputs, in float64."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as f

LABELS = [0, 2, 1, 2, 0, 1, 1, 0]
SEVERAL = [
    *([1.5, -0.3, 0.2], [0.0, 0.0, 0.0], [-2.0, 3.0, -0.5], [4.0, -7.0, 1.0]),
    *([1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [1e4, -1e4, 0.0], [-0.0, -1.0, -1.0]),
]
ONE = [[-1e4], [1e4], [-0.0], [0.0], [0.7], [-0.7], [1.0], [-1.0], [30.0], [-30.0], [1e4], [-1e4]]
SIGNS = [[1.0], [1.0], [1.0], [-1.0], [1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0], [-1.0], [-1.0]]
FLAGS = [[(sign + 1) / 2] for [sign] in SIGNS]
MANY_FLAGS = [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]] * 2
SHARES = [[1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.125, 0.875], [0.5, 0.5, 0.0]] * 2
NUMBERS = [
    *([1.5, 0.7, 0.2], [0.0, -0.0, 1.0], [-3.0, 3.0, 0.5], [4.0, 7.0, 1.0]),
    *([0.0, 1e4, 5.0], [0.0, 1.0, 0.0], [1.0, -1e4, 0.0], [-1.0, -1.0, -1.0]),
]
COUNTS = [[3.0, 0.0, 1.0], [0.0, 2.0, 7.0], [1.0, 1.0, 0.0], [12.0, 0.0, 3.0]]
AMOUNTS = [[0.3], [-1.0], [2.5], [0.0], [7.0], [1.0], [-3.0], [0.25]]
PAIRS = [[0.5, -1.0], [2.0, 1e4], [0.125, -3.0], [1.0, 2.0], [-5.0, 0.25]]
WIDE = [
    *([1.5, -0.3, 0.2, 4.0, 0.0, 0.5, -2.0, 1.0], [-7.0, 3.0, 1.0, -0.5, 30.0, -30.0, 0.75, 2.0]),
    *([1e4, 0.3, -1e4, 5.0, 1.0, 1.0, 1.0, 1.0], [-0.0, 0.0, 0.0, 0.0, 3.0, 2.0, 1.0, 0.0]),
    [-1.0, -2.0, -3.0, -4.0, -1e4, 1e4, 1e4, -1e4],
]
TWICE = [[0.5, 1.5, 0.25, -0.3], [-2.0, -5.0, 3.0, 12.0], [0.0, 0.0, -3.5, -30.0], [1e4, 3.0, 2.0, -1e4]]
RATES = [[1.5, -0.3, 0.2], [0.0, -0.0, 2.0], [-30.0, 1.0, -1e4], [2.5, -100.0, 1.0]]


def hinge(z: Tensor, y: Tensor) -> Tensor:
    """PyTorch divides by K."""
    return f.multi_margin_loss(z, y, reduction="none") * z.shape[-1]


def squared_hinge(z: Tensor, y: Tensor) -> Tensor:
    """The same, of squares."""
    return f.multi_margin_loss(z, y, p=2, reduction="none") * z.shape[-1]


def perceptron(z: Tensor, y: Tensor) -> Tensor:
    """Rosenblatt's rule, whose derivative no library has: -y where the row is wrong, 0 says -1."""
    wrong = torch.where(z > 0, 1.0, -1.0) != y
    return torch.where(wrong, -y * z, 0 * z).sum(-1)


def focal(z: Tensor, y: Tensor, gamma: float) -> Tensor:
    """Through the logarithm of the softmax and its complement, which PyTorch has as the others' sum."""
    log_p = f.log_softmax(z, -1)
    own = f.one_hot(y, z.shape[-1]).bool()
    rest = torch.logsumexp(log_p.masked_fill(own, -torch.inf), -1)
    return -torch.exp(gamma * rest) * log_p[own]


def focal_pair(z: Tensor, y: Tensor, gamma: float, alpha: float) -> Tensor:
    """The same of one output."""
    sign = 2 * y - 1
    weight = torch.where(y > 0, alpha, 1 - alpha)
    return -(weight * torch.exp(gamma * f.logsigmoid(-sign * z)) * f.logsigmoid(sign * z)).sum(-1)


def smoothed(z: Tensor, y: Tensor, s: float) -> Tensor:
    """Binary cross-entropy of targets pulled towards a half."""
    return f.binary_cross_entropy_with_logits(z, y * (1 - s) + s / 2, reduction="none").sum(-1)


def one_hot(z: Tensor, y: Tensor) -> Tensor:
    """Labels as rows of 0 and one 1."""
    return f.one_hot(y, z.shape[-1]).double()


def smooth_shares(z: Tensor, y: Tensor, s: float) -> Tensor:
    """One-hot labels of which s goes to all classes alike."""
    return one_hot(z, y) * (1 - s) + s / z.shape[-1]


def pinball(z: Tensor, y: Tensor, levels: list[float], *, ordered: bool) -> Tensor:
    """Of quantiles that are outputs, or steps of log(1+e^z) away from the middle one; slope 0 at q = y."""
    q = z.reshape(len(z), -1, len(levels))
    if ordered:
        middle = len(levels) // 2
        steps = f.softplus(q)
        above = q[..., middle : middle + 1] + steps[..., middle + 1 :].cumsum(-1)
        below = q[..., middle : middle + 1] - steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
        q = torch.cat([below, q[..., middle : middle + 1], above], -1)
    error, level = y[..., None] - q, torch.tensor(levels, dtype=torch.float64)
    slope = torch.where(error > 0, level, torch.where(error < 0, level - 1, 0.0))
    return (slope * error).mean((-1, -2))


def gaussian(z: Tensor, y: Tensor, epsilon: float, *, full: bool) -> Tensor:
    """Of outputs m and s, the variance being ε+e^s, which PyTorch does not clamp."""
    m, variance = z[:, ::2], epsilon + z[:, 1::2].exp()
    return f.gaussian_nll_loss(m, y, variance, full=full, eps=epsilon, reduction="none").mean(-1)


def binary(z: Tensor, y: Tensor) -> Tensor:
    """Binary cross-entropy."""
    return f.binary_cross_entropy_with_logits(z, y, reduction="none").sum(-1)


CASES: dict[str, tuple[str, dict, list, list, Callable]] = {
    "cross_entropy": (
        "cross_entropy",
        {},
        SEVERAL,
        LABELS,
        lambda z, y: f.cross_entropy(z, y, reduction="none"),
    ),
    "cross_entropy smoothed": (
        *("cross_entropy", {"label_smoothing": 0.2}, SEVERAL, LABELS),
        lambda z, y: f.cross_entropy(z, y, reduction="none", label_smoothing=0.2),
    ),
    "cross_entropy of distributions": (
        *("cross_entropy", {}, SEVERAL, SHARES),
        lambda z, y: f.cross_entropy(z, y, reduction="none"),
    ),
    "cross_entropy of distributions, smoothed": (
        *("cross_entropy", {"label_smoothing": 0.2}, SEVERAL, SHARES),
        lambda z, y: f.cross_entropy(z, y, reduction="none", label_smoothing=0.2),
    ),
    "kl_divergence": (
        *("kl_divergence", {}, SEVERAL, SHARES),
        lambda z, y: f.kl_div(f.log_softmax(z, -1), y, reduction="none").sum(-1),
    ),
    "kl_divergence of classes": (
        *("kl_divergence", {}, SEVERAL, LABELS),
        lambda z, y: f.kl_div(f.log_softmax(z, -1), one_hot(z, y), reduction="none").sum(-1),
    ),
    "binary_cross_entropy": ("binary_cross_entropy", {}, ONE, FLAGS, binary),
    "binary_cross_entropy of labels": ("binary_cross_entropy", {}, SEVERAL, MANY_FLAGS, binary),
    "binary_cross_entropy smoothed": (
        *("binary_cross_entropy", {"label_smoothing": 0.2}, SEVERAL, MANY_FLAGS),
        lambda z, y: smoothed(z, y, 0.2),
    ),
    "binary_cross_entropy of classes": (
        *("binary_cross_entropy", {}, SEVERAL, LABELS),
        lambda z, y: binary(z, one_hot(z, y)),
    ),
    "binary_cross_entropy of classes, smoothed": (
        *("binary_cross_entropy", {"label_smoothing": 0.2}, SEVERAL, LABELS),
        lambda z, y: smoothed(z, one_hot(z, y), 0.2),
    ),
    "mse": ("mse", {}, SEVERAL, NUMBERS, lambda z, y: f.mse_loss(z, y, reduction="none").mean(-1)),
    "mse_half": (
        "mse_half",
        {},
        SEVERAL,
        NUMBERS,
        lambda z, y: f.mse_loss(z, y, reduction="none").sum(-1) / 2,
    ),
    "mse of classes": (
        *("mse", {}, SEVERAL, LABELS),
        lambda z, y: f.mse_loss(z, one_hot(z, y), reduction="none").mean(-1),
    ),
    "mse of classes, smoothed": (
        *("mse", {"label_smoothing": 0.2}, SEVERAL, LABELS),
        lambda z, y: f.mse_loss(z, smooth_shares(z, y, 0.2), reduction="none").mean(-1),
    ),
    "mse of two": ("mse", {}, ONE, FLAGS, lambda z, y: f.mse_loss(z, y, reduction="none").mean(-1)),
    "mse of labels, smoothed": (
        *("mse", {"label_smoothing": 0.2}, SEVERAL, MANY_FLAGS),
        lambda z, y: f.mse_loss(z, y * 0.8 + 0.1, reduction="none").mean(-1),
    ),
    "mse_half of classes": (
        *("mse_half", {}, SEVERAL, LABELS),
        lambda z, y: f.mse_loss(z, one_hot(z, y), reduction="none").sum(-1) / 2,
    ),
    "mse_half of two": (
        *("mse_half", {}, ONE, FLAGS),
        lambda z, y: f.mse_loss(z, y, reduction="none").sum(-1) / 2,
    ),
    "mae": ("mae", {}, SEVERAL, NUMBERS, lambda z, y: f.l1_loss(z, y, reduction="none").mean(-1)),
    "huber": ("huber", {}, SEVERAL, NUMBERS, lambda z, y: f.huber_loss(z, y, reduction="none").mean(-1)),
    "huber 0.3": (
        *("huber", {"delta": 0.3}, SEVERAL, NUMBERS),
        lambda z, y: f.huber_loss(z, y, reduction="none", delta=0.3).mean(-1),
    ),
    "pinball": (
        *("pinball", {}, SEVERAL, AMOUNTS),
        lambda z, y: pinball(z, y, [0.05, 0.5, 0.95], ordered=True),
    ),
    "pinball of four quantiles of two targets": (
        *("pinball", {"quantiles": [0.1, 0.25, 0.5, 0.9]}, WIDE, PAIRS),
        lambda z, y: pinball(z, y, [0.1, 0.25, 0.5, 0.9], ordered=True),
    ),
    "pinball that may cross": (
        *("pinball", {"quantiles": [0.1, 0.25, 0.5, 0.9], "crossing": "allowed"}, WIDE, PAIRS),
        lambda z, y: pinball(z, y, [0.1, 0.25, 0.5, 0.9], ordered=False),
    ),
    "pinball of one quantile": (
        *("pinball", {"quantiles": [0.9]}, SEVERAL[:4], NUMBERS[:4]),
        lambda z, y: pinball(z, y, [0.9], ordered=True),
    ),
    "gaussian_nll": (
        *("gaussian_nll", {}, TWICE, PAIRS[:4]),
        lambda z, y: gaussian(z, y, 1e-6, full=False),
    ),
    "gaussian_nll in full": (
        *("gaussian_nll", {"epsilon": 0.1, "full": True}, TWICE, PAIRS[:4]),
        lambda z, y: gaussian(z, y, 0.1, full=True),
    ),
    "hinge": ("hinge", {}, SEVERAL, LABELS, hinge),
    "hinge of two": ("hinge", {}, ONE, SIGNS, lambda z, y: f.relu(1 - y * z).sum(-1)),
    "squared_hinge": ("squared_hinge", {}, SEVERAL, LABELS, squared_hinge),
    "squared_hinge of two": (
        "squared_hinge",
        {},
        ONE,
        SIGNS,
        lambda z, y: f.relu(1 - y * z).square().sum(-1),
    ),
    "perceptron": ("perceptron", {}, ONE, SIGNS, perceptron),
    "focal": ("focal", {}, SEVERAL, LABELS, lambda z, y: focal(z, y, 2.0)),
    "focal 0.5": ("focal", {"gamma": 0.5}, SEVERAL[:4], LABELS[:4], lambda z, y: focal(z, y, 0.5)),
    "focal of two": (
        *("focal", {"gamma": 1.5, "alpha": 0.25}, ONE, FLAGS),
        lambda z, y: focal_pair(z, y, 1.5, 0.25),
    ),
    "poisson": (
        *("poisson", {}, RATES, COUNTS),
        lambda z, y: f.poisson_nll_loss(z, y, log_input=True, reduction="none").sum(-1),
    ),
}


def write(folder: Path) -> None:
    """Write losses.json."""
    lines = []
    for case, (name, numbers, outputs, targets, function) in CASES.items():
        z = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
        kind = torch.int64 if isinstance(targets[0], int) else torch.float64
        rows = function(z, torch.tensor(targets, dtype=kind))
        rows.sum().backward()
        values = {
            **{"name": name, "numbers": numbers, "outputs": outputs, "targets": targets},
            **{"rows": rows.tolist(), "delta": z.grad.tolist()},
        }
        lines.append(f"{json.dumps(case)}: {json.dumps(values)}")
    text = f'{{"torch": "{torch.__version__}", "cases": {{\n' + ",\n".join(lines) + "\n}}\n"
    (folder / "losses.json").write_text(text)
