"""How a setting is declared: once, with its range and meaning, and whether members may differ in it."""

from collections.abc import Callable
from typing import Any, Self, TypedDict, TypeVar, Unpack

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WrapValidator
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, ValidationError, core_schema

from nettrain.backend.base import HostArray

Number = float | HostArray  # what `number` declares: of one member, or stacked (R, 1, …)
T = TypeVar("T")


class Limits(TypedDict, total=False):
    """What pydantic's Field checks of a value."""

    gt: float
    ge: float
    lt: float
    le: float
    min_length: int
    max_length: int


class Settings(BaseModel):
    """A block of an experiment file: unknown keys are errors, text is never read as a number.

    The settings of R members are an object of the same class whose varying numbers are arrays with a row per
    member, see `catalogue.members`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,  # until first use: building all takes a third of a second, and few are used
    )

    def written_out(self) -> Self:
        """These settings with what follows from other keys written into their own."""
        return self


def number(default: T, meaning: str, *, varies: bool = True, **limits: Unpack[Limits]) -> T:
    """A number; `varies` marks what the members of one population may differ in."""
    declared: T = Field(
        default, description=meaning, json_schema_extra={"varies": True} if varies else None, **limits
    )
    return declared


def option(default: object, meaning: str, **limits: Unpack[Limits]) -> Any:
    """A choice that all members of a population share; the default as an experiment file would write it."""
    return Field(default, description=meaning, **limits)


def expects(description: str) -> WrapValidator:
    """Annotation that replaces a union's several errors by one: `is not <description>`."""

    def validate(value: object, inner: Callable[[object], object]) -> object:
        try:
            return inner(value)
        except ValidationError as error:
            raise PydanticCustomError("expected", "is not {expected}", {"expected": description}) from error

    return WrapValidator(validate)


class ShortForm:
    """Annotation of a block for which a whole number may stand, which is then that of its key `key`."""

    def __init__(self, key: str, at_least: int) -> None:
        self.key, self.at_least = key, at_least

    def expand(self, value: Any) -> Any:
        """The block that a number stands for; anything else as it is."""
        return {self.key: value} if isinstance(value, int) and not isinstance(value, bool) else value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        block = handler(schema)
        short = {"type": "integer", "minimum": self.at_least}
        return {"anyOf": [short, *block.get("anyOf", [block])]}


def varies(model: type[BaseModel], field: str) -> bool:
    """Whether members of one population may differ in this field."""
    return varied(model.model_fields[field])


def varied(field: FieldInfo) -> bool:
    """Whether members of one population may differ in what a field declares."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("varies"))
