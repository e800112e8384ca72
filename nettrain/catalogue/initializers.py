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
    """A distribution of initial weights; `scale` multiplies what is drawn, biases are not drawn."""

    scale: float = number(1.0, "factor on the drawn weights", ge=0)
    bias_init: float = number(0.0, "start of every bias of the layer")

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        """Weights (m, n) before `scale`."""
        raise NotImplementedError


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
        return _normal(generator, self.sigma, m, n)


@initializers.register("uniform")
class UniformInitializer(Initializer):
    """U(±r), whatever the size of the layer.

    As normal, with bounded weights.
    """

    limit: float = number(0.05, "r, the largest weight", gt=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, self.limit, m, n)


@initializers.register("fan_in_uniform", source="LeCun et al. 1998; the default of torch.nn.Linear")
class FanInUniform(Initializer):
    """U(±1/√m): variance 1/(3m).

    For comparison with PyTorch, whose default it is; it draws biases in the same way, which here start at
    `bias_init`.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, 1 / np.sqrt(m), m, n)


@initializers.register("lecun_uniform", source="LeCun et al. 1998, Efficient BackProp, section 4.6")
class LecunUniform(Initializer):
    """U(±√(3/m)): variance 1/m.

    For activations that keep a variance of 1, such as selu or a scaled tanh. As
    keras.initializers.LecunUniform.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(3 / m), m, n)


@initializers.register("lecun_normal", source="LeCun et al. 1998; for selu: Klambauer et al. 2017")
class LecunNormal(Initializer):
    """N(0, 1/m).

    For selu, which needs it. As keras.initializers.LecunNormal, but not truncated.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(1 / m), m, n)


@initializers.register("glorot_uniform", source="Glorot & Bengio 2010, eq. 16")
class GlorotUniform(Initializer):
    """U(±√(6/(m+n))): variance 2/(m+n).

    For activations that are linear around 0, such as tanh and sigmoid: a compromise between keeping the
    variance of signals and of gradients. As torch.nn.init.xavier_uniform_.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(6 / (m + n)), m, n)


@initializers.register("glorot_normal", source="Glorot & Bengio 2010")
class GlorotNormal(Initializer):
    """N(0, 2/(m+n)).

    As glorot_uniform, with normal weights. As torch.nn.init.xavier_normal_.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(2 / (m + n)), m, n)


@initializers.register("he_uniform", source="He et al. 2015, section 2.2")
class HeUniform(Initializer):
    """U(±√(6/m)): variance 2/m; behind a slope λ below 0, m becomes (1+λ²)m.

    For rectifiers, which halve the variance. As torch.nn.init.kaiming_uniform_ with mode="fan_in".
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _uniform(generator, np.sqrt(6 / ((1 + slope**2) * m)), m, n)


@initializers.register("he_normal", source="He et al. 2015, section 2.2")
class HeNormal(Initializer):
    """N(0, 2/m): keeps the variance of signals through rectifiers; with slope λ below 0, m becomes (1+λ²)m.

    For relu and its relatives. As torch.nn.init.kaiming_normal_ with mode="fan_in".
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return _normal(generator, np.sqrt(2 / ((1 + slope**2) * m)), m, n)


@initializers.register("orthogonal", source="Saxe, McClelland & Ganguli 2013")
class Orthogonal(Initializer):
    """Rows or columns, whichever are fewer, orthogonal and of length gain: lengths pass unchanged.

    For deep or linear networks. The Q of a normal matrix's QR, with the signs that make R's diagonal
    positive, is uniformly distributed (Mezzadri 2007). As torch.nn.init.orthogonal_.
    """

    gain: float = number(1.0, "length of the rows or columns", ge=0)

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        q, r = np.linalg.qr(generator.standard_normal((max(m, n), min(m, n))))
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if m >= n else q.T)


@initializers.register("sparse", source="Martens 2010, section 5; Sutskever et al. 2013")
class Sparse(Initializer):
    """N(0, sigma²) on a few incoming connections of each unit, 0 on the others: units start out different.

    For wide layers, where it keeps the inputs of a unit independent of the width. As torch.nn.init.sparse_,
    which counts the zeros instead.
    """

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
