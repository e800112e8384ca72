"""A function that the user wrote: its gradient beside central differences and, where they work, dual numbers.

`f(x) -> (value, gradient)` takes an array of any shape; `x0` in its module is where it is checked. Where the
one-sided slopes still differ for a much smaller h there is a kink, and the coordinate is skipped. Dual
numbers work where f is written in NumPy.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Floats
from nettrain.checks.comparison import MIN_SHARE_OF_OBJECTIVE, TensorComparison
from nettrain.checks.differences import Differences, rounding_error
from nettrain.checks.dual import Dual, seeded_by_coordinate
from nettrain.checks.options import CheckOptions
from nettrain.checks.patterns import WrongTensor, describe
from nettrain.checks.report import (
    FunctionReport,
    WorstReport,
    error_summary,
    tensor_report,
    worst_derivative,
)
from nettrain.errors import SpecError, nearest
from nettrain.model.parameters import Slot
from nettrain.training.rows.batches import Index

POINT = "x0"  # the name in a module of the point at which its function is checked
REFINEMENT = 64.0  # by which h is divided to tell a kink from a curve
JUMP = 1e-3  # of the larger one-sided slope: by how much the two differ at least at a kink


@dataclass(frozen=True)
class UserFunction:
    """A function `call` of an array at `point`; `name` is how the user named it.

    Its methods raise SpecError when the function fails, or returns something other than (value, gradient).
    """

    name: str
    call: Callable[[Floats | Dual], object]
    point: Floats

    def value(self, x: Floats) -> float:
        """f(x)."""
        return float(np.asarray(self._returned(x)[0]).item())

    def dual(self, x: Dual) -> Dual | None:
        """f(x) with its derivatives, None where they got lost on the way."""
        value = self._returned(x)[0]
        return value if isinstance(value, Dual) else None

    def gradient(self) -> Floats:
        """The gradient at the point, as the function computes it."""
        gradient = np.asarray(self._returned(self.point.copy())[1], dtype=np.float64)
        if gradient.shape != self.point.shape:
            raise SpecError(f"{self.name}: the gradient is {gradient.shape}, {POINT} is {self.point.shape}")
        return gradient

    def _returned(self, x: Floats | Dual) -> tuple[Dual | npt.ArrayLike, npt.ArrayLike]:
        try:
            result = self.call(x)
        except Exception as error:
            raise SpecError(f"{self.name}: fails: {one_line(error)}") from error
        if not isinstance(result, tuple) or len(result) != 2:
            raise SpecError(f"{self.name}: must return (value, gradient), not {type(result).__name__}")
        value, gradient = result
        shape = value.shape if isinstance(value, Dual) else np.shape(value)
        if np.prod(shape) != 1:
            raise SpecError(f"{self.name}: the value must be one number, not {shape}")
        return value, gradient


def load_function(name: str) -> UserFunction:
    """The function `module:name` or `file.py:name`. Raises SpecError when it or its point is missing."""
    module_name, colon, attribute = name.rpartition(":")
    if not colon or not module_name or not attribute:
        raise SpecError(f"--function: {name}: write module:name, such as homework:loss")
    module = load_module(module_name)
    names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    call = getattr(module, attribute, None)
    if not callable(call):
        raise SpecError(f'--function: {module_name} has no function "{attribute}"{nearest(attribute, names)}')
    if not hasattr(module, POINT):
        raise SpecError(
            f"--function: {module_name} has no {POINT}, the array at which {attribute} is checked"
        )
    return UserFunction(name, call, np.array(getattr(module, POINT), dtype=np.float64))


def load_module(name: str) -> ModuleType:
    """A module by its file, or by its name, looked for in the current folder too."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        return _module_of_file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
    except SpecError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in (name, name.split(".", maxsplit=1)[0]):
            raise SpecError(f'--function: no module "{name}"') from error
        raise SpecError(f"--function: {name}: fails: {one_line(error)}") from error
    finally:
        sys.path.pop(0)


