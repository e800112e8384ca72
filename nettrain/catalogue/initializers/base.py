"""Initial weights: each entry draws a matrix on the host in float64, so that the backend cannot change it.

Conventions: fan-in m, fan-out n; `draw(generator, m, n, slope)` -> (m, n) float64, where slope is that of the
layer's activation far below 0. N(0, v) has variance v, U(±r) variance r²/3. Most entries follow one pattern,
variance = gain / fan (LeCun 1998; Glorot & Bengio 2010; He 2015), so that signals neither grow nor fade from
layer to layer.
"""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number

initializers: Registry["Initializer"] = Registry("initializer")


class Initializer(Variant):
    """A distribution of initial weights; `scale` multiplies what is drawn.

    Biases start at `bias_init`; an entry may draw them instead.
    """

    scale: float = number(1.0, "factor on the drawn weights", ge=0)
    bias_init: float = number(0.0, "start of every bias of the layer")

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        """Weights (m, n) before `scale`."""
        raise NotImplementedError

    def draw_bias(self, generator: np.random.Generator, m: int, n: int) -> Floats | float:
        """Biases (1, n), drawn after the weights."""
        return self.bias_init


def normal(generator: np.random.Generator, sigma: float, m: int, n: int) -> Floats:
    """N(0, sigma²) in the shape (m, n)."""
    return sigma * generator.standard_normal((m, n))


def uniform(generator: np.random.Generator, limit: float, m: int, n: int) -> Floats:
    """U(±limit) in the shape (m, n)."""
    return generator.uniform(-limit, limit, (m, n))
