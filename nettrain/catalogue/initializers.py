"""Initial weights: each entry draws one matrix on the host in float64, so that no backend changes it.

Conventions: fan-in m, fan-out n; `draw(generator, m, n, slope)` -> (m, n) float64, where slope is that of
the layer's own activation far below 0. N(0, v) gives the variance. Most follow one pattern,
variance = factor / fan (He 2015; Glorot & Bengio 2010; LeCun 1998).
"""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number

initializers: Registry["Initializer"] = Registry("initializer")


class Initializer(Variant):
    """A distribution of initial weights; `scale` multiplies whatever it draws, biases are not drawn."""

    scale: float = number(1.0, "factor on the drawn weights", ge=0)
    bias_init: float = number(0.0, "start of every bias of the layer")

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        """Weights (m, n) before `scale`."""
        raise NotImplementedError


@initializers.register("auto")
class Auto(Initializer):
    """The initializer that the layer's own activation asks for; replaced when the network is built."""


@initializers.register("zeros")
class Zeros(Initializer):
    """All weights 0: hidden units stay equal for ever, which shows why symmetry must break."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return np.zeros((m, n))


@initializers.register("constant")
class ConstantInitializer(Initializer):
    """All weights the same."""

    value: float = number(0.1, "every weight")

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return np.full((m, n), self.value)


@initializers.register("normal")
class NormalInitializer(Initializer):
    """N(0, sigma²), whatever the layer's size."""

    sigma: float = number(0.01, "standard deviation", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, self.sigma, m, n)


@initializers.register("uniform")
class UniformInitializer(Initializer):
    """U(±r), whatever the layer's size."""

    limit: float = number(0.05, "r, the largest weight", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, self.limit, m, n)


@initializers.register("fan_in_uniform", source="LeCun et al. 1998; the default of torch.nn.Linear")
class FanInUniform(Initializer):
    """U(±1/√m): variance 1/(3m)."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, 1 / np.sqrt(m), m, n)


@initializers.register("lecun_uniform", source="LeCun et al. 1998, Efficient BackProp, section 4.6")
class LecunUniform(Initializer):
    """U(±√(3/m)): variance 1/m, for activations that keep a variance of 1."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(3 / m), m, n)


@initializers.register("lecun_normal", source="LeCun et al. 1998; for selu: Klambauer et al. 2017")
class LecunNormal(Initializer):
    """N(0, 1/m)."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(1 / m), m, n)


@initializers.register("glorot_uniform", source="Glorot & Bengio 2010, eq. 16")
class GlorotUniform(Initializer):
    """U(±√(6/(m+n))): variance 2/(m+n), for activations that are linear around 0."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(6 / (m + n)), m, n)


@initializers.register("glorot_normal", source="Glorot & Bengio 2010")
class GlorotNormal(Initializer):
    """N(0, 2/(m+n))."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(2 / (m + n)), m, n)


@initializers.register("he_uniform", source="He et al. 2015, section 2.2")
class HeUniform(Initializer):
    """U(±√(6/m)): variance 2/m; behind a slope λ below 0, m becomes (1+λ²)m."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(6 / ((1 + slope**2) * m)), m, n)


@initializers.register("he_normal", source="He et al. 2015, section 2.2")
class HeNormal(Initializer):
    """N(0, 2/m): keeps the signal's variance through rectifiers; with slope λ below 0, m becomes (1+λ²)m."""

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(2 / ((1 + slope**2) * m)), m, n)


@initializers.register("orthogonal", source="Saxe, McClelland & Ganguli 2013")
class Orthogonal(Initializer):
    """Rows or columns, whichever are fewer, at right angles and of length gain: lengths pass unchanged.

    The Q of a normal matrix's QR, with the signs that make R's diagonal positive, is uniformly distributed
    (Mezzadri 2007).
    """

    gain: float = number(1.0, "length of the rows or columns", ge=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        q, r = np.linalg.qr(generator.standard_normal((max(m, n), min(m, n))))
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if m >= n else q.T)


@initializers.register("sparse", source="Martens 2010, section 5; Sutskever et al. 2013")
class Sparse(Initializer):
    """N(0, sigma²) on a few incoming connections of each unit, 0 on the others: units start out different."""

    connections: int = number(
        15, "incoming weights of each unit that are not 0; all, if there are fewer", ge=1
    )
    sigma: float = number(1.0, "their standard deviation", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        drawn = _normal(generator, self.sigma, m, n)
        rank = generator.random((m, n)).argsort(axis=0).argsort(axis=0)
        return np.where(rank < self.connections, drawn, 0.0)


def _normal(generator: np.random.Generator, sigma: float, m: int, n: int) -> Floats:
    return sigma * generator.standard_normal((m, n))


def _uniform(generator: np.random.Generator, limit: float, m: int, n: int) -> Floats:
    return generator.uniform(-limit, limit, (m, n))
