"""What every test of the estimators must leave behind: nothing that keeps a process from ending."""

import threading

import pytest


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """A thread that is no daemon would keep pytest from ending, as progress bars that are not torn down do."""
    before = {*threading.enumerate()}
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    assert [] == [thread for thread in left if not is_of_joblib(thread)]


def is_of_joblib(thread):
    """Whether joblib runs its workers with it, and ends it when the process ends."""
    return type(thread).__module__.startswith("joblib.")
