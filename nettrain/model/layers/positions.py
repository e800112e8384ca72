"""The inputs that a layer treats apart, as a setting that is stored with it."""

from typing import Annotated

from pydantic import BeforeValidator, Field

# in ascending order; a list in a model file
Positions = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(tuple)]
