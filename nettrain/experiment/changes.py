"""The keys in which two experiments differ."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nettrain.experiment.problems import shortened_yaml


class Absent:
    """The type of ABSENT, which takes the place of a value where a key is missing."""


ABSENT = Absent()


class Difference(NamedTuple):
    """One dotted key with its value on either side; ABSENT where a side does not have the key."""

    key: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.key}: {_describe(self.before)} → {_describe(self.after)}"


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[Difference]:
    """Every dotted key in which two nested mappings differ, in the order of their keys."""
    old, new = dict(flatten(before)), dict(flatten(after))
    return [
        Difference(key, old.get(key, ABSENT), new.get(key, ABSENT))
        for key in {**old, **new}
        if old.get(key, ABSENT) != new.get(key, ABSENT)
    ]


def flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a nested mapping with its dotted key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _describe(value: object) -> str:
    return "nothing" if value is ABSENT else shortened_yaml(value)
