"""Of trained sub-members, those that predict validation rows best, as a smaller network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import select, stack
from nettrain.inference.dataset import Dataset
from nettrain.inference.evaluate import Evaluator
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers import Layer
from nettrain.model.parameters import parameter_layout, views


def with_best_sub_members(networks: TrainedNetworks, validation: Dataset | None) -> TrainedNetworks:
    """The networks with as many sub-members as their experiment keeps; all where it says nothing.

    A network keeps those whose own predictions have the smallest loss on the validation rows. Source:
    Gorishniy, Kotelnikov & Babenko 2024, section 5.
    """
    sub_members = networks.model.experiment.model.sub_members
    if sub_members is None or sub_members.keep is None:
        return networks
    assert validation is not None, "see conflicts"
    chosen = ranked(networks, validation)[:, : sub_members.keep]
    return with_sub_members(networks, np.sort(chosen, axis=1))


def ranked(networks: TrainedNetworks, validation: Dataset) -> HostArray:
    """The numbers (R, k) of the sub-members of each network, the one with the smallest loss first."""
    count = networks.model.architecture.sub_members
    each = networks.select(np.repeat(np.arange(len(networks)), count).tolist())
    alone = with_sub_members(each, np.tile(np.arange(count), len(networks))[:, None])
    loss = stack([alone.model.loss] * len(alone))
    evaluator = Evaluator(alone.model, alone.network(), loss, validation, Pool(alone.backend))
    losses = np.asarray(evaluator.figures()["loss"]).reshape(len(networks), count)
    return np.argsort(np.where(np.isfinite(losses), losses, np.inf), axis=1, kind="stable")


def with_sub_members(networks: TrainedNetworks, chosen: HostArray) -> TrainedNetworks:
    """The networks with these of their sub-members alone, numbers (R, n)."""
    before = networks.model.architecture
    architecture = smaller(before, chosen.shape[1])
    parameters = np.zeros((len(networks), parameter_layout(architecture).size), networks.parameters.dtype)
    copy_chosen(networks, before, architecture, parameters, chosen)
    return replace(
        networks,
        model=Model(networks.model.experiment, networks.model.task, architecture),
        parameters=parameters,
        layers=select(stacked_layers([architecture] * len(networks)), np.arange(len(networks))),
    )


def smaller(architecture: Architecture, count: int) -> Architecture:
    """The architecture with so many sub-members."""

    def of(layer: Layer) -> Layer:
        return layer.model_copy(update={"sub_members": count}) if divides(layer, architecture) else layer

    blocks = (replace(block, layers=tuple(map(of, block.layers))) for block in architecture.blocks)
    return replace(architecture, blocks=tuple(blocks))


def divides(layer: Layer, architecture: Architecture) -> bool:
    """Whether a layer has something for each sub-member of the network."""
    return getattr(layer, "sub_members", 1) == architecture.sub_members


def copy_chosen(
    networks: TrainedNetworks,
    before: Architecture,
    after: Architecture,
    parameters: HostArray,
    chosen: Sequence[Sequence[int]] | HostArray,
) -> None:
    """Copy the parameters (R, P) of the chosen sub-members (R, n), and of all that they share."""
    old, new = (
        views(networks.parameters, parameter_layout(before)),
        views(parameters, parameter_layout(after)),
    )
    for node, own, kept in zip(before.nodes, old, new, strict=True):
        arrays = node.layer.arrays(node.inputs)
        for name, array in own.items():
            if divides(node.layer, before) and arrays[name].blocks > 1:
                count, (rows, columns) = arrays[name].blocks, arrays[name].shape
                each = array.reshape(len(array), count, rows // count, columns)
                kept[name][...] = np.stack(
                    [one[numbers] for one, numbers in zip(each, chosen, strict=True)]
                ).reshape(kept[name].shape)
            else:
                kept[name][...] = array
