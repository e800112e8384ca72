"""nettrain's side: its training loop on arrays; a turn is an epoch."""

from time import perf_counter
from typing import Any

import numpy as np
from peers.ours import preprocessing

import nettrain
from gpucheck.cases import BETA1, BETA2, EPSILON, RATE, Case, random_rows
from nettrain.backend.choose import open_backend
from nettrain.data.prepare import Prepared, Rows
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.training.build import build
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.run import TrainingRun

VERSION = nettrain.__version__
SIGNALS = 3  # arrays per layer: before and after the activation, and the gradient
SPEC = """
seed: {seed}
data: {{source: 'builtin:iris', validation: 0}}  # not read: rows come as arrays
model: {{hidden: {hidden}, activation: relu, dropout: {dropout}, batch_norm: {batch_norm}}}
optimizer: {{name: adam, learning_rate: {rate}, beta1: {beta1}, beta2: {beta2}, epsilon: {epsilon}}}
training: {{epochs: 1000000, evaluate_every: 1000000, batch_size: {batch}}}
backend: {{name: {backend}, threads: 1}}  # like the other sides where there is no GPU
"""


class NettrainBenchmark:
    """One case in training."""

    def __init__(self, case: Case, backend: str) -> None:
        self.case, self.stamps = case, list[float]()
        self.run, self.timed = population(case, backend), False
        self.training = TrainingLoop(self.run, self._stamp)
        self.events = self.training.events()

    def turn(self) -> dict[str, float]:
        """An epoch: its seconds and its mean loss over rows and members."""
        started = perf_counter()
        done = next(event for event in self.events if isinstance(event, EpochDone))
        self.run.backend.synchronize()
        return {"seconds": perf_counter() - started, "loss": float(done.figures["running_loss"].mean())}

    def facts(self) -> dict[str, Any]:
        """The slowest step beside the median of an epoch that is synchronized after each; memory in bytes."""
        self.stamps, self.timed = [], True
        self.turn()
        self.timed = False
        seconds = np.diff(self.stamps)
        slowest = float(seconds.max() / np.median(seconds)) if len(seconds) > 1 else None
        taken, needed = memory_taken(self.run), memory_needed(self.run, self.case)
        notes = list(getattr(self.run.backend, "notes", []))
        return {"slowest_to_median": slowest, "memory": taken, "memory_needed": needed, "notes": notes}

    def _stamp(self) -> bool:
        """Note the time after a step; False, since training goes on."""
        if self.timed:
            self.run.backend.synchronize()
            self.stamps.append(perf_counter())
        return False


def experiment(case: Case, backend: str, seed: int) -> Experiment:
    """The experiment of one member."""
    text = SPEC.format(
        seed=seed,
        hidden=list(case.widths[1:-1]),
        dropout=case.dropout,
        batch_norm=str(case.batch_norm).lower(),
        rate=RATE,
        beta1=BETA1,
        beta2=BETA2,
        epsilon=EPSILON,
        batch=case.batch,
        backend=backend,
    )
    return resolve(validate(parse(text, "gpu-check")))


def population(case: Case, backend: str) -> TrainingRun:
    """The population of a case, each member with its own seed."""
    members = [experiment(case, backend, seed) for seed in range(case.members)]
    x, y = random_rows(case)
    rows = Rows(x, y, np.ones(len(x), x.dtype))
    data = Prepared(rows, None, None, preprocessing(case.widths[0], case.classes), members[0].data, ())
    experiments = [resolve_with_data(member, data) for member in members]
    device = experiments[0].backend
    opened = open_backend(device.name, dtype=device.dtype, threads=int(device.threads), device=device.device)
    return build(experiments, data, opened)


def memory_taken(run: TrainingRun) -> int | None:
    """Bytes that CuPy holds on the device, its free blocks included; None without a device."""
    pool = getattr(run.backend.xp, "get_default_memory_pool", None)
    return int(pool().total_bytes()) if pool else None


def memory_needed(run: TrainingRun, case: Case) -> int:
    """Bytes of the data, of parameters, gradient and the rule's state, and of one batch's signals."""
    tables = sum(int(a.nbytes) for t in run.data.datasets.values() for a in (t.x, t.y, t.weight))
    rows = ("parameters", "gradient", "state", "statistics")
    state = sum(int(run.population[name].nbytes) for name in rows)
    units = case.widths[0] + SIGNALS * sum(case.widths[1:])
    return tables + state + case.members * case.batch * units * run.backend.dtype.itemsize
