"""A random search on optical digits by several libraries: 64-64-32-10, relu, batch 64, 10 epochs, Adam.

All get the same rows, learning rates and l2 penalties, and return each trial's loss on the validation rows.
nettrain's workers and the peers' processes live on between turns, so that starting them and loading the data
are not timed. In a turn each trains all trials twice, and the second time counts. PyTorch and scikit-learn
train trial by trial in two processes of one thread, JAX all trials at once with vmap in one process with all
threads.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from nettrain.experiment.load import load
from nettrain.sweep.loop import train_chunks
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.process_pool import ProcessPool
from nettrain.sweep.sweep import Sweep
from peers.problem import Array
from peers.process import POOLS, MissingError
from peers.sides import SIDES, version_of

WORKERS, TRIALS, EPOCHS, BATCH = 2, 64, 10, 64
WIDTHS = (64, 64, 32, 10)
RATE, PENALTY = "optimizer.learning_rate", "regularization.l2"
SPEC = f"""
experiment: search
data: {{source: 'builtin:optdigits', validation: 0.15, scaling: {{name: divide, by: 16}}}}
model: {{hidden: [64, 32], activation: relu}}
training: {{epochs: {EPOCHS}, batch_size: {BATCH}, evaluate_every: {EPOCHS}}}  # like the peers
sweep:
  parameters:
    {RATE}: {{distribution: log_uniform_values, min: 3.e-4, max: 1.e-2}}
    {PENALTY}: {{distribution: log_uniform_values, min: 1.e-6, max: 1.e-3}}
"""


class NettrainSearch:
    """nettrain's search with running workers."""

    def __init__(self, folder: Path, trials: int, stack: ExitStack) -> None:
        path = folder / "search.yaml"
        path.write_text(SPEC)
        self.made: Sweep = stack.enter_context(open_sweep(load(path), folder, total=trials, workers=WORKERS))
        self.pool = stack.enter_context(ProcessPool(WORKERS))
        self.values = [trial.values for trial in self.made.trials]

    def turn(self) -> list[float]:
        """Run all trials; returns their losses."""
        losses: dict[int, float] = {}
        made = self.made
        for progress in train_chunks(
            made.chunks, [], [], goal=made.goal, pool=self.pool, interrupted=lambda: False
        ):
            losses |= {
                result.trial: result.figures.get("val_loss", np.inf) for result in progress.new_results
            }
        return [losses[trial.number] for trial in made.trials]

    def rows(self) -> dict[str, Array]:
        """The training and validation rows as plain arrays."""
        from nettrain.sweep.shared_data import map_shared

        (data,) = map_shared(self.made.chunks[0].data)
        assert data.validation is not None
        parts = {"train": data.train, "val": data.validation}
        return {f"{part}_{name}": getattr(rows, name) for part, rows in parts.items() for name in ("x", "y")}


class SearchPeer:
    """Another library in one or more processes, which share the trials."""

    def __init__(self, name: str, data: Path, values: list[dict[str, Any]], stack: ExitStack) -> None:
        size = SIDES[name].processes
        threads = {} if size == 1 else dict.fromkeys(POOLS, "1")
        command = [sys.executable, sys.argv[0], "search-side", name, str(data)]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.processes = [
            stack.enter_context(subprocess.Popen(command, env={**os.environ, **threads}, **pipes))
            for _ in range(size)
        ]
        stack.callback(self.close)
        if any("missing" in hello for hello in map(self._reply, self.processes)):
            raise MissingError(f"no module {name}")
        pairs = [(one[RATE], one[PENALTY]) for one in values]
        self.shares = [pairs[k::size] for k in range(size)]

    def turn(self) -> list[float]:
        """Run all trials, the shares side by side; returns their losses."""
        for process, share in zip(self.processes, self.shares, strict=True):
            print(json.dumps(share), file=process.stdin, flush=True)
        return [loss for process in self.processes for loss in self._reply(process)["losses"]]

    def close(self) -> None:
        """Let the processes end, by closing their input."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()

    def _reply(self, process: Any) -> dict[str, Any]:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"a peer ended with exit code {process.wait()}; its error is above")
        return json.loads(line)  # type: ignore[no-any-return]


def serve(name: str, data: Path) -> None:
    """Be one process of a peer: reply to each line of rates and penalties with a line of losses."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        train: Callable[..., list[float]] = import_module(SIDES[name].search).train
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": str(error.name)}), file=replies, flush=True)
        return
    print(json.dumps({}), file=replies, flush=True)
    rows = dict(np.load(data))
    for line in sys.stdin:
        print(json.dumps({"losses": train(rows, json.loads(line))}), file=replies, flush=True)


def compare(names: list[str], trials: int, rounds: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Seconds and losses of rounds of all in turn, after a warm-up round; and why others are missing."""
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        ours = NettrainSearch(folder, trials, stack)
        np.savez(folder / "rows.npz", **ours.rows())
        peers: dict[str, Any] = {"nettrain": ours}
        for name in names:
            try:
                peers[name] = SearchPeer(name, folder / "rows.npz", ours.values, stack)
            except MissingError as error:
                missing[name] = str(error)
        shown: dict[str, Any] = {name: {"seconds": [], "losses": peer.turn()} for name, peer in peers.items()}
        for _ in range(rounds):
            for name, peer in peers.items():
                peer.turn()  # a virtual machine takes memory away from processes that wait, and gives it back
                started = perf_counter()
                peer.turn()
                shown[name]["seconds"].append(perf_counter() - started)
    for name, figures in shown.items():
        figures["version"] = version_of(name)
    return shown, missing
