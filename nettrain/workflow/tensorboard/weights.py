"""Histograms of what a network has learned."""

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.export.tensorboard.histograms import Histogram
from nettrain.export.tensorboard.messages import Summary, histogram
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import parameter_layout, views


def weights_summary(architecture: Architecture, parameters: HostArray) -> Summary:
    """A histogram of each array of parameters (1, P), such as `weights/hidden 1/weight`."""
    counted: dict[str, Histogram] = {}
    for node, arrays in zip(
        architecture.nodes, views(parameters, parameter_layout(architecture)), strict=True
    ):
        for name, array in arrays.items():
            found = Histogram.of(np.asarray(array))
            if found is not None:
                counted[_unused(f"weights/{node.block.name}/{name}", counted)] = found
    return b"".join(histogram(tag, one) for tag, one in counted.items())


def _unused(tag: str, used: dict[str, Histogram]) -> str:
    """The tag, with a number where other layers of the block have the same."""
    number = sum(other == tag or other.startswith(f"{tag} ") for other in used)
    return f"{tag} {number + 1}" if number else tag
