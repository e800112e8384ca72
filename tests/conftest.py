"""What holds for all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

from nettrain.backend.choose import PREFERRED

# Where a GPU answers, `auto` would take it: tests that compare bits are NumPy's, also in processes they start.
os.environ[PREFERRED] = "numpy"
# A busy machine is no failure, and every run tries the same examples.
settings.register_profile(
    "anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("anywhere")


@pytest.fixture(autouse=True)
def _the_machine_chooses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that need a GPU see what a user sees there."""
    if request.node.get_closest_marker("gpu"):
        monkeypatch.delenv(PREFERRED)
