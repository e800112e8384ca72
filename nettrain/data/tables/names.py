"""Names of columns that differ from each other, where some of them come from users."""

from collections.abc import Collection, Sequence
from itertools import count


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names, with `_2`, `_3`… behind those that an earlier one equals."""
    distinct: list[str] = []
    for name in names:
        distinct.append(free_name(name, {*distinct, *names}) if name in distinct else name)
    return distinct


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with the first of `_2`, `_3`… behind it that makes one that is not taken."""
    candidates = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)
