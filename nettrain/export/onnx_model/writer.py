"""The nodes and constants of an ONNX graph, as they are added one by one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.backend.base import HostArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

ML = "ai.onnx.ml"


class OnnxWriter:
    """Collects nodes; every array has a name, which says what it is as far as that is known."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._names = {*taken}
        self._known: dict[object, str] = {}

    def add(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output; one that is there already is not added again."""
        from onnx import helper

        key = (kind, inputs, repr(sorted(attributes.items())))
        if key not in self._known:
            output = self.fresh(name or kind.lower())
            self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
            self._known[key] = output
        return self._known[key]

    def constant(self, value: HostArray, name: str = "") -> str:
        """The name of a constant with this value."""
        from onnx import numpy_helper

        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self.fresh(name or "constant")
            content = array.astype(object) if array.dtype.kind == "U" else array
            self.constants.append(numpy_helper.from_array(content, self._known[key]))
        return self._known[key]

    def output(self, source: str, name: str) -> None:
        """Make an array an output of the model under this name, which is kept for it."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [source], [name]))

    def fresh(self, name: str) -> str:
        """The name, or with a number behind it if it is taken."""
        plain, count = name.replace(" ", "_"), 1
        unique = plain
        while unique in self._names:
            count += 1
            unique = f"{plain}_{count}"
        self._names.add(unique)
        return unique
