"""A function of your own: its gradient beside central differences and, where it is written in NumPy, duals.

`f(x) -> (value, gradient)` takes an array of any shape; `x0` in its module is where it is checked. Where the
slopes on both sides differ, however small h is, there is a kink, and the number is skipped.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nettrain.checks.comparison import SMALLEST, TOLERANCE, Compared
from nettrain.checks.differences import STEP, rounding
from nettrain.checks.dual import Dual, one_by_one, value_of
from nettrain.checks.forms import Suspect, form
from nettrain.checks.problem import Numbers
from nettrain.checks.report import FunctionReport, WorstReport, summary, tensor_report, worst
from nettrain.errors import SpecError, nearest
from nettrain.model.parameters import Slot

POINT = "x0"  # what a module calls the place where its function is checked
CLOSER = 64.0  # by how much h shrinks to tell a kink from a curve
JUMP = 1e-3  # of the larger slope: how much the two sides of a kink differ at least


@dataclass(frozen=True)
class Own:
    """A function `call` of an array at `point`; `name` is how it was asked for."""

    name: str
    call: Callable[[Any], tuple[Any, Any]]
    point: Numbers

    def value(self, x: Any) -> Any:
        """f(x) as a number, or as a Dual."""
        return self._called(x)[0]

    def gradient(self) -> Numbers:
        """The function's own gradient at the point. Raises SpecError when it has another shape."""
        gradient = np.asarray(self._called(self.point.copy())[1], dtype=np.float64)
        if gradient.shape != self.point.shape:
            raise SpecError(f"{self.name}: the gradient is {gradient.shape}, {POINT} is {self.point.shape}")
        return gradient

    def _called(self, x: Any) -> tuple[Any, Any]:
        try:
            answer = self.call(x)
        except Exception as error:
            raise SpecError(f"{self.name}: fails: {described(error)}") from error
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise SpecError(f"{self.name}: must return (value, gradient), not {type(answer).__name__}")
        value = answer[0]
        if np.size(value_of(value)) != 1:
            raise SpecError(f"{self.name}: the value must be one number, not {np.shape(value_of(value))}")
        return value, answer[1]


def own_function(name: str) -> Own:
    """The function `module:name` or `file.py:name`. Raises SpecError when it or its point is not there."""
    place, colon, attribute = name.rpartition(":")
    if not colon or not place or not attribute:
        raise SpecError(f"--function: {name}: write module:name, such as homework:loss")
    module = imported(place)
    names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    call = getattr(module, attribute, None)
    if not callable(call):
        raise SpecError(f'--function: {place} has no function "{attribute}"{nearest(attribute, names)}')
    if not hasattr(module, POINT):
        raise SpecError(f"--function: {place} has no {POINT}, the array at which {attribute} is checked")
    return Own(name, call, np.array(getattr(module, POINT), dtype=np.float64))


def imported(place: str) -> ModuleType:
    """A module by its file, or by its name, looked for in the current folder too."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        return from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except SpecError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in (place, place.split(".", maxsplit=1)[0]):
            raise SpecError(f'--function: no module "{place}"') from error
        raise SpecError(f"--function: {place}: fails: {described(error)}") from error
    finally:
        sys.path.pop(0)


def from_file(path: Path) -> ModuleType:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SpecError(f"--function: {path}: no such file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@dataclass(frozen=True, eq=False)
class OwnChecked:
    """What came of it; `without_duals` says why they could not be used, if so."""

    compared: Compared
    value: float
    without_duals: str


def check_function(
    own: Own,
    *,
    samples: int | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> OwnChecked:
    """Compare a function's gradient with differences, and with dual numbers where they pass through it."""
    size = own.point.size
    wanted = size if samples is None else min(samples, size)
    places = np.sort(np.random.default_rng(seed).choice(size, wanted, replace=False))
    analytic = own.gradient().reshape(-1)[places]
    value = float(own.value(own.point.copy()))
    difference, crossed = differences(own, places, value, step)
    dual, reason = duals(own, places)
    h = step * np.maximum(1.0, np.abs(own.point.reshape(-1)[places]))
    slot = Slot(0, "", own.point.shape, 0)
    compared = Compared(
        slot,
        places,
        analytic,
        difference,
        difference if dual is None else dual,
        crossed,
        rounding(value, h),
        SMALLEST * max(1.0, abs(value)),
        tolerance if dual is not None else np.inf,
    )
    return OwnChecked(compared, value, reason)


def function_diagnosis(own: Own, checked: OwnChecked) -> list[str]:
    """What the wrong numbers look like, if they look like something."""
    if not checked.compared.fails:
        return []
    what = form(Suspect(checked.compared, own.gradient().reshape(-1), own.point.reshape(-1)))
    return [f"the gradient {what}"] if what else []


def function_report(own: Own, checked: OwnChecked, seconds: float) -> FunctionReport:
    """The check of a function as plain data, like the report of a network."""
    row = tensor_report("", checked.compared)
    number: WorstReport | None = worst([("", checked.compared)])
    if checked.without_duals:
        row["dual"] = summary(np.zeros(0))
        number = number and {**number, "dual": None}
    return {
        "checked": own.name,
        "passed": not checked.compared.fails and checked.compared.checked > 0,
        "value": checked.value,
        "tensors": [{**row, "tensor": "x"}],
        "without_duals": checked.without_duals,
        "worst": number and {**number, "tensor": "x"},
        "diagnosis": function_diagnosis(own, checked),
        "seconds": seconds,
    }


def duals(own: Own, places: Any) -> tuple[Numbers | None, str]:
    """The derivatives by dual numbers, or None and why not."""
    try:
        value = own.value(one_by_one(own.point.copy(), places))
    except SpecError as error:
        return None, described(error.__cause__ or error)
    if not isinstance(value, Dual):
        return None, "its value is a plain number"
    return np.array(value.tangent.reshape(len(places))), ""


def differences(own: Own, places: Any, value: float, step: float) -> tuple[Numbers, Any]:
    """Central differences (n,), and whether a kink is near: (n,)."""
    found, crossed = np.zeros(len(places)), np.zeros(len(places), dtype=bool)
    for k, place in enumerate(places):
        h = step * max(1.0, abs(own.point.flat[place]))
        upper, lower = sides(own, place, h, value)
        closer = sides(own, place, h / CLOSER, value)
        found[k] = (upper + lower) / 2
        crossed[k] = jumps(upper, lower, value, h) and jumps(*closer, value, h / CLOSER)
    return found, crossed


def sides(own: Own, place: int, h: float, value: float) -> tuple[float, float]:
    """The slope from the right and from the left."""
    slopes = []
    for move in (h, -h):
        x = own.point.copy()
        x.flat[place] += move
        slopes.append((float(own.value(x)) - value) / (x.flat[place] - own.point.flat[place]))
    return slopes[0], slopes[1]


def jumps(one: float, other: float, value: float, h: float) -> bool:
    """Whether two slopes differ by more than rounding and a share of them."""
    return bool(abs(one - other) > JUMP * max(abs(one), abs(other)) + rounding(value, h))
