"""Training of TabM with 3 × 400 units and 32 sub-members on california, beside plain PyTorch.

Each turn is one epoch from new initial values, on the same rows. nettrain is called as users call it, and its
time is that of its summary; PyTorch's is that of a loop over steps. The sides are processes.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from peers.estimators import rows_of
from peers.problem import THREADS, Array
from peers.process import POOLS, MissingError, PeerProcess, keep_to_processors

BATCH, COUNT, WIDTHS = 256, 32, (400, 400, 400)
RATE, DECAY, DROPOUT, CLIP_NORM = 8.725e-4, 0.03777, 0.2077, 1.0
SPEC: dict[str, Any] = {
    "data": {"validation": 0, "scaling": "none", "target_scaling": "none"},
    "model": {
        "hidden": list(WIDTHS),
        "dropout": DROPOUT,
        "init": {"name": "fan_in_uniform", "random_biases": True},
    },
    "optimizer": {"name": "adamw", "learning_rate": RATE, "weight_decay": DECAY},
    "training": {"epochs": 1, "batch_size": BATCH, "clip_norm": CLIP_NORM},
    "backend": {"threads": THREADS},
}
Turn = Callable[[int], dict[str, float]]  # by the seed


def standardized(data: Path, rows: int) -> tuple[Array, Array]:
    """So many rows of california in an order of chance: x (N, 8) and y (N,), of mean 0 and deviation 1."""
    table = rows_of("california", data)
    chosen = np.random.default_rng(0).permutation(len(table.y))[:rows]
    x, y = table.x[chosen], table.y[chosen]
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()


def nettrain_turn(x: Array, y: Array, own: bool) -> Turn:
    """A training with nettrain."""
    import nettrain

    sub_members = {"count": COUNT, "kind": "batch_ensemble", "own_batches": own}
    spec = {**SPEC, "model": {**SPEC["model"], "sub_members": sub_members}}

    def turn(seed: int) -> dict[str, float]:
        run = nettrain.train(spec, f"seed={seed}", data=(x, y))
        microseconds = run.summary["timing"]["microseconds_per_step"]
        return {"microseconds": microseconds, "loss": run.history["running_loss"][-1]}

    return turn


def torch_turn(x: Array, y: Array, own: bool) -> Turn:
    """The same training with PyTorch, as its users write it, with the fused AdamW."""
    import torch
    from torch import nn
    from transcriptions.tabm import TabM
    from transcriptions.training import squared_error

    torch.set_num_threads(THREADS)
    rows, targets = (torch.tensor(values, dtype=torch.float32) for values in (x, y))

    def new(seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(seed)
        network = TabM(x.shape[1], WIDTHS, 1, COUNT, DROPOUT)
        weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
        others = [p for name, p in network.named_parameters() if not name.endswith("weight")]
        groups = [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
        return network, torch.optim.AdamW(groups, lr=RATE, fused=True)

    def steps(network: nn.Module, rule: torch.optim.Optimizer, batches: Any) -> float:
        total = torch.zeros(())
        for index in batches:
            loss = squared_error(network(rows[index]), targets[index])
            rule.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
            rule.step()
            total += loss.detach()
        return float(total) / len(batches)

    def turn(seed: int) -> dict[str, float]:
        torch.manual_seed(seed)
        orders = [torch.randperm(len(rows)) for _ in range(COUNT if own else 1)]
        order = torch.stack(orders, dim=1) if own else orders[0]
        batches = order.split(BATCH)
        steps(*new(seed), batches[:2])
        made = new(seed)
        started = perf_counter()
        loss = steps(*made, batches)
        return {"microseconds": (perf_counter() - started) / len(batches) * 1e6, "loss": loss}

    return turn


SIDES = {"nettrain": nettrain_turn, "torch": torch_turn}


def setting(own: bool) -> dict[str, Any]:
    """What is timed."""
    network = {"widths": WIDTHS, "sub_members": COUNT, "own_batches": own, "dropout": DROPOUT}
    return {**network, "batch_size": BATCH, "threads": THREADS}


def serve(name: str, data: Path, steps: int, *, own: bool) -> None:
    """Be the process of a side: report the version, then take a turn for every seed on standard input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    keep_to_processors(THREADS)
    try:
        turn = SIDES[name](*standardized(data, steps * BATCH), own)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": f"no module {error.name}"}), file=replies, flush=True)
        return
    print(json.dumps({"version": str(import_module(name).__version__)}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(int(line))), file=replies, flush=True)


def compare(data: Path, *, steps: int, rounds: int, own: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Rounds A B A B … after one that warms up: version and turns of each side, and why one is missing."""
    shown: dict[str, Any] = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        sides: dict[str, PeerProcess] = {}
        for name in SIDES:
            batches = "--own" if own else "--no-own"
            arguments = ["tabm-side", name, str(data), str(steps), batches]
            try:
                sides[name] = PeerProcess(arguments, dict.fromkeys(POOLS, str(THREADS)))
            except MissingError as error:
                missing[name] = str(error)
                continue
            stack.callback(sides[name].close)
            sides[name].turn(0)
            shown[name] = {"version": sides[name].hello["version"], "microseconds": [], "loss": []}
        for seed in range(1, rounds + 1):
            for name, side in sides.items():
                for figure, value in side.turn(seed).items():
                    shown[name][figure].append(value)
    return shown, missing
