"""Initializers whose weights depend on each other."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.initializers.base import Initializer, initializers, normal
from nettrain.catalogue.settings import number


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
        drawn = normal(generator, self.sigma, m, n)
        rank = generator.random((m, n)).argsort(axis=0).argsort(axis=0)
        return np.where(rank < self.connections, drawn, 0.0)
