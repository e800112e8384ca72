"""What each group of parameters takes of a member's rate, decay and penalties, as small tables (R, G)."""

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.optimizers.groups import factor
from nettrain.model.parameters import ParameterLayout
from nettrain.training.population import Population

Floats = npt.NDArray[np.float64]


def factors(population: Population, layout: ParameterLayout, name: str) -> Floats:
    """The factor of every member on `name` in each of the layout's groups: (R, G)."""
    chosen = getattr(population.members.optimizer, "groups", None)
    columns = [factor(chosen, group, name, population.size) for group in layout.groups]
    return np.stack(columns, axis=1)


def penalty(population: Population, layout: ParameterLayout, name: str) -> Floats:
    """A member's l1 or l2 in each of the layout's groups: (R, G)."""
    base: Floats = getattr(population.members.regularization, name).astype(float)
    return base[:, None] * factors(population, layout, name)


def ranges(layout: ParameterLayout) -> list[tuple[int, int, int]]:
    """First, last + 1 and group number of the parts of a row."""
    return [(part.start, part.stop, layout.groups.index(part.group)) for part in layout.ranges]
