"""HTML as text that is escaped once: everything that is not `Html` already is, wherever it comes from."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import TypeAlias

UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]"
)  # that HTML does not allow
EMPTY_ELEMENTS = ("br", "hr", "img", "link", "meta")


class Html(str):
    """Text that is markup; any other text is escaped when it becomes part of it."""

    __slots__ = ()


Content: TypeAlias = "str | int | Iterable[Content] | None"


def markup(content: Content) -> Html:
    """Content as markup: text is escaped, None is nothing, and parts are joined."""
    return Html("".join(_pieces(content)))


def element(tag: str, *content: Content, **attributes: str | float | bool | None) -> Html:
    """An element. In attributes `_` is `-`, one at the end is dropped; True has no value, None is none."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in EMPTY_ELEMENTS:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{markup(content)}</{tag}>")


def _pieces(content: Content) -> Iterator[str]:
    match content:
        case None:
            return
        case Html():
            yield content
        case str():
            yield escape(UNPRINTABLE.sub("\ufffd", content))
        case int():
            yield str(content)
        case _:
            for part in content:
                yield from _pieces(part)


def _attribute(name: str, value: str | float | bool | None) -> str:
    shown = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {shown}" if value is True else f' {shown}="{escape(UNPRINTABLE.sub("�", str(value)))}"'
