"""The weights of the first layer as images, where the inputs are the pixels of one."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.data.preprocessing import Preprocessing
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import INPUT, OUTPUT, Node

MOST_TILES = 64


@dataclass(frozen=True, eq=False)
class FirstWeights:
    """Weights (T, channels, height, width) of T of the layer's `units`, and what each unit is called.

    Of more than MOST_TILES units they are those with the largest norms, the largest first, and `by_norm` is
    true. `networks` is how many there are, of which this is the first.
    """

    tiles: Floats
    names: tuple[str, ...]
    units: int
    by_norm: bool
    networks: int = 1


def first_weights(networks: TrainedNetworks, preprocessing: Preprocessing) -> FirstWeights | None:
    """The first network's weights; None where the inputs are no image, or meet no matrix of weights."""
    image, model = preprocessing.image, networks.model
    nodes = model.architecture.nodes
    node = next((node for node in nodes if _weighs_inputs(node, preprocessing.inputs)), None)
    changed = any(node.learns for node in nodes if node.block.name == INPUT)
    if image is None or node is None or changed:
        return None
    learned: HostArray = model.layout.view(networks.parameters, node.number, "weight")[0]
    weight = learned * node.layer.weight_factor(node.inputs)
    units = weight.shape[1]
    norms = np.linalg.norm(weight.astype(np.float64), axis=0)
    by_norm = units > MOST_TILES
    # of equal norms the first unit comes first, whatever the machine
    order = np.argsort(-norms, kind="stable")[:MOST_TILES] if by_norm else np.arange(units)
    tiles: Floats = image.images(weight.T[order]).astype(np.float64)
    named = preprocessing.classes if node.block.name == OUTPUT and len(preprocessing.classes) == units else ()
    names = tuple(named[k] if named else str(k + 1) for k in order)
    return FirstWeights(tiles, names, units, by_norm, len(networks))


def _weighs_inputs(node: Node, inputs: int) -> bool:
    """Whether this layer multiplies the inputs with a matrix."""
    array = node.layer.arrays(node.inputs).get("weight")
    return node.inputs == inputs and array is not None and array.shape[0] == inputs
