"""Initializers whose variance depends on the size of the layer."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.initializers.base import Initializer, initializers, normal, uniform
from nettrain.catalogue.settings import option


@initializers.register("fan_in_uniform", source="LeCun et al. 1998; the default of torch.nn.Linear")
class FanInUniform(Initializer):
    """U(±1/√m): variance 1/(3m).

    For comparison with PyTorch, whose default it is; it draws biases in the same way.
    """

    random_biases: bool = option(False, "draw biases like the weights, around bias_init")

    def draw_bias(self, generator: np.random.Generator, m: int, n: int) -> Floats | float:
        start = super().draw_bias(generator, m, n)
        return start + uniform(generator, 1 / np.sqrt(m), 1, n) if self.random_biases else start

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return uniform(generator, 1 / np.sqrt(m), m, n)


@initializers.register("lecun_uniform", source="LeCun et al. 1998, Efficient BackProp, section 4.6")
class LecunUniform(Initializer):
    """U(±√(3/m)): variance 1/m.

    For activations that keep a variance of 1, such as selu or a scaled tanh. As
    keras.initializers.LecunUniform.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return uniform(generator, np.sqrt(3 / m), m, n)


@initializers.register("lecun_normal", source="LeCun et al. 1998; for selu: Klambauer et al. 2017")
class LecunNormal(Initializer):
    """N(0, 1/m).

    For selu, which needs it. As keras.initializers.LecunNormal, but not truncated.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return normal(generator, np.sqrt(1 / m), m, n)


@initializers.register("glorot_uniform", source="Glorot & Bengio 2010, eq. 16")
class GlorotUniform(Initializer):
    """U(±√(6/(m+n))): variance 2/(m+n).

    For activations that are linear around 0, such as tanh and sigmoid: a compromise between keeping the
    variance of signals and of gradients. As torch.nn.init.xavier_uniform_.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return uniform(generator, np.sqrt(6 / (m + n)), m, n)


@initializers.register("glorot_normal", source="Glorot & Bengio 2010")
class GlorotNormal(Initializer):
    """N(0, 2/(m+n)).

    As glorot_uniform, with normal weights. As torch.nn.init.xavier_normal_.
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return normal(generator, np.sqrt(2 / (m + n)), m, n)


@initializers.register("he_uniform", source="He et al. 2015, section 2.2")
class HeUniform(Initializer):
    """U(±√(6/m)): variance 2/m; behind a slope λ below 0, m becomes (1+λ²)m.

    For rectifiers, which halve the variance. As torch.nn.init.kaiming_uniform_ with mode="fan_in".
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return uniform(generator, np.sqrt(6 / ((1 + slope**2) * m)), m, n)


@initializers.register("he_normal", source="He et al. 2015, section 2.2")
class HeNormal(Initializer):
    """N(0, 2/m): keeps the variance of signals through rectifiers; with slope λ below 0, m becomes (1+λ²)m.

    For relu and its relatives. As torch.nn.init.kaiming_normal_ with mode="fan_in".
    """

    def draw(self, generator: np.random.Generator, m: int, n: int, slope: float = 0.0) -> Floats:
        return normal(generator, np.sqrt(2 / ((1 + slope**2) * m)), m, n)