def _module_of_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SpecError(f"--function: {path}: no such file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_line(error: BaseException) -> str:
    """An error's type and message in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@dataclass(frozen=True, eq=False)
class FunctionComparison:
    """A function's gradient beside the other methods; `without_duals` says why dual numbers do not work."""

    function: UserFunction
    compared: TensorComparison
    value: float
    without_duals: str


def compare_function(function: UserFunction, options: CheckOptions | None = None) -> FunctionComparison:
    """Compare a function's gradient with differences, and with dual numbers where these work."""
    options = options or CheckOptions()
    size = function.point.size
    samples = size if options.samples is None else min(options.samples, size)
    coordinates = np.sort(np.random.default_rng(options.seed).choice(size, samples, replace=False))
    analytic = function.gradient().reshape(-1)[coordinates]
    value = function.value(function.point.copy())
    differences = central_differences(function, coordinates, value, options.step)
    dual, without_duals = dual_derivatives(function, coordinates)
    compared = TensorComparison(
        Slot(0, "", function.point.shape, 0),
        coordinates,
        analytic,
        differences.values,
        differences.values if dual is None else dual,
        differences.crosses_kink,
        differences.uncertainty,
        MIN_SHARE_OF_OBJECTIVE * max(1.0, abs(value)),
        options.tolerance if dual is not None else np.inf,
    )
    return FunctionComparison(function, compared, value, without_duals)


def function_diagnosis(comparison: FunctionComparison) -> list[str]:
    """What the wrong numbers look like, if that is known."""
    if not comparison.compared.fails:
        return []
    function = comparison.function
    tensor = WrongTensor(comparison.compared, function.gradient().reshape(-1), function.point.reshape(-1))
    pattern = describe(tensor)
    return [f"the gradient {pattern}"] if pattern else []


def function_report(comparison: FunctionComparison, seconds: float) -> FunctionReport:
    """The check of a function as plain data, like the report of a network."""
    compared = comparison.compared
    row = tensor_report("", compared)
    worst: WorstReport | None = worst_derivative([("", compared)])
    if comparison.without_duals:
        row["dual"] = error_summary(np.zeros(0))
        worst = worst and {**worst, "dual": None}
    return {
        "checked": comparison.function.name,
        "passed": not compared.fails and compared.checked > 0,
        "value": comparison.value,
        "tensors": [{**row, "tensor": "x"}],
        "without_duals": comparison.without_duals,
        "worst": worst and {**worst, "tensor": "x"},
        "diagnosis": function_diagnosis(comparison),
        "seconds": seconds,
    }


def dual_derivatives(function: UserFunction, coordinates: Index) -> tuple[Floats | None, str]:
    """The derivatives (n,) by dual numbers, or None and the reason why there are none."""
    try:
        value = function.dual(seeded_by_coordinate(function.point.copy(), coordinates))
    except SpecError as error:
        return None, one_line(error.__cause__ or error)
    if value is None:
        return None, "its value is a plain number"
    return np.array(value.tangent.reshape(len(coordinates))), ""


def central_differences(function: UserFunction, coordinates: Index, value: float, step: float) -> Differences:
    """Central differences in these flat coordinates (n,); `value` is f at the point."""
    slopes, crosses_kink = np.zeros(len(coordinates)), np.zeros(len(coordinates), dtype=bool)
    h = step * np.maximum(1.0, np.abs(function.point.reshape(-1)[coordinates]))
    for k, coordinate in enumerate(coordinates):
        right, left = one_sided_slopes(function, coordinate, h[k], value)
        slopes[k] = (right + left) / 2
        near = one_sided_slopes(function, coordinate, h[k] / REFINEMENT, value)
        crosses_kink[k] = jumps(right, left, value, h[k]) and jumps(*near, value, h[k] / REFINEMENT)
    return Differences(slopes, crosses_kink, rounding_error(value, h))


def one_sided_slopes(
    function: UserFunction, coordinate: np.intp, h: float, value: float
) -> tuple[float, float]:
    """The difference quotients from the right and from the left."""
    slopes = []
    for move in (h, -h):
        x = function.point.copy()
        x.flat[coordinate] += move
        width = x.flat[coordinate] - function.point.flat[coordinate]
        slopes.append((function.value(x) - value) / width)
    return slopes[0], slopes[1]


def jumps(right: float, left: float, value: float, h: float) -> bool:
    """Whether two one-sided slopes differ by more than rounding and a share of them."""
    return bool(abs(right - left) > JUMP * max(abs(right), abs(left)) + rounding_error(value, h))
