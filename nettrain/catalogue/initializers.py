"""Initial weights: each entry draws one matrix on the host in float64, so that no backend changes it.

Conventions: fan-in m, fan-out n; `draw(s, generator, m, n)` -> (m, n) float64. N(0, v) gives the variance.
Formulas follow one pattern, variance = factor / fan (He 2015; Glorot & Bengio 2010; LeCun 1998).
"""

from typing import Any

import numpy as np

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number

Matrix = Any  # (m, n) float64

initializers: Registry["Initializer"] = Registry("initializer")


class Initializer(Variant):
    """A distribution of initial weights; `scale` multiplies whatever it draws."""

    scale: float = number(1.0, "factor on the drawn weights", ge=0)

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        """Weights (m, n) before `scale`."""
        raise NotImplementedError


@initializers.register("auto")
class Auto(Initializer):
    """The initializer that the layer's own activation asks for; replaced when the network is built."""


@initializers.register("zeros")
class Zeros(Initializer):
    """All weights 0: hidden units stay equal for ever, which shows why symmetry must break."""

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return np.zeros((m, n))


@initializers.register("normal")
class Normal(Initializer):
    """N(0, sigma²), whatever the layer's size."""

    sigma: float = number(0.01, "standard deviation", gt=0)

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return s.sigma * generator.standard_normal((m, n))


@initializers.register("glorot_uniform", source="Glorot & Bengio 2010, eq. 16")
class GlorotUniform(Initializer):
    """U(±√(6/(m+n))): variance 2/(m+n), for activations that are linear around 0."""

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return _uniform(generator, np.sqrt(6 / (m + n)), m, n)


@initializers.register("glorot_normal", source="Glorot & Bengio 2010")
class GlorotNormal(Initializer):
    """N(0, 2/(m+n))."""

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return np.sqrt(2 / (m + n)) * generator.standard_normal((m, n))


@initializers.register("he_uniform", source="He et al. 2015, section 2.2")
class HeUniform(Initializer):
    """U(±√(6/m)): variance 2/m."""

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return _uniform(generator, np.sqrt(6 / m), m, n)


@initializers.register("he_normal", source="He et al. 2015, section 2.2")
class HeNormal(Initializer):
    """N(0, 2/m): keeps the variance of the signal through rectified layers."""

    @staticmethod
    def draw(s: Any, generator: np.random.Generator, m: int, n: int) -> Matrix:
        return np.sqrt(2 / m) * generator.standard_normal((m, n))


def _uniform(generator: np.random.Generator, limit: float, m: int, n: int) -> Matrix:
    return generator.uniform(-limit, limit, (m, n))
