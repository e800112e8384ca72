"""Constant arrays in code: numbers in their shortest exact form, or blocks of base64 where they are many."""

import base64
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.code import Code
from nettrain.export.numpy_module.infix import DTYPES, SIGN

WIDTH = 88
MOST_NUMBERS = 600  # of a module that has them as numbers
FEW_NUMBERS = 32  # of an array that is written as numbers in any case
WORDS = {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}


def scalar(value: Any, *, typed: bool = False) -> Code:
    """One number; with `typed` in a form that keeps its dtype without the help of others."""
    text = number(value)
    if typed and value.dtype == np.float32:
        return Code(f"np.float32({text})")
    return Code(text, SIGN) if text.startswith("-") else Code(text)


def number(value: Any) -> str:
    """The shortest text that is read as this number."""
    if value.dtype.kind != "f":
        return str(value)
    shortest = repr(float(str(value)))
    exact = np.array(float(shortest), value.dtype) == value
    text = shortest if exact or np.isnan(value) else repr(float(value))
    return WORDS.get(text, text)


def in_numbers(array: HostArray, total: int) -> bool:
    """Whether an array is written as numbers in a module that holds so many in all."""
    return total <= MOST_NUMBERS or array.size <= FEW_NUMBERS


def definition(name: str, array: HostArray, total: int) -> str:
    """The statement that defines a constant."""
    if in_numbers(array, total):
        return _as_numbers(name, array)
    return _as_base64(name, array)


def _as_numbers(name: str, array: HostArray) -> str:
    kind = f", {DTYPES[array.dtype.name]}" if array.dtype == np.float32 else ""
    short = f"{name} = np.array({_nested(array)}{kind})"
    if len(short) <= WIDTH:
        return short
    shape = f"  # {array.shape}" if array.ndim > 1 else ""
    return "\n".join([f"{name} = np.array([{shape}", *_rows(array, 4), f"]{kind})"])


def _nested(array: HostArray) -> str:
    if array.ndim == 0:
        return number(array[()])
    return f"[{', '.join(_nested(one) for one in array)}]"


def _rows(array: HostArray, indent: int) -> Iterator[str]:
    """The lines inside the outermost brackets."""
    pad = " " * indent
    if array.ndim == 1:
        yield from filled([number(value) for value in array], pad)
        return
    for row in array:
        short = f"{pad}{_nested(row)},"
        if len(short) <= WIDTH:
            yield short
        elif row.ndim == 1:
            yield from filled([number(value) for value in row], pad, "[", "]")
        else:
            yield from (f"{pad}[", *_rows(row, indent + 4), f"{pad}],")


def filled(words: Sequence[str], pad: str, opening: str = "", closing: str = "") -> Iterator[str]:
    """Words with commas in lines that are as full as they may be."""
    line, space = pad + opening, ""
    for k, word in enumerate(words):
        end = f"{word}{closing if k == len(words) - 1 else ''},"
        if space and len(line) + 1 + len(end) > WIDTH:
            yield line
            line, space = pad + " " * len(opening), ""
        line, space = f"{line}{space}{end}", " "
    yield line


def _as_base64(name: str, array: HostArray) -> str:
    little = array.astype(array.dtype.newbyteorder("<"))
    lines = textwrap.wrap(base64.b64encode(little.tobytes()).decode(), WIDTH)
    return "\n".join([f'{name} = decoded("{array.dtype.name}", {array.shape}, """', *lines, '""")'])
