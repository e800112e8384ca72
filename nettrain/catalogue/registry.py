"""A registry per kind: a variant is registered by a decorator right above its definition."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from nettrain.catalogue.settings import Settings


class Variant(Settings):
    """One entry of a registry: its settings as fields, what it computes as methods that read nothing else.

    Methods work on the settings of one member and on those of R members alike: what is annotated as a float
    and declared with `number(...)` may be an array (R, 1, …), so they put it into arithmetic that broadcasts
    and never ask for its truth value.
    """

    name: str = ""
    source: ClassVar[str] = ""


V = TypeVar("V", bound=Variant)


class Registry(Generic[V]):
    """The variants of one kind, by name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, type[V]] = {}

    def register(self, name: str, *, source: str = "") -> Callable[[type[V]], type[V]]:
        """Class decorator: the entry becomes selectable as `name` wherever its kind is."""

        def decorate(entry: type[V]) -> type[V]:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            # before pydantic builds the entry, which is when it is first used
            entry.__pydantic_fields__["name"] = FieldInfo.from_annotated_attribute(
                Literal[name],  # type: ignore[arg-type]
                name,
            )
            entry.source = source
            self._entries[name] = entry
            return entry

        return decorate

    @property
    def entries(self) -> Mapping[str, type[V]]:
        """All entries by name."""
        return self._entries

    def __getitem__(self, name: str) -> type[V]:
        return self.entries[name]

    def get(self, name: str) -> type[V] | None:
        """The entry of this name, if there is one."""
        return self.entries.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __len__(self) -> int:
        return len(self.entries)

    def items(self) -> Iterator[tuple[str, type[V]]]:
        return iter(self.entries.items())

    def refusal(self, name: object) -> str:
        """Why a name that might be expected here is none; "" where there is nothing to say."""
        return ""


class Selection(Registry[V]):
    """Entries of its own, and those of another registry that fit."""

    def __init__(self, whole: Registry[Any], fits: Callable[[type[Any]], bool], why_not: str) -> None:
        """`why_not` is said of entries that do not fit."""
        super().__init__(whole.kind)
        self._whole, self._fits, self._why_not = whole, fits, why_not

    @property
    def entries(self) -> Mapping[str, type[V]]:
        return self._entries | {name: entry for name, entry in self._whole.items() if self._fits(entry)}

    def refusal(self, name: object) -> str:
        return self._why_not if name in self._whole and name not in self else ""


def meaning(entry: type[Variant]) -> str:
    """What a variant is: the first paragraph of its docstring on one line, without the last full stop."""
    return " ".join((entry.__doc__ or "").split("\n\n")[0].split()).removesuffix(".")


class Choice:
    """Annotation of a field that takes a variant: `adam`, or `{name: adam, learning_rate: 0.01}`.

    A mapping without a name means the `default` variant, where the field has one. With `auto`, the word
    auto is allowed too and stays as it is, to be replaced when the data is known.
    """

    def __init__(self, registry: Registry[Any], default: str | None = None, *, auto: bool = False) -> None:
        self.registry = registry
        self.default = default
        self.auto = auto

    def expand(self, value: Any) -> Any:
        """The long form of either spelling."""
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and "name" not in value and self.default is not None:
            return {"name": self.default, **value}
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # each as a call, so that only the variants that an experiment names are built
        choices: dict[Hashable, core_schema.CoreSchema] = {
            name: core_schema.no_info_plain_validator_function(entry.model_validate)
            for name, entry in self.registry.items()
        }
        union = core_schema.tagged_union_schema(choices, discriminator="name")
        return core_schema.no_info_wrap_validator_function(
            self._validate,
            union,
            serialization=core_schema.plain_serializer_function_ser_schema(_dump),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A name, or the block of a variant; only the default's may go without its name."""
        blocks = [
            handler(_built(entry)) | ({} if name == self.default else {"required": ["name"]})
            for name, entry in self.registry.items()
        ]
        names = {"auto": "follows from the rest"} if self.auto else {}
        names |= {name: meaning(entry) for name, entry in self.registry.items()}
        return {"anyOf": [{"enum": list(names), "enumDescriptions": list(names.values())}, *blocks]}

    def _validate(self, value: object, inner: Callable[[object], object]) -> object:
        if self.auto and value == "auto":
            return value
        return inner(self.expand(value))


def _built(entry: type[Variant]) -> core_schema.CoreSchema:
    entry.model_rebuild()
    return entry.__pydantic_core_schema__


def _dump(value: Variant | str) -> object:
    return value if isinstance(value, str) else value.model_dump()
