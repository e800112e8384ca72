"""The same small network of every registered entry trained on NumPy and on another backend, and compared.

Weights and orders are drawn on the host and masks from counters, so that both take the same steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gpucheck.cases import Case
from nettrain.backend.choose import open_backend
from nettrain.catalogue.initializers import initializers
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.checks.catalogue import network_cases, nondefault_settings
from nettrain.checks.small import KINDS, ROWS, small_data
from nettrain.errors import DataError, SpecError
from nettrain.experiment.document import Document
from nettrain.experiment.load import validate
from nettrain.experiment.overrides import apply_overrides
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.inference.evaluate import evaluate_members
from nettrain.training.build import build
from nettrain.training.events import EpochDone
from nettrain.training.loop import train

VERSION = ""
DTYPES = ("float64", "float32")
STEPS, BATCH = 100, 11
LIMITING = (
    "training.clip_norm=0.1",
    "training.clip_value=0.01",
    "training.weight_decay=0.1",
    "regularization.max_norm=0.5",
)
Numbers = npt.NDArray[np.float64]
Way = tuple[str, tuple[str, ...]]  # kind of data, overrides


@dataclass(frozen=True)
class ComparedEntry:
    """An entry or setting; it is compared by the first of its ways whose data and overrides fit together."""

    group: str
    name: str
    ways: tuple[Way, ...]


def entries() -> list[ComparedEntry]:
    """Every entry of every registry, every kind of layer and limit; single settings come last."""
    others = [*named(), *settings()]
    others += [ComparedEntry("limits", one.partition(".")[2], (("classes", (one,)),)) for one in LIMITING]
    ways: dict[tuple[str, str], list[Way]] = {}
    for case in network_cases():
        ways.setdefault((case.group, case.row), []).extend((case.kind, way) for way in case.alternatives)
    first = [ComparedEntry(group, name, tuple(some)) for (group, name), some in ways.items()]
    return sorted([*first, *others], key=lambda entry: "," in entry.name)


def named() -> Iterator[ComparedEntry]:
    """The entries that an experiment file can name, apart from activations; metrics by kind of targets."""
    for name in optimizers:
        yield ComparedEntry("optimizers", name, by_steps((f"optimizer={name}",)))
    for name in schedules:
        yield ComparedEntry("schedules", name, (("classes", (f"schedule={name}", "schedule.warmup=0.1")),))
    for name, entry in losses.items():
        yield ComparedEntry("losses", name, ((entry.fits[0], (f"loss={name}",)),))
    for name in initializers:
        yield ComparedEntry("initializers", name, (("classes", (f"model.init={name}",)),))
    for kind in KINDS:
        yield ComparedEntry("metrics", kind, ((kind, ()), *((kind, (f"loss={name}",)) for name in losses)))


def settings() -> Iterator[ComparedEntry]:
    """Every optimizer with one setting at a time that is not at its default."""
    for name, field, value in nondefault_settings(optimizers):
        text = str(value).lower()
        way = (f"optimizer={name}", f"optimizer.{field}={text}")
        yield ComparedEntry("optimizers", f"{name}, {field} {text}", by_steps(way))


def by_steps(way: tuple[str, ...]) -> tuple[Way, ...]:
    """In batches, with the full batch where an optimizer needs it, or in the form that a setting needs."""
    full_batch = ("training.batch_size=full",)
    return tuple(("classes", (*way, *more)) for more in ((), full_batch, ("optimizer.form=average",)))


class EqualityCheck:
    """Reports the differences of one entry at every turn, until all entries are compared.

    The case's widths are the first entry, and by how many processes the entries are shared.
    """

    def __init__(self, case: Case, backend: str) -> None:
        self.backend, self.steps = backend, case.steps
        first, every = case.widths
        self.left = iter(entries()[first::every])

    def turn(self) -> dict[str, Any]:
        """The next entry's differences by dtype, `left_out` if none of its ways fits, `over` at the end."""
        entry = next(self.left, None)
        if entry is None:
            return {"over": True}
        row = {"group": entry.group, "name": entry.name}
        for kind, way in entry.ways:
            try:
                return {**row, **self.compared(kind, way)}
            except (SpecError, DataError):
                continue
            except ImportError:  # not the entry's fault, and all others would fail as well
                raise
            except Exception as error:  # a device may fail in any way: the others are still compared
                return {**row, "error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        return {**row, "left_out": True}

    def compared(self, kind: str, way: tuple[str, ...]) -> dict[str, Any]:
        """Differences of weights and of figures by dtype; some optimizers take float64 alone."""
        differences: dict[str, Any] = {}
        for dtype in DTYPES:
            try:
                one, other = (trained(kind, way, dtype, name, self.steps) for name in ("numpy", self.backend))
            except SpecError:
                if not differences:
                    raise
                continue
            differences[dtype] = apart(one[0], other[0])
            differences[f"{dtype} figures"] = max(apart(one[1][name], other[1][name]) for name in one[1])
        return differences


def trained(
    kind: str, way: tuple[str, ...], dtype: str, backend: str, steps: int
) -> tuple[Numbers, dict[str, Any]]:
    """Weights (P,) after so many steps, their figures, and the training loss of every epoch."""
    document, data = small_data(kind)
    values = Document(_copied(document.values))
    device = (f"backend={{name: {backend}, dtype: {dtype}, threads: 1}}",)
    epochs = max(steps * BATCH // ROWS, 1)
    apply_overrides(
        values, [*way, *device, f"training.epochs={epochs}", "training.checkpoint=null"], Experiment
    )
    experiment = resolve_with_data(resolve(validate(values)), data)
    run = build([experiment], data, _opened(backend, dtype))
    train_losses = [event.figures["running_loss"] for event in train(run) if isinstance(event, EpochDone)]
    networks = run.networks([experiment])
    figures = evaluate_members(networks, {"train": run.data.train}, run.pool)["train"]
    return run.final.parameters[0].astype(float), {
        **figures,
        "running_loss of epochs": np.concatenate(train_losses),
    }


@cache
def _opened(backend: str, dtype: str) -> Any:
    return open_backend(backend, dtype=dtype, threads=1)


def apart(one: Any, other: Any) -> float:
    """max|a - b| / max|a| over finite elements; infinite when they are not finite at the same places."""
    a, b = (np.asarray(array, dtype=float) for array in (one, other))
    if a.shape != b.shape or (np.isfinite(a) != np.isfinite(b)).any():
        return float("inf")
    finite = np.isfinite(a)
    largest = float(np.abs(a[finite]).max(initial=0.0))
    return float(np.abs(a[finite] - b[finite]).max(initial=0.0)) / (largest or 1.0)


def _copied(values: Any) -> Any:
    return {key: _copied(value) for key, value in values.items()} if isinstance(values, dict) else values
