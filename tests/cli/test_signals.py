"""Ctrl-C and SIGTERM end any command, at any moment, with one line and 130 or 143."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nettrain.cli.app import main
from nettrain.cli.interrupt import Interruption, interruptible
from tests.cli.command import COMMAND, CONFIGS, ENVIRONMENT, ended

ENDS = {signal.SIGINT: (130, "interrupted\n"), signal.SIGTERM: (143, "terminated\n")}
BOTH = pytest.mark.parametrize("number", ENDS, ids=["ctrl-c", "sigterm"])
IRIS = str(CONFIGS / "iris.yaml")
# a command that is what `happens`, which is followed by a second's work
LOST = """
import ctypes, signal, sys, time
import nettrain.cli.app as app
from nettrain.__main__ import main

def come():
    signal.raise_signal(signal.{number})

def work():
    for _ in range(100):
        time.sleep(0.01)
    print("worked")

class Destroyed:
    def __del__(self):
        come()

def happens():
{happens}

def command():
    happens()
    work()

app.app = command
main()
"""
LOSSES = {
    "a callback from machine code": "ctypes.CFUNCTYPE(None)(come)()",
    "a destructor": "del [Destroyed()][0]",
    "a library that catches everything": "try: come()\n    except BaseException: pass",
    "one that makes another error of it": "try: come()\n    except BaseException as e: raise ImportError from e",
    "one that passes that error over": "try:\n        try: come()\n        finally: raise OSError\n"
    "    except OSError: pass",
    "nothing, and it comes twice": "try: come()\n    finally: come()",
    "nothing, while a file is open": "file = open(sys.executable)\n    come()",
}


@BOTH
@pytest.mark.parametrize("where", LOSSES)
def test_a_signal_ends_the_command_wherever_python_loses_the_exception(where, number, tmp_path):
    code = LOST.format(number=number.name, happens=f"    {LOSSES[where]}")
    done = ended([sys.executable, "-W", "error", "-c", code], tmp_path)
    assert (*ENDS[number], "") == (done.code, done.err, done.out)


def test_a_signal_that_was_lost_before_training_ends_the_run_after_its_first_step(monkeypatch):
    ending = Interruption()
    monkeypatch.setattr("nettrain.cli.interrupt.ending", ending)
    monkeypatch.setattr("nettrain.cli.interrupt._remind", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        ending.end(signal.SIGTERM)
    with interruptible() as asked:
        assert asked()
    assert (False, 143, "terminated") == (ending.raised, ending.code, ending.verb)


def test_a_second_signal_that_was_lost_has_no_line_beside_that_of_the_first(monkeypatch, capsys):
    ending = Interruption()
    monkeypatch.setattr("nettrain.cli.interrupt.ending", ending)
    monkeypatch.setattr("nettrain.cli.app.ending", ending)

    def command():
        with interruptible() as interrupted:
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):  # as a library may catch it
                signal.raise_signal(signal.SIGINT)
            assert interrupted()
        raise SystemExit(ending.tell_after_step("go on with: this"))

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr("nettrain.cli.app.app", command)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert (130, "interrupted; go on with: this\n") == (ended.value.code, capsys.readouterr().err)


POLARS = """
import os, signal
from types import SimpleNamespace
import nettrain.cli.app as app
from nettrain.sweep import worker
from nettrain.cli.interrupt import interruptible
from nettrain.__main__ import main

def work():
    import polars as pl

    def come(column):
        os.kill(os.getpid(), signal.SIGINT)
        return column

    b = pl.col("a").map_batches(come, return_dtype=pl.Int64)
    frame = pl.LazyFrame({"a": [2, 1]}).with_columns(b=b).sort("b").with_columns(c=pl.col("b").cum_sum())
    print(frame.sort("c").collect().rows())

def command():
    {command}

