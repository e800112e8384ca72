"""What the fields of a block of settings hold: another block, or a variant that is chosen by name."""

from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import ShortForm

Block = type[BaseModel]


def block_of(annotation: object) -> Block | None:
    """The settings class in an annotation such as `EarlyStopping | None` or `list[LayerSettings]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    blocks = map(block_of, getattr(annotation, "__args__", ()))
    return next((block for block in blocks if block is not None), None)


def choice_of(field: FieldInfo) -> Choice | None:
    """How a field chooses a variant by name; None if it does not."""
    return next((mark for mark in field.metadata if isinstance(mark, Choice)), None)


def short_form_of(field: FieldInfo) -> ShortForm | None:
    """The short form of a block that a field takes; None if it has none."""
    return next((mark for mark in field.metadata if isinstance(mark, ShortForm)), None)


def holds(annotation: object, kind: type) -> bool:
    """Whether a field takes a `kind` such as list or dict, alone or among other things."""
    origin = get_origin(annotation)
    if kind in (annotation, origin):
        return True
    inside = get_args(annotation) if origin in (Union, UnionType, Annotated) else ()
    return any(holds(one, kind) for one in inside)
