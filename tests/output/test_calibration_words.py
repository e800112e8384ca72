"""How the calibrators of several folds, networks or labels are listed in one line."""

import pytest

from nettrain.output.postprocessing import calibration_words

LISTS = {
    ("temperature 1.73",): "temperature 1.73",
    ("temperature 1.73", "temperature 1.69"): "temperature 1.73, 1.69",
    ("90 % within ±4.504", "90 % within ±3.488"): "90 % within ±4.504, ±3.488",
    ("90 % within ±4.504", "too few for 90 %"): "90 % within ±4.504, too few for 90 %",
    ("isotonic", "isotonic"): "isotonic",
}


@pytest.mark.parametrize(("calibrators", "words"), LISTS.items())
def test_words_in_common_are_said_once(calibrators, words):
    applied = {
        "calibration": "temperature",
        "threshold": "none",
        "rows": 120,
        "calibrators": [*calibrators],
        "thresholds": {},
    }
    assert f"{words}, by 120 validation rows" == calibration_words(applied)
