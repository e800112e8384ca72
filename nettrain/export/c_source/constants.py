"""Constant arrays, tables of texts and identifiers in a C file."""

from collections.abc import Iterator, Sequence

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.c_source.scalars import LIBRARY, OWN, literal, type_of
from nettrain.export.identifiers import Identifiers
from nettrain.export.node import GraphNode

WIDTH = 100
LETTERS = "ijklmnopqrst"  # of loops
KEYWORDS = (
    *(
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
    ),
    *(
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
    ),
    *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
    *("bool", "true", "false", "class", "new", "delete", "this", "private", "public", "template", "operator"),
)
TAKEN = (  # for what the file uses itself
    *(
        "row",
        "out",
        "main",
        "position_of",
        "interpolated",
        "text_position",
        "isnan",
        "strcmp",
        "abs",
        "absolute_i",
        "index",
    ),
    *("y0", "y1", "yn", "j0", "j1", "jn", "gamma", "signgam", "time", "round", "remainder", "log2", "exp2"),
    *(name + end for name in (*LIBRARY.values(), *OWN) for end in ("", "f", "_f", "_i", "_d")),
)


class ConstantArrays:
    """The arrays and tables that a file defines, and all names that it gives away."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.names = Identifiers((*LETTERS, *KEYWORDS, *TAKEN, *taken))
        self._own: dict[object, str] = {}
        self._arrays: dict[str, HostArray] = {}
        self._tables: dict[str, dict[str, int]] = {}

    def array(self, value: HostArray, word: str) -> str:
        """The name of an array, which lies row by row."""
        key = (value.dtype.name, value.shape, value.tobytes())
        if key not in self._own:
            self._own[key] = self.names.new(word)
            self._arrays[self._own[key]] = value
        return self._own[key]

    def table(self, node: GraphNode) -> str:
        """The name of the table of a lookup."""
        assert node.table is not None, "every lookup has a table"
        key = tuple(node.table.items())
        if key not in self._own:
            self._own[key] = self.names.new(f"{node.name.removesuffix(' position')} positions")
            self._tables[self._own[key]] = dict(node.table)
        return self._own[key]

    @property
    def bytes(self) -> int:
        """The memory of the arrays."""
        return sum(one.size * (8 if one.dtype == np.float64 else 4) for one in self._arrays.values())

    def definitions(self) -> Iterator[str]:
        """The lines that define them."""
        if self._tables:
            yield from (
                "typedef struct {",
                "    const char *text;",
                "    int position;",
                "} text_position;",
                "",
            )
        for name, table in self._tables.items():
            words = [f"{{{quoted(text)}, {position}}}" for text, position in table.items()]
            yield from _definition(f"static const text_position {name}[{len(table)}]", words)
        for name, array in self._arrays.items():
            shape = f"  /* {' x '.join(map(str, array.shape))} */" if array.ndim > 1 else ""
            head = f"static const {type_of(array.dtype)} {name}[{array.size}]"
            yield from _definition(head, [literal(one).text for one in array.reshape(-1)], shape)


def _definition(head: str, words: Sequence[str], comment: str = "") -> Iterator[str]:
    short = f"{head} = {{{', '.join(words)}}};{comment}"
    if len(short) <= WIDTH:
        yield short
        return
    yield f"{head} = {{{comment}"
    yield from filled(words)
    yield "};"


def filled(words: Sequence[str]) -> Iterator[str]:
    """Words with commas in lines that are as full as they may be."""
    line = "   "
    for word in words:
        if len(line) + len(word) + 2 > WIDTH:
            yield line
            line = "   "
        line = f"{line} {word},"
    yield line


def quoted(text: str) -> str:
    """A string literal; bytes beyond ASCII as they are in UTF-8."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("??", '?""?')
    return '"' + "".join(one if one.isprintable() else _octal(one) for one in plain) + '"'


def _octal(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode())


def comment_text(text: str) -> str:
    """A text that does not end a comment."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/")
