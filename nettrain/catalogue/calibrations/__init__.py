"""Calibrations: corrections of predicted probabilities that validation rows fit after training."""

from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations
from nettrain.catalogue.discovery import import_families

__all__ = ["Calibration", "Calibrator", "calibrations"]

import_families(__name__, __path__)
