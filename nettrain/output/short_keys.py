"""Searched keys as headings."""

from collections.abc import Sequence


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Each key's last part, `hidden.0` of a place in a list; all of it where two would be the same."""
    last = [_last(key) for key in keys]
    return {key: end if last.count(end) == 1 else key for key, end in zip(keys, last, strict=True)}


def _last(key: str) -> str:
    """`learning_rate`, `hidden.0`."""
    *before, end = key.split(".")
    return f"{before[-1]}.{end}" if before and end.isdecimal() else end
