"""What a calibration is: it fits, after training, a correction of predicted probabilities on validation rows.

Conventions: probabilities (N, K) of K classes that exclude each other, so that each row adds up to 1; y (N,)
of whole numbers in [0, K); weight (N,) is scikit-learn's sample_weight. Two classes have K = 2, and so has a
label, whose classes are 0 and 1. A calibration of numbers, whose `targets` say so, takes numbers (N,) instead
of probabilities, and leaves them as they are.
"""

from typing import ClassVar

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Settings

calibrations: Registry["Calibration"] = Registry("calibration")


class Calibrator(Settings):
    """A fitted correction of probabilities, whose fields are stored; this one changes nothing."""

    def calibrated(self, probabilities: Floats) -> Floats:
        """The corrected probabilities (N, K), of which each row adds up to 1."""
        return probabilities

    def suits(self, classes: int) -> bool:
        """Whether it corrects probabilities of so many classes."""
        return True

    @property
    def description(self) -> str:
        """What was fitted, in a few words."""
        return "none"


class Calibration(Variant):
    """A correction of probabilities, or intervals of numbers; `fitted` is the class of what `fit` returns.

    With fewer validation rows than `few_rows` a run says that they are few.
    """

    fitted: ClassVar[type[Calibrator]] = Calibrator
    few_rows: ClassVar[int] = 0
    targets: ClassVar[tuple[str, ...]] = ("classes", "two classes", "labels")

    @classmethod
    def fit(cls, probabilities: Floats, y: HostArray, weight: Floats) -> Calibrator:
        """The correction that suits these rows best; rows without weight do not count."""
        raise NotImplementedError
