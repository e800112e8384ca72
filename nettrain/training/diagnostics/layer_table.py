"""The table (R, L, C) that diagnostics are measured in: members, layers, norms of weights and signals."""

from nettrain.model.architecture import Architecture
from nettrain.training.diagnostics.unit_signals import SIGNALS, measured_layers
from nettrain.training.diagnostics.weight_norms import NORMS


def table_shape(architecture: Architecture, members: int) -> tuple[int, int, int]:
    """The shape for so many members."""
    return members, len(measured_layers(architecture)), len(NORMS) + len(SIGNALS)
