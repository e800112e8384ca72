"""Nodes and constants of an ONNX graph, with names that are there once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nettrain.backend.base import HostArray
from nettrain.export.node import GraphNode

Attribute: TypeAlias = int | str | Sequence[int] | Sequence[str]
UNNAMED = "constant"


class OnnxBuilder:
    """Collects nodes and constants; names of `reserved` arrays are given to none that is added.

    Operators are those of the set with the number `opset`.
    """

    def __init__(self, reserved: Iterable[str], opset: int) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._names = {*reserved}
        self._same: dict[object, str] = {}
        self._called: dict[GraphNode, str] = {}

    def call(self, node: GraphNode, name: str) -> None:
        """Give the array of this node a name, which is reserved."""
        self._called[node] = name

    @staticmethod
    def element_type(dtype: np.dtype[np.generic]) -> int:
        """The number that ONNX has for a dtype."""
        kind = np.dtype(np.object_) if dtype.kind == "U" else dtype
        return int(helper.np_dtype_to_tensor_dtype(kind))

    def add(
        self,
        operator: str,
        node: GraphNode,
        inputs: Sequence[str],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        inner: bool = False,
        domain: str = "",
    ) -> str:
        """Add a node; returns the name of what it computes.

        That is the array of `node`, or with `inner` something on the way to it.
        """
        readable = f"{node.part} {operator}".strip()
        name = None if inner else self._called.get(node)
        name = name or self._distinct((not inner and node.name) or readable)
        made = helper.make_node(
            operator, list(inputs), [name], name=name, domain=domain, **(attributes or {})
        )
        self.nodes.append(made)
        return name

    def copy(self, source: str, name: str) -> None:
        """Give an array another name."""
        self.nodes.append(helper.make_node("Identity", [source], [name], name=name))

    def constant(self, array: HostArray, name: str = "") -> str:
        """The name of a constant; one that is there already is not added again."""
        key = array.shape, array.dtype, array.tobytes()
        if key not in self._same:
            self._same[key] = self._distinct(name or UNNAMED)
            kept = array.astype(np.object_) if array.dtype.kind == "U" else array
            self.constants.append(numpy_helper.from_array(kept, self._same[key]))
        return self._same[key]

    def _distinct(self, name: str) -> str:
        found, k = name, 1
        while found in self._names:
            k += 1
            found = f"{name} {k}"
        self._names.add(found)
        return found
