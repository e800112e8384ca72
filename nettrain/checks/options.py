"""Options of a gradient check."""

from dataclasses import dataclass

from nettrain.checks.comparison import TOLERANCE
from nettrain.checks.differences import STEP
from nettrain.errors import SpecError


@dataclass(frozen=True)
class CheckOptions:
    """How much is compared, and how closely.

    `samples` coordinates of every tensor, drawn by `seed`; None takes as many as take some seconds.
    Differences reach step·max(1, |w|) to both sides. `tolerance` is the largest error of a dual number, as a
    share of the tensor's largest derivative. Raises SpecError when step or tolerance is not above 0.
    """

    samples: int | None = None
    step: float = STEP
    tolerance: float = TOLERANCE
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("step", self.step), ("tolerance", self.tolerance)):
            if not value > 0:
                raise SpecError(f"--{name}: {value:g} is not above 0")
