"""Initializers that do not look at the size of the layer."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.initializers.base import Initializer, initializers, normal, uniform
from nettrain.catalogue.settings import number


@initializers.register("auto")
class Auto(Initializer):
    """The initializer that suits the layer's activation, such as he_normal for relu.

    Each activation names its own; it is looked up when the network is built.
    """


@initializers.register("zeros", source="on symmetry: Rumelhart, Hinton & Williams 1986")
class Zeros(Initializer):
    """All weights 0, so that hidden units stay equal for ever: shows why symmetry must be broken.

    Fine for a network without hidden layers.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return np.zeros((m, n))


@initializers.register("constant")
class ConstantInitializer(Initializer):
    """All weights the same, with the symmetry of zeros.

    For teaching, and for networks without hidden layers.
    """

    value: float = number(0.1, "every weight")

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return np.full((m, n), self.value)


@initializers.register("normal")
class NormalInitializer(Initializer):
    """N(0, sigma²), whatever the size of the layer.

    The textbook start; in deep networks signals fade or grow unless sigma fits the widths.
    """

    sigma: float = number(0.01, "standard deviation", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return normal(generator, self.sigma, m, n)


@initializers.register("uniform")
class UniformInitializer(Initializer):
    """U(±r), whatever the size of the layer.

    As normal, with bounded weights.
    """

    limit: float = number(0.05, "r, the largest weight", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return uniform(generator, self.limit, m, n)
