"""The prediction as a graph: nodes that compute one array each from those of other nodes.

A node has an operation, the nodes that it takes, and what else the operation needs (`options`). The length of
an axis is a number, or a multiple of ROWS, which stands for the number N of rows that is not known yet.
Operands of an elementwise operation broadcast as in NumPy and have one dtype.

| operation | takes | options | is |
|---|---|---|---|
| `input` | | `column` | what the caller passes |
| `constant` | | | `value` |
| a name in ELEMENTWISE | 1 or 2 | | the ufunc of NumPy or SciPy with this name |
| `where` | 3 | | the second where the first is true, else the third |
| `cast` | 1 | | the same as `dtype`; to whole numbers towards 0 |
| `matmul` | 2 | | products of the last two axes, of at least 2 axes each |
| `sum`, `mean`, `max`, `min` | 1 | `axis`, `keepdims` | the reduction along one axis |
| `argmax` | 1 | `axis` | the position of the first of the largest, int64 |
| `reshape` | 1 | | the elements in the same order, as `shape` |
| `swapaxes` | 1 | `first`, `second` | with these axes exchanged |
| `slice` | 1 | `axis`, `start`, `stop`, `step` | a part of an axis of known length; `stop` may be -1 |
| `take` | 2 | `axis` | the parts of an axis that the second, whole numbers from 0, names |
| `concatenate` | 1 or more | `axis` | one behind the other |
| `expand` | 2 | | the first, broadcast with the shape of the second |
| `interp` | 3 | | `np.interp` of the first, by constant x and y (Q,), x rising; NaN stays NaN |
| `has_word` | 1 | `word` | whether each text has the word, see `columns.words` |
| `lookup` | 1 | `other` | the number in `table` of each text, `other` for texts that it lacks; int64 |
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nettrain.backend.base import HostArray

ROWS = (1 << 61) - 1  # the number of rows, a prime: an axis whose length it divides is one of rows
ELEMENTWISE = frozenset(
    {
        *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "hypot"),
        *("negative", "absolute", "sign", "floor", "square", "sqrt", "reciprocal"),
        *("exp", "expm1", "log", "log1p", "logaddexp", "tanh", "sin", "cos"),
        *("expit", "erfc", "ndtr", "ndtri"),
        *("maximum", "minimum", "isnan"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or", "logical_not"),
    }
)

OF_TEXTS = frozenset({"lookup", "has_word"})  # what is asked of each text

Option = int | str | bool | None


@dataclass(frozen=True, eq=False)
class GraphNode:
    """One array of the prediction, see the table above.

    `name` is what a reader would call the array, `part` the step of the prediction that it belongs to, such
    as `hidden 1`; both may be empty.
    """

    operation: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    inputs: tuple["GraphNode", ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    value: HostArray | None = None
    table: Mapping[str, int] | None = None
    name: str = ""
    part: str = ""

    @property
    def constant(self) -> HostArray:
        """The value of a constant."""
        assert self.value is not None, f"{self.operation} is no constant"
        return self.value

    @property
    def is_constant(self) -> bool:
        return self.value is not None

    def number(self, option: str) -> int:
        """An option that is a whole number."""
        value = self.options[option]
        assert isinstance(value, int), option
        return value

    @property
    def axis(self) -> int:
        """The axis of the first input along which the operation works, counted from 0."""
        return self.number("axis") % len(self.inputs[0].shape)

    @cached_property
    def key(self) -> object:
        """What two nodes that compute the same array have in common."""
        content = None if self.value is None else self.value.tobytes()
        options = tuple(sorted(self.options.items()))
        table = None if self.table is None else tuple(self.table.items())
        return self.operation, self.shape, self.dtype, tuple(map(id, self.inputs)), options, content, table


def constant(value: HostArray, name: str = "", part: str = "") -> GraphNode:
    """A constant with this value."""
    array = np.ascontiguousarray(value).reshape(value.shape)  # the first makes a scalar an array of one
    return GraphNode("constant", array.shape, array.dtype, value=array, name=name, part=part)


def in_order(ends: Iterable[GraphNode]) -> list[GraphNode]:
    """All nodes that these need, and they themselves, each behind those that it takes."""
    done: dict[GraphNode, None] = {}
    for end in ends:
        for node in _behind(end, done):
            done[node] = None
    return list(done)


def _behind(end: GraphNode, done: Mapping[GraphNode, None]) -> Iterator[GraphNode]:
    """The nodes that `end` needs and that are not done; without recursion, as networks may be deep."""
    waiting = [(end, False)]
    seen: set[GraphNode] = set()
    while waiting:
        node, ready = waiting.pop()
        if ready:
            yield node
        elif node not in done and node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(one, False) for one in reversed(node.inputs)]


def is_rows(length: int) -> bool:
    """Whether an axis of this length is one of rows."""
    return length > 0 and length % ROWS == 0
