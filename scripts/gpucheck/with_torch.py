"""PyTorch as users write it, with the fused Adam: eager, or with the forward and backward pass compiled."""

from itertools import pairwise
from time import perf_counter
from typing import Any

import torch
from torch import nn

from gpucheck.cases import BETA1, BETA2, EPSILON, NORM_EPSILON, NORM_MOMENTUM, RATE, Case, random_rows

VERSION = torch.__version__


class TorchBenchmark:
    """One network of a case, for PyTorch trains the members of a population one by one."""

    def __init__(self, case: Case, backend: str, mode: str | None = None) -> None:
        self.device, self.case = torch.device("cuda" if backend == "cupy" else "cpu"), case
        x, y = random_rows(case)
        torch.manual_seed(0)
        self.x = torch.from_numpy(x).to(self.device)
        self.y = torch.from_numpy(y).to(self.device, torch.float32 if case.widths[-1] == 1 else torch.int64)
        self.model = network(case).to(self.device)
        self.loss = torch.compile(self._loss, mode=mode) if mode else self._loss
        capturable = self.device.type == "cuda" and mode is not None
        numbers: dict[str, Any] = {"lr": RATE, "betas": (BETA1, BETA2), "eps": EPSILON}
        self.rule = torch.optim.Adam(self.model.parameters(), **numbers, fused=True, capturable=capturable)
        self.compiled = mode is not None

    def _loss(self, x: Any, y: Any) -> Any:
        if self.case.widths[-1] == 1:
            return nn.functional.binary_cross_entropy_with_logits(self.model(x).squeeze(1), y)
        return nn.functional.cross_entropy(self.model(x), y)

    def turn(self) -> dict[str, float]:
        """An epoch in a new order: its seconds and its mean loss."""
        started = perf_counter()
        total = torch.zeros((), device=self.device)
        for rows in torch.randperm(self.case.rows, device=self.device).split(self.case.batch):
            if self.compiled:
                torch.compiler.cudagraph_mark_step_begin()
            loss = self.loss(self.x.index_select(0, rows), self.y.index_select(0, rows))
            self.rule.zero_grad()
            loss.backward()
            self.rule.step()
            total += loss.detach()
        mean = float(total) / self.case.steps  # waits for the device
        return {"seconds": perf_counter() - started, "loss": mean}

    def facts(self) -> dict[str, Any]:
        """The memory that PyTorch holds on the device."""
        held = torch.cuda.max_memory_reserved() if self.device.type == "cuda" else None
        return {"memory": held}


class CompiledTorchBenchmark(TorchBenchmark):
    """The same with torch.compile in mode reduce-overhead."""

    def __init__(self, case: Case, backend: str) -> None:
        torch._dynamo.reset()  # or it gives up compiling after some cases, and is eager
        super().__init__(case, backend, "reduce-overhead")


def network(case: Case) -> nn.Sequential:
    """Linear, batch norm, relu, dropout."""
    layers: list[nn.Module] = []
    for m, n in pairwise(case.widths[:-1]):
        norm = [nn.BatchNorm1d(n, NORM_EPSILON, NORM_MOMENTUM)] if case.batch_norm else []
        drop = [nn.Dropout(case.dropout)] if case.dropout else []
        layers += [nn.Linear(m, n), *norm, nn.ReLU(), *drop]
    return nn.Sequential(*layers, nn.Linear(*case.widths[-2:]))
