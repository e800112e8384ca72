"""Rules that estimate the objective's curvature."""

from typing import ClassVar

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers.base import Optimizer, optimizers
from nettrain.catalogue.settings import Number, option


@optimizers.register("lbfgs", source="Byrd, Lu, Nocedal & Zhu 1995; the code is SciPy's L-BFGS-B")
class LBFGS(Optimizer):
    """Quasi-Newton steps with a line search, on all rows at once: one epoch is one iteration.

    For small data and networks, where it often needs far fewer epochs than any rule on batches. It needs
    `training.batch_size: full` and float64. The curvature is estimated from the last `memory` steps and
    changes of the gradient; a run that is resumed gathers them anew. A member has converged when either
    tolerance is met.
    """

    memory: int = option(10, "last steps that the curvature is estimated from", ge=1)
    evaluations: int = option(20, "evaluations of the objective in one line search at most", ge=1)
    tolerance: float = option(
        2.2e-9, "converged when an iteration changes the objective by a smaller share", ge=0
    )
    gradient_tolerance: float = option(1e-5, "converged when no component of the gradient is larger", ge=0)
    full_batch: ClassVar[bool] = True

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        return []
