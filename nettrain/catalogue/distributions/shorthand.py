"""Blocks of a search that leave out the name of their distribution."""

from collections.abc import Collection


def implied(keys: Collection[str], least: object, most: object) -> str | None:
    """The distribution that a block with these keys means; `least` and `most` are its min and max."""
    if "values" in keys:
        return "categorical"
    if "value" in keys:
        return "constant"
    if "min" in keys or "max" in keys:
        integers = all(isinstance(end, int) and not isinstance(end, bool) for end in (least, most))
        return "int_uniform" if integers else "uniform"
    return None
