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
from nettrain.errors import DataError, SpecError
from nettrain.experiment.document import Document
from nettrain.experiment.load import validate
from nettrain.experiment.overrides import apply_overrides
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.inference.evaluate import final_figures
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
Way = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Entry:
    """One network: of its ways, kinds of data with overrides, the first that fits together counts."""

    group: str
    name: str
    ways: tuple[Way, ...]


def entries() -> list[Entry]:
    """Every entry of every registry, then each of their settings, every kind of layer and limit."""
    found = [*named(), *settings()]
    found += [Entry("limits", one.partition(".")[2], (("classes", (one,)),)) for one in LIMITING]
    ways: dict[tuple[str, str], list[Way]] = {}
    for cell in cells():
        ways.setdefault((cell.group, cell.row), []).extend((cell.kind, way) for way in cell.ways)
    cells_first = [Entry(group, name, tuple(some)) for (group, name), some in ways.items()]
    return sorted([*cells_first, *found], key=lambda entry: "," in entry.name)


def named() -> Iterator[Entry]:
    """What an experiment file can name, beside activations; metrics by what is predicted."""
    for name in optimizers:
        yield Entry("optimizers", name, by_steps((f"optimizer={name}",)))
    for name in schedules:
        yield Entry("schedules", name, (("classes", (f"schedule={name}", "schedule.warmup=0.1")),))
    for name, entry in losses.items():
        yield Entry("losses", name, ((entry.fits[0], (f"loss={name}",)),))
    for name in initializers:
        yield Entry("initializers", name, (("classes", (f"model.init={name}",)),))
    for kind in KINDS:
        yield Entry("metrics", kind, ((kind, ()), *((kind, (f"loss={name}",)) for name in losses)))


def settings() -> Iterator[Entry]:
    """Every optimizer with one setting at a time that is not at its default."""
    for name, field, value in options(optimizers):
        text = str(value).lower()
        way = (f"optimizer={name}", f"optimizer.{field}={text}")
        yield Entry("optimizers", f"{name}, {field} {text}", by_steps(way))


def by_steps(way: tuple[str, ...]) -> tuple[Way, ...]:
    """In batches, or where a rule wants all rows at once, so; some settings belong to another form."""
    whole = ("training.batch_size=full",)
    return tuple(("classes", (*way, *more)) for more in ((), whole, ("optimizer.form=average",)))


class Side:
    """Tells one entry's differences at every turn, until there are no more.

    The case's widths say which: the first, and how many sides share them.
    """

    def __init__(self, case: Case, backend: str) -> None:
        self.backend, self.steps = backend, case.steps
        first, every = case.widths
        self.left = iter(entries()[first::every])

    def turn(self) -> dict[str, Any]:
        """The next entry: by dtype how far the backends are apart, or that nothing of it fits; or the end."""
        entry = next(self.left, None)
        if entry is None:
            return {"over": True}
        told = {"group": entry.group, "name": entry.name}
        for kind, way in entry.ways:
            try:
                return {**told, **self.compared(kind, way)}
            except (SpecError, DataError):
                continue
            except ImportError:  # says nothing of the entry, and the next ones would fail likewise
                raise
            except Exception as error:  # whatever a device does with it: the others are still compared
                return {**told, "error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        return {**told, "left_out": True}

    def compared(self, kind: str, way: tuple[str, ...]) -> dict[str, Any]:
        """Differences of weights and of figures; some rules take float64 alone."""
        found: dict[str, Any] = {}
        for dtype in DTYPES:
            try:
                one, other = (trained(kind, way, dtype, name, self.steps) for name in ("numpy", self.backend))
            except SpecError:
                if not found:
                    raise
                continue
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
    apply_overrides(
        values, [*way, *place, f"training.epochs={epochs}", "training.checkpoint=null"], Experiment
    )
    settled = resolve_with_data(resolve(validate(values)), data)
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
