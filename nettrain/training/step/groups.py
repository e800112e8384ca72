"""How each group of parameters scales a member's learning rate, decay and penalties: tables (R, G)."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers.groups import factor
from nettrain.model.parameters import ParameterLayout
from nettrain.training.population import Population


def factors(population: Population, layout: ParameterLayout, name: str) -> Floats:
    """The factor of every member on its number `name`, in each of the layout's groups: (R, G)."""
    settings = getattr(population.members.optimizer, "groups", None)
    columns = [factor(settings, group, name, population.size) for group in layout.groups]
    return np.stack(columns, axis=1)


def penalty(population: Population, layout: ParameterLayout, name: str) -> Floats:
    """The l1 or l2 of every member, in each of the layout's groups: (R, G)."""
    base: Floats = getattr(population.members.regularization, name).astype(float)
    return base[:, None] * factors(population, layout, name)


def ranges(layout: ParameterLayout) -> list[tuple[int, int, int]]:
    """First, last + 1 and number of the group of each part of a row."""
    return [(part.start, part.stop, layout.groups.index(part.group)) for part in layout.ranges]
