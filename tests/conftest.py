"""What holds for all tests."""

import os

import pytest

from nettrain.backend.choose import PREFERRED

# Where a GPU answers, `auto` would take it: tests that compare bits are NumPy's, also in processes they start.
os.environ[PREFERRED] = "numpy"


@pytest.fixture(autouse=True)
def _the_machine_chooses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that need a GPU see what a user sees there."""
    if request.node.get_closest_marker("gpu"):
        monkeypatch.delenv(PREFERRED)
