"""How a setting is declared: once, with its range and meaning, and whether members may differ in it."""

from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, WrapValidator
from pydantic_core import PydanticCustomError, ValidationError


class Settings(BaseModel):
    """A block of an experiment file: unknown keys are errors, text is never read as a number."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,  # when it is first used: most are not, and building all takes a third of a second
    )

    def written_out(self) -> Self:
        """These settings with what follows from other keys written into their own."""
        return self


def number(default: Any, meaning: str, *, varies: bool = True, **limits: Any) -> Any:
    """A number; `varies` marks what the members of one population may differ in."""
    extra: Any = {"varies": True} if varies else None
    return Field(default, description=meaning, json_schema_extra=extra, **limits)


def option(default: Any, meaning: str, **limits: Any) -> Any:
    """A choice that all members of a population share."""
    return Field(default, description=meaning, **limits)


def later(default: Any, meaning: str) -> Any:
    """A key whose feature is not built yet: any value but the default is refused."""
    return Field(default, description=meaning, json_schema_extra={"later": True})


def expects(description: str) -> Any:
    """Annotation that replaces a union's several errors by one: `is not <description>`."""

    def validate(value: Any, inner: Callable[[Any], Any]) -> Any:
        try:
            return inner(value)
        except ValidationError as error:
            raise PydanticCustomError("expected", "is not {expected}", {"expected": description}) from error

    return WrapValidator(validate)


def varies(model: type[BaseModel], field: str) -> bool:
    """Whether members of one population may differ in this field."""
    return _marked(model, field, "varies")


def is_later(model: type[BaseModel], field: str) -> bool:
    """Whether this field's feature is not built yet."""
    return _marked(model, field, "later")


def _marked(model: type[BaseModel], field: str, mark: str) -> bool:
    extra = model.model_fields[field].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(mark))
