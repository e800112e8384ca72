"""Every registered entry: the same small network trained by NumPy and by another backend, and compared.

Weights and orders are drawn on the host and masks by counting, so that both do the same steps.
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
from nettrain.checks.matrix import cells, options
from nettrain.checks.small import KINDS, ROWS, small_data
from nettrain.engine.build import build
from nettrain.engine.evaluate import final_figures
from nettrain.engine.events import EpochDone
from nettrain.engine.loop import train
from nettrain.engine.settle import settle
from nettrain.errors import DataError, SpecError
from nettrain.spec.document import Document
from nettrain.spec.experiment import Experiment
from nettrain.spec.load import check, resolved
from nettrain.spec.overrides import apply

VERSION = ""
LIMITS = {"float64": 1e-10, "float32": 1e-4}  # of the largest difference, by the largest weight
STEPS, BATCH = 100, 11
LIMITING = ("training.clip_norm=0.1", "training.clip_value=0.01", "training.weight_decay=0.1")
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One network: `ways` are overrides, of which the first that fits together counts."""

    group: str
    name: str
    kind: str
    ways: tuple[tuple[str, ...], ...]


def entries() -> Iterator[Entry]:
    """Every entry of every registry, each of its settings, every kind of layer and limit."""
    for name in optimizers:
        yield Entry("optimizers", name, "classes", ((f"optimizer={name}",),))
    for name, field, value in options(optimizers):
        way = (f"optimizer={name}", f"optimizer.{field}={str(value).lower()}")
        yield Entry("optimizers", f"{name}, {field} {value}", "classes", (way,))
    for name in schedules:
        yield Entry(
            "schedules", name, "classes", ((f"schedule={name}", "schedule.warmup=0.1"), (f"schedule={name}",))
        )
    for name, entry in losses.items():
        yield Entry("losses", name, entry.fits[0], ((f"loss={name}",),))
    for name in initializers:
        yield Entry("initializers", name, "classes", ((f"model.init={name}",),))
    for override in (*LIMITING, "regularization.max_norm=0.5"):
        yield Entry("limits", override.partition(".")[2], "classes", ((override,),))
    for kind in KINDS:
        yield Entry("metrics", kind, kind, ((), *((f"loss={name}",) for name in losses)))
    ways: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    for cell in cells():
        key = (cell.group, cell.row, "" if cell.group == "activations" else cell.kind)
        ways.setdefault(key, []).extend((f"kind={cell.kind}", *way) for way in cell.ways)
    for (group, name, _), some in ways.items():
        kind = some[0][0].removeprefix("kind=")
        same = tuple(way[1:] for way in some if way[0] == f"kind={kind}")
        yield Entry(group, name, kind, same)


class Side:
    """Tells one entry's differences at every turn, until there are no more."""

    def __init__(self, case: Case, backend: str) -> None:
        self.backend, self.steps = backend, case.steps
        self.left = entries()

    def turn(self) -> dict[str, Any]:
        """The next entry that fits together: by dtype how far the backends are apart; or that it is over."""
        for entry in self.left:
            for way in entry.ways:
                try:
                    return {"group": entry.group, "name": entry.name, **self.compared(entry, way)}
                except (SpecError, DataError):
                    continue
        return {"over": True}

    def compared(self, entry: Entry, way: tuple[str, ...]) -> dict[str, Any]:
        """Differences of weights and of figures."""
        found: dict[str, Any] = {}
        for dtype in LIMITS:
            one, other = (
                trained(entry.kind, way, dtype, name, self.steps) for name in ("numpy", self.backend)
            )
            found[dtype] = apart(one[0], other[0])
            found[f"{dtype} figures"] = max(apart(one[1][name], other[1][name]) for name in one[1])
        return found


def trained(
    kind: str, way: tuple[str, ...], dtype: str, backend: str, steps: int
) -> tuple[Numbers, dict[str, Any]]:
    """Weights (P,) after so many steps, and every figure of them and of the epochs."""
    document, data = small_data(kind)
    values = Document(_copied(document.values))
    place = (f"backend={{name: {backend}, dtype: {dtype}, threads: 1}}",)
    epochs = max(steps * BATCH // ROWS, 1)
    apply(values, [*way, *place, f"training.epochs={epochs}", "training.checkpoint=null"], Experiment)
    settled = settle(resolved(check(values)), data)
    run = build([settled], data, _opened(backend, dtype))
    losses_told = [event.figures["train_loss"] for event in train(run) if isinstance(event, EpochDone)]
    figures = final_figures(run, [settled])["train"]
    return run.final[0].astype(float), {**figures, "train_loss of epochs": np.concatenate(losses_told)}


@cache
def _opened(backend: str, dtype: str) -> Any:
    return open_backend(backend, dtype=dtype, threads=1)


def apart(one: Any, other: Any) -> float:
    """max|a - b| / max|a|; 0 when both are not numbers in the same places."""
    a, b = (np.asarray(array, dtype=float) for array in (one, other))
    if a.shape != b.shape or (np.isfinite(a) != np.isfinite(b)).any():
        return float("inf")
    sound = np.isfinite(a)
    largest = float(np.abs(a[sound]).max(initial=0.0))
    return float(np.abs(a[sound] - b[sound]).max(initial=0.0)) / (largest or 1.0)


def _copied(values: Any) -> Any:
    return {key: _copied(value) for key, value in values.items()} if isinstance(values, dict) else values
