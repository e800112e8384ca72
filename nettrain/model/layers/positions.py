"""The inputs that a layer treats apart, as a setting that is stored with it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field


def ascending(positions: tuple[int, ...]) -> tuple[int, ...]:
    """The positions. Raises ValueError unless each is above the one before."""
    if list(positions) != sorted(set(positions)):
        raise ValueError("positions do not rise")
    return positions


def as_tuple(value: object) -> object:
    """What a model file has as a list, as the tuple that a layer wants; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


# a list in a model file
Positions = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(as_tuple), AfterValidator(ascending)
]


def refuse_beyond(positions: Sequence[int], inputs: int) -> None:
    """Raise ValueError when there are not so many inputs."""
    if positions and positions[-1] >= inputs:
        raise ValueError(f"no input {positions[-1]} among {inputs}")
