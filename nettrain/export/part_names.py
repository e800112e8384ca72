"""What the arrays of a graph are called in source code, and to which part of the prediction they belong."""

from collections.abc import Sequence

from nettrain.export.node import OF_TEXTS, GraphNode, in_order

WORDS = {  # what an array without a name is called
    **{"exp": "exponentials", "isnan": "missing", "log": "logs", "max": "largest", "min": "smallest"},
    **{"sum": "total", "mean": "mean", "matmul": "products", "where": "chosen", "sqrt": "roots"},
    **{"concatenate": "measured", "interp": "interpolated", "lookup": "position", "floor": "whole"},
    "has_word": "word",
    **{"absolute": "size", "expit": "sigmoids", "sin": "sines", "cos": "cosines"},
}
PLAIN_PARTS = ("columns", "prediction")  # whose constants are not called after them
PURPOSES = {  # what a constant without a name is called, by its operation and place
    **{("where", 1): "filling", ("where", 2): "filling", ("subtract", 1): "center", ("divide", 1): "scale"},
    **{("multiply", 1): "factor", ("multiply", 0): "factor", ("add", 1): "offset", ("add", 0): "offset"},
    **{("interp", 1): "points", ("interp", 2): "values", ("take", 1): "order", ("take", 0): "table"},
    **{("greater", 1): "limit", ("greater_equal", 1): "threshold", ("equal", 1): "values"},
}


class PartNames:
    """The parts of the nodes of a graph, and names by what they are, which may be equal."""

    def __init__(self, order: Sequence[GraphNode]) -> None:
        self.parts = _parts(order)
        self.leaves = {  # arrays that another part takes
            one
            for node in order
            for one in node.inputs
            if self.parts[one] != self.parts[node] and not is_given(one)
        }

    def called(self, node: GraphNode) -> str:
        """A word for an array."""
        if node in self.leaves and self.parts[node] not in PLAIN_PARTS:
            return self.parts[node]
        if node.operation == "cast" and not node.name and not is_given(node.inputs[0]):
            return self.called(node.inputs[0])
        if node.name or node.operation in WORDS:
            return node.name or WORDS[node.operation]
        columns = columns_behind(node)
        return next(iter(columns)) if len(columns) == 1 else "values"

    def purpose(self, node: GraphNode, place: int) -> str:
        """A word for a constant without a name, by the place where an operation takes it."""
        purpose = PURPOSES.get((node.operation, place), "numbers")
        columns = columns_behind(node) if self.parts[node] == "columns" else set()
        own = [*columns, purpose] if len(columns) == 1 else [purpose]
        return " ".join(own if self.parts[node] in PLAIN_PARTS else [self.parts[node], *own])


def columns_behind(node: GraphNode) -> set[str]:
    """The columns that an array is computed from."""
    return {str(one.options["column"]) for one in in_order([node]) if one.operation == "input"}


def is_given(node: GraphNode) -> bool:
    """Whether nothing computes an array."""
    return node.is_constant or node.operation == "input"


def _parts(order: Sequence[GraphNode]) -> dict[GraphNode, str]:
    """The part of each node; one without belongs where it is used, or to the columns."""
    parts = {node: node.part for node in order}
    for node in reversed(order):
        for one in node.inputs:
            if not parts[one] and not one.inputs:
                parts[one] = parts[node]
            elif not parts[one]:
                parts[one] = "columns" if one.operation in OF_TEXTS else parts[node]
    return parts
