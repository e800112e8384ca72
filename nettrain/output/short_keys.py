"""Searched keys as headings."""

from collections.abc import Sequence


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Each key's last part, or all of it where two would be the same."""
    last = [key.rpartition(".")[2] for key in keys]
    return {key: end if last.count(end) == 1 else key for key, end in zip(keys, last, strict=True)}
