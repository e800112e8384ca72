"""How the process of a command ends: at once, but with all that others have asked for at its end."""

import os
import sys

import pytest

from tests.cli.command import ended

START = "import nettrain.__main__ as entry, sys; sys.argv = ['nettrain', {arguments}]; {first}; entry.main()"
UNDONE = "class Left:\n    def __del__(self): print('taken apart')\nleft = Left()\n"


def run(folder, arguments, first="pass", before=""):
    """How `nettrain` ends in a process where other things came first."""
    return ended([sys.executable, "-c", before + START.format(arguments=arguments, first=first)], folder)


@pytest.mark.parametrize(("arguments", "code"), [("'--version'", 0), ("'train', 'none.yaml'", 2)])
def test_the_process_ends_at_once_with_what_was_registered(arguments, code, tmp_path):
    done = run(tmp_path, arguments, "import atexit; atexit.register(print, 'registered')", UNDONE)
    assert code == done.code
    assert done.out.endswith("registered\n")
    assert "taken apart" not in done.out
    assert bool(code) == ("none.yaml" in done.err)


def test_python_shuts_down_itself_where_a_thread_goes_on(tmp_path):
    first = "import threading, time; threading.Thread(target=lambda: (time.sleep(1), print('later'))).start()"
    done = run(tmp_path, "'--version'", first, UNDONE)
    assert (0, ["later", "taken apart"]) == (done.code, done.out.splitlines()[1:])


def test_a_profiler_writes_what_it_found(tmp_path):
    done = ended([sys.executable, "-m", "cProfile", "-o", "profile", "-m", "nettrain", "--version"], tmp_path)
    assert 0 == done.code, done.err
    assert (tmp_path / "profile").stat().st_size > 1000


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the device of a full disk")
def test_what_cannot_be_printed_is_told(tmp_path):
    command = f"{sys.executable} -m nettrain --version > /dev/full"
    done = ended(["sh", "-c", command], tmp_path)
    assert done.code
    assert "No space left on device" in done.err
