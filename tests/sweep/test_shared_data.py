"""Data shared on disk: every array comes back to the bit, and no process writes into the file."""

import numpy as np
import pytest

from nettrain.data.prepared_folds import prepare_folds
from nettrain.data.settings import DataSettings
from nettrain.errors import NettrainError
from nettrain.sweep.shared_data import map_shared, write_shared

WEIGHTED = DataSettings.model_validate(
    {"source": "builtin:iris", "test": 7, "folds": 3, "class_weights": "balanced"}
)


@pytest.fixture(scope="module", params=["float32", "float64"])
def folds(request):
    return [one.data for one in prepare_folds(WEIGHTED, seed=1, dtype=request.param)]


def test_arrays_come_back_to_the_bit(folds, tmp_path):
    found = map_shared(write_shared(folds, tmp_path / "data"))
    assert 3 == len(found)
    for before, after in zip(folds, found, strict=True):
        for split in ("train", "validation", "test"):
            for name in ("x", "y", "weight"):
                expected, array = getattr(getattr(before, split), name), getattr(getattr(after, split), name)
                assert (expected.dtype, expected.shape) == (array.dtype, array.shape)
                assert np.array_equal(expected, array)
                assert array.ctypes.data % 64 == 0
        assert np.array_equal(before.column_weight, after.column_weight)
        assert before.settings == after.settings


def test_a_process_that_writes_does_not_disturb_others(folds, tmp_path):
    shared = write_shared(folds, tmp_path / "data")
    written, untouched = map_shared(shared), map_shared(shared)
    written[0].train.x[:] = -1
    assert np.array_equal(folds[0].train.x, untouched[0].train.x)


def test_a_file_that_cannot_be_written_is_named(folds, tmp_path):
    with pytest.raises(NettrainError, match=r"none/data: cannot be written"):
        write_shared(folds, tmp_path / "none" / "data")
