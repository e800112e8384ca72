"""Rules that build up a picture of the objective's curvature."""

from typing import ClassVar

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers.base import Optimizer, optimizers
from nettrain.catalogue.settings import Number, option


@optimizers.register("lbfgs", source="Byrd, Lu, Nocedal & Zhu 1995; the code is SciPy's L-BFGS-B")
class LBFGS(Optimizer):
    """Quasi-Newton steps with a line search, on all rows at once: one epoch is one iteration.

    The curvature is guessed from the last steps and changes of the gradient; a run that is resumed begins
    to gather them anew. A member that comes to rest by either tolerance has converged.
    """

    memory: int = option(10, "last steps that the curvature is guessed from", ge=1)
    evaluations: int = option(20, "tries of one line search at most", ge=1)
    tolerance: float = option(
        2.2e-9, "at rest when an iteration changes the objective by a smaller share", ge=0
    )
    gradient_tolerance: float = option(1e-5, "at rest when no slope is larger", ge=0)
    full_batch: ClassVar[bool] = True

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return []
