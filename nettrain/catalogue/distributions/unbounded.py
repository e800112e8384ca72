"""Normal distributions of a number, or of its logarithm."""

import math
from statistics import NormalDist

from nettrain.catalogue.distributions.base import Distribution, Step, distributions, multiple, nearest
from nettrain.catalogue.settings import option


class Bell(Distribution):
    """A normal distribution, or one whose logarithm is normal; it has no bounds, so any value may come."""

    mu: float = option(0.0, "the mean")
    sigma: float = option(1.0, "the standard deviation", gt=0)

    def ends(self) -> list[object]:
        """The values two standard deviations from the mean."""
        return [self.draw(NormalDist().cdf(-2)), self.draw(NormalDist().cdf(2))]

    def quantile(self, u: float) -> float:
        """The value at u under a normal distribution of mean mu and standard deviation sigma."""
        return NormalDist(self.mu, self.sigma).inv_cdf(u)


@distributions.register("normal")
class NormalDistribution(Bell):
    """A normal number with mean mu and standard deviation sigma.

    For values that are nearly known already.
    """

    def draw(self, u: float) -> object:
        return self.quantile(u)


@distributions.register("q_normal")
class QNormal(Bell):
    """round(x/q)·q of a normal x."""

    q: Step = option(1, "the step")

    def draw(self, u: float) -> object:
        return multiple(self.q, nearest(self.q, self.quantile(u)))


@distributions.register("log_normal")
class LogNormal(Bell):
    """A number whose natural logarithm is normal, with mean mu and standard deviation sigma.

    For positive numbers that are nearly known; mu and sigma are those of the logarithm.
    """

    log = True

    def draw(self, u: float) -> object:
        return math.exp(self.quantile(u))


@distributions.register("q_log_normal")
class QLogNormal(Bell):
    """round(x/q)·q of an x whose natural logarithm is normal."""

    q: Step = option(1, "the step")
    log = True

    def draw(self, u: float) -> object:
        return multiple(self.q, nearest(self.q, math.exp(self.quantile(u))))
