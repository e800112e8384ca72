"""In which keys two experiments differ."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nettrain.experiment.problems import shown


class Absent:
    """What stands for the value of a key that one side does not have."""


ABSENT = Absent()


class Difference(NamedTuple):
    """One dotted key and its value on either side, ABSENT where there is none."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.key}: {_told(self.before)} → {_told(self.after)}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every dotted key in which two nested mappings differ, in the order of their keys."""
    was, is_now = dict(flat(before)), dict(flat(after))
    return [
        Difference(key, was.get(key, ABSENT), is_now.get(key, ABSENT))
        for key in {**was, **is_now}
        if was.get(key, ABSENT) != is_now.get(key, ABSENT)
    ]


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested mapping with its dotted key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _told(value: Any) -> str:
    return "nothing" if value is ABSENT else shown(value)
