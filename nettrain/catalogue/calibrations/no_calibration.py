"""No correction."""

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations


@calibrations.register("none")
class NoCalibration(Calibration):
    """Probabilities as the network predicts them."""

    @classmethod
    def fit(cls, probabilities: Floats, y: HostArray, weight: Floats) -> Calibrator:
        return Calibrator()