app.app = command
main()
"""


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("with interruptible() as asked: work(); print(asked())", "True\n"),
        ("worker.serve = lambda *_: work(); worker.work(SimpleNamespace(send=id))", ""),
    ],
    ids=["while networks train", "in a worker"],
)
def test_ctrl_c_ends_no_call_of_polars(command, printed, tmp_path):
    done = ended([sys.executable, "-c", POLARS.replace("{command}", command)], tmp_path)
    assert (0, f"[(1, 1, 1), (2, 2, 3)]\n{printed}", "") == (done.code, done.out, done.err)


@pytest.mark.skipif(os.name != "posix", reason="a shell's trap")
def test_ctrl_c_in_polars_is_ignored_where_the_parent_ignores_it(tmp_path):
    (tmp_path / "command.py").write_text(POLARS.replace("{command}", "work()"))
    done = ended(["sh", "-c", f"trap '' INT; exec {sys.executable} command.py"], tmp_path)
    assert (0, "[(1, 1, 1), (2, 2, 3)]\n", "") == (done.code, done.out, done.err)


@pytest.mark.skipif(os.name != "posix", reason="a shell's trap")
def test_what_a_parent_ignores_is_ignored(tmp_path):
    """As of a command in the background of a script, and under nohup."""
    (tmp_path / "command.py").write_text(LOST.format(number="SIGINT", happens="    come()"))
    done = ended(["sh", "-c", f"trap '' INT; exec {sys.executable} command.py"], tmp_path)
    assert (0, "worked\n", "") == (done.code, done.out, done.err)


def heeds(process: "subprocess.Popen[str]") -> bool:
    """Whether it has a handler for SIGTERM, as from its first moment on; Python itself has none."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come"
        time.sleep(0.002)


def marked(folder: Path) -> list[str]:
    """The processes that were started on behalf of a test."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:  # it has ended
            continue
    return found


def signalled(folder: Path, number: signal.Signals, when, *arguments: str) -> tuple[int, str]:
    """How a command ends that gets a signal, with all its processes, once `when(process)` holds.

    So terminals send Ctrl-C, and services SIGTERM. It leaves no process.
    """
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=ENVIRONMENT | {"MARK": str(folder), "NETTRAIN_DRAWING": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: when(process))
        os.killpg(process.pid, number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    wait_for(lambda: not marked(folder))
    return process.returncode, err


def after(seconds: float):
    """So long after the command has begun."""
    began: list[float] = []

    def condition(process: "subprocess.Popen[str]") -> bool:
        if not began and heeds(process):
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] >= seconds

    return condition


linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")


@linux
@pytest.mark.parametrize(
    ("number", "seconds", "arguments"),
    [
        (signal.SIGTERM, 0.0, ("predict", "runs/iris", "builtin:iris")),
        (signal.SIGINT, 0.1, ("train", IRIS)),
        (signal.SIGTERM, 0.2, ("check", IRIS)),
        (signal.SIGTERM, 0.0, ("sweep", IRIS)),
    ],
    ids=["predict", "train", "check", "sweep"],
)
def test_a_signal_while_the_command_starts_ends_it(number, seconds, arguments, tmp_path):
    assert ENDS[number] == signalled(tmp_path, number, after(seconds), *arguments)
    assert [] == [*tmp_path.iterdir()]


@linux
@BOTH
def test_a_signal_ends_a_sweep_and_its_workers(number, tmp_path):
    long = ("training.epochs=1000000", "training.early_stopping=null")
    arguments = ("sweep", IRIS, "--trials", "4", "--jobs", "2", "--quiet", *long)

    def working(process: "subprocess.Popen[str]") -> bool:
        workers = [line for line in marked(tmp_path) if "spawn_main" in line]
        return len(workers) == 2

    code, err = signalled(tmp_path, number, working, *arguments)
    verb = ENDS[number][1].strip()
    assert (ENDS[number][0], f"{verb}; go on with: nettrain {' '.join(arguments)}\n") == (code, err)
