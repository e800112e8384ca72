"""nettrain's side: the engine's own loop on rows that are given as arrays; a turn is an epoch."""

from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

import nettrain
from gpucheck.cases import BETA1, BETA2, EPSILON, RATE, Case, drawn
from nettrain.backend.choose import open_backend
from nettrain.data.prepare import Prepared, Rows
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.training.build import TrainingRun, build
from nettrain.training.events import EpochDone
from nettrain.training.loop import Training

VERSION = nettrain.__version__
SIGNALS = 3  # of a layer: before and behind the activation, and the slope
SPEC = """
seed: {seed}
data: {{source: 'builtin:iris', validation: 0}}  # read by nobody: rows come as arrays
model: {{hidden: {hidden}, activation: relu, dropout: {dropout}, batch_norm: {batch_norm}}}
optimizer: {{name: adam, learning_rate: {rate}, beta1: {beta1}, beta2: {beta2}, epsilon: {epsilon}}}
training: {{epochs: 1000000, evaluate_every: 1000000, batch_size: {batch}}}
backend: {{name: {backend}, threads: 1}}  # as the other sides have where there is no GPU
"""


class Side:
    """One case in training."""

    def __init__(self, case: Case, backend: str) -> None:
        self.case, self.stamps = case, list[float]()
        self.run, self.timed = population(case, backend), False
        self.training = Training(self.run, self._look)
        self.events = self.training.events()

    def turn(self) -> dict[str, float]:
        """An epoch: its seconds and its mean loss over rows and members."""
        started = perf_counter()
        done = next(event for event in self.events if isinstance(event, EpochDone))
        self.run.backend.synchronize()
        return {"seconds": perf_counter() - started, "loss": float(done.figures["train_loss"].mean())}

    def facts(self) -> dict[str, Any]:
        """The slowest step by the median, in an epoch that waits after each; memory by what is needed."""
        self.stamps, self.timed = [], True
        self.turn()
        self.timed = False
        seconds = np.diff(self.stamps)
        slowest = float(seconds.max() / np.median(seconds)) if len(seconds) > 1 else None
        taken, needed = memory_taken(self.run), memory_needed(self.run, self.case)
        notes = list(getattr(self.run.backend, "notes", []))
        return {"slowest_to_median": slowest, "memory": taken, "memory_needed": needed, "notes": notes}

    def _look(self) -> bool:
        """Asked after every step, whether to stop."""
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
    """The members of a case, with seeds of their own."""
    members = [experiment(case, backend, seed) for seed in range(case.members)]
    x, y = drawn(case)
    rows = Rows(x, y, np.ones(len(x), x.dtype))
    data = Prepared(rows, None, None, fitted(case), members[0].data, ())
    settled = [resolve_with_data(one, data) for one in members]
    place = settled[0].backend
    opened = open_backend(place.name, dtype=place.dtype, threads=int(place.threads), device=place.device)
    return build(settled, data, opened)


def fitted(case: Case) -> Any:
    """What the engine reads of a preprocessing."""
    return SimpleNamespace(
        inputs=case.widths[0],
        outputs=lambda *, one_for_two=False: 1 if one_for_two and case.classes == 2 else case.classes,
        target_kind="classes",
        target_names=("label",),
        classes=tuple(map(str, range(case.classes))),
        target_center=np.zeros(1),
        target_scale=np.ones(1),
    )


def memory_taken(run: TrainingRun) -> int | None:
    """Bytes that CuPy holds on the device, its free blocks included; None without a device."""
    pool = getattr(run.backend.xp, "get_default_memory_pool", None)
    return int(pool().total_bytes()) if pool else None


def memory_needed(run: TrainingRun, case: Case) -> int:
    """Bytes of the data, of parameters, gradient and the rule's state, and of one batch's signals."""
    tables = sum(int(a.nbytes) for t in run.tables.values() for a in (t.x, t.y, t.weight))
    rows = ("parameters", "gradient", "state", "statistics")
    state = sum(int(run.population[name].nbytes) for name in rows)
    units = case.widths[0] + SIGNALS * sum(case.widths[1:])
    return tables + state + case.members * case.batch * units * run.backend.dtype.itemsize
