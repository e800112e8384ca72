"""A folder is locked by one process at a time, and the lock of a dead one is taken over."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nettrain import locks
from nettrain.errors import SpecError
from nettrain.locks import NAME, locked

HOLD = """
import sys
from pathlib import Path
from nettrain.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen:
    """Another process that locks the folder until its input ends."""
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def ended(process: subprocess.Popen) -> int:
    assert process.stdin is not None
    process.stdin.close()
    assert process.stdout is not None
    process.stdout.close()
    return process.wait()


def test_the_second_process_is_refused_naming_the_first(tmp_path):
    process = holder(tmp_path)
    with pytest.raises(SpecError) as error, locked(tmp_path):
        pass
    assert f"{tmp_path}: in use by process {process.pid}" == str(error.value)
    assert 0 == ended(process)
    with locked(tmp_path) as note:
        assert note is None
    assert [] == list(tmp_path.iterdir())


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    process = holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    ended(process)
    assert (tmp_path / NAME).exists()
    with locked(tmp_path) as note:
        expected = f"{tmp_path}: process {process.pid} ended without letting go of it; taken over"
        assert expected == note
        assert f"{os.getpid()}\n" == (tmp_path / NAME).read_text()


def test_the_same_process_cannot_lock_twice(tmp_path):
    with locked(tmp_path), pytest.raises(SpecError, match="in use"), locked(tmp_path):
        pass


def test_a_missing_folder_cannot_be_locked(tmp_path):
    with pytest.raises(Exception, match="cannot be written: No such file"), locked(tmp_path / "no"):
        pass


def test_a_file_that_its_owner_removes_meanwhile_is_made_anew(tmp_path, monkeypatch):
    right, tried = locks._try_lock, []

    def late(handle):
        if not tried:  # between the opening of the file and its lock
            (tmp_path / NAME).unlink()
        tried.append(handle)
        return right(handle)

    monkeypatch.setattr(locks, "_try_lock", late)
    with locked(tmp_path) as note:
        assert (None, 2) == (note, len(tried))
        assert f"{os.getpid()}\n" == (tmp_path / NAME).read_text()
