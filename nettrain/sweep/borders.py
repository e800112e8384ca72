"""Whether the best trial lies at the border of the search space."""

from collections.abc import Iterable

from nettrain.catalogue.searches import Values
from nettrain.errors import SpecError
from nettrain.experiment.sweep_settings import Parameter
from nettrain.sweep.influence import Influence, is_ordered
from nettrain.sweep.search_space import SearchSpace
from nettrain.sweep.values import is_number

BORDER = 0.05  # of a range, at either end
FEWEST_STEPS = 3  # of a parameter with a list of numbers, of which two are borders


def at_border(space: SearchSpace, values: Values, influences: Iterable[Influence] = ()) -> list[str]:
    """A line for each number of the best trial at the end of its range, if the range can be extended.

    None for the end that is worse by `influences` of all trials: there the best one is an exception.
    """
    better = {one.key: one.direction for one in influences}
    return [
        line
        for one in filter(is_ordered, space.parameters)
        for line in _warning(space, values, one, better.get(one.key, 0))
    ]


def _warning(space: SearchSpace, values: Values, parameter: Parameter, better: int) -> list[str]:
    """`better` is 1 where larger values are, -1 where smaller ones are, 0 where neither is known."""
    value = values.get(parameter.key)
    if not is_number(value) or _is_outside(parameter, value):
        return []
    position = _position(parameter, value)
    if BORDER < position < 1 - BORDER:
        return []
    if better == (1 if position <= BORDER else -1):
        return []
    ends = [end for end in parameter.distribution.ends() if is_number(end)]
    name, beyond = ("lower", _below(min(ends))) if position <= BORDER else ("upper", _above(max(ends)))
    if not _is_valid(space, {**values, parameter.key: beyond}):  # dropout does not go below 0
        return []
    return [f"{parameter.key}: the best, {value:.4g}, lies at the {name} border; search beyond it"]


def _is_outside(parameter: Parameter, value: float) -> bool:
    """Whether a value was not drawn from the range but chosen beyond it."""
    ends = [end for end in parameter.distribution.ends() if is_number(end)]
    return bool(ends) and not min(ends) <= value <= max(ends)


def _position(parameter: Parameter, value: float) -> float:
    """Where a value lies between the smallest (0) and the largest (1); 0.5 where neither has a meaning."""
    position = parameter.distribution.position(value)
    if position is not None:
        return position
    steps = parameter.distribution.choices()
    numbers = [step for step in steps if is_number(step)]
    if len(steps) < FEWEST_STEPS or len(numbers) < len(steps):
        return 0.5
    return 0.0 if value == min(numbers) else 1.0 if value == max(numbers) else 0.5


def _is_valid(space: SearchSpace, values: Values) -> bool:
    try:
        space.with_values(values)
    except SpecError:
        return False
    return True


def _above(end: float) -> float:
    return end + 1 if isinstance(end, int) else end + abs(end) * 1e-3


def _below(end: float) -> float:
    if isinstance(end, int):
        return end - 1
    return end - abs(end) * 1e-3 - (1e-9 if end == 0 else 0)
