"""No correction."""

from nettrain.catalogue.calibrations.base import Calibration, calibrations


@calibrations.register("none")
class NoCalibration(Calibration):
    """Probabilities as the network predicts them: there is nothing to fit."""
