"""Range tests on a device give what they give on NumPy."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.checks.range_test.measurement import Subject
from nettrain.checks.range_test.population import population_test
from nettrain.checks.range_test.ramp import ramp_test
from nettrain.checks.range_test.varied_number import LEARNING_RATE, ValueRange, varied_number
from nettrain.experiment.resolution import resolve_with_data
from tests.fake_cupy.backends import BACKENDS, backend_factory
from tests.trained import IRIS, experiment, prepared


@pytest.fixture(params=BACKENDS)
def new_backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from backend_factory(request.param)


@pytest.mark.parametrize("test", [population_test, ramp_test])
def test_a_device_gives_the_same_losses(new_backend: Any, test: Any) -> None:
    raw = experiment(IRIS, "optimizer=sgd", "backend.dtype=float64")
    data = prepared(raw)
    spec, number = resolve_with_data(raw, data), varied_number(raw, LEARNING_RATE)
    host, device = (
        test(Subject(spec, data, one(dtype="float64", threads=1)), number, ValueRange(1e-4, 1, 5), 30)
        for one in (NumpyBackend, new_backend)
    )
    np.testing.assert_allclose(host.losses.training, device.losses.training, rtol=1e-9)
    assert host.suggestion == device.suggestion
    assert host.verdicts == device.verdicts
