"""Pictures that another process draws: the same bytes, the same errors, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from nettrain.output import drawing
from nettrain.output.drawing import DrawingError, draw_here, drawing_process
from tests.cli.command import CONFIGS, ENVIRONMENT, ROOT, ended

CONFUSION = "confusion.confusion_picture", {"y": np.array([[3.0, 1.0], [0.0, 2.0]])}, ("a", "b"), "title"


@pytest.fixture
def started(monkeypatch):
    """The processes that were started for drawing, on a machine with several processors."""
    processes = []
    start = drawing._started

    def remembered():
        processes.append(start())
        return processes[-1]

    monkeypatch.setattr(drawing, "_processors", lambda: 2)
    monkeypatch.setattr(drawing, "_started", remembered)
    monkeypatch.delenv("NETTRAIN_DRAWING", raising=False)
    return processes


def test_a_process_draws_the_same_and_ends_with_the_block(started, monkeypatch):
    expected = draw_here(*CONFUSION)
    monkeypatch.setattr(drawing, "draw_here", None)  # so that nothing is drawn here
    with drawing_process() as draw:
        assert [expected, expected] == [draw(*CONFUSION), draw(*CONFUSION)]
        with pytest.raises(DrawingError, match="empty"):
            draw(CONFUSION[0], CONFUSION[1], (), "no names")
        assert expected == draw(*CONFUSION), "after an error"
        assert started[0].poll() is None
    assert started[0].poll() is not None


def test_what_cannot_be_drawn_there_is_drawn_here(started, monkeypatch):
    monkeypatch.setattr(drawing, "draw_here", lambda *arguments: b"here")
    with drawing_process() as draw:
        assert b"here" == draw("confusion.confusion_picture", lambda: "a function has no copy there")
        started[0].kill()
        started[0].wait()
        assert b"here" == draw(*CONFUSION) == draw(*CONFUSION)


def test_an_exception_ends_the_process_at_once(started):
    with pytest.raises(KeyboardInterrupt), drawing_process():
        raise KeyboardInterrupt
    assert started[0].returncode is not None


@pytest.mark.parametrize(("processors", "switch"), [(1, ""), (2, "here")])
def test_one_processor_or_the_environment_draw_here(processors, switch, monkeypatch):
    monkeypatch.setattr(drawing, "_processors", lambda: processors)
    monkeypatch.setenv("NETTRAIN_DRAWING", switch)
    with drawing_process() as draw:
        assert draw is draw_here


INTERRUPTED = """
import signal, sys
from nettrain.output import drawing

def importing(name):
    file = open(sys.executable)
    signal.raise_signal(signal.SIGTERM)

drawing.import_module = importing
drawing.serve()
"""


def test_a_process_that_is_ended_while_it_imports_says_nothing(tmp_path):
    done = ended([sys.executable, "-W", "error", "-c", INTERRUPTED], tmp_path)
    assert (0, "", "") == (done.code, done.out, done.err)


def test_what_every_run_draws_needs_little_beside_matplotlib():
    code = "import sys; from nettrain.output.figures import curves, confusion; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"numba", "llvmlite", "polars", "pydantic", "yaml", "rich"}
    assert set() == {name for name in heavy if f"'{name}'" in done.stdout}


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_stopped_leaves_no_process(number, tmp_path):
    command = [sys.executable, "-m", "nettrain", "train", CONFIGS / "iris.yaml", "--quiet"]
    environment = ENVIRONMENT | {"NETTRAIN_DRAWING": "", "NETTRAIN_TEST": str(tmp_path)}
    with subprocess.Popen(
        [*command, "training.epochs=1000000"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(lambda: list(tmp_path.glob("runs/*/checkpoint.safetensors")))
        process.send_signal(number)
    wait_for(lambda: not running_with(f"NETTRAIN_TEST={tmp_path}"))


def running_with(setting: str) -> list[str]:
    """The processes with this in their environment."""
    found = []
    for one in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{one}/environ", "rb") as environment:
                found += [one] if setting.encode() in environment.read().split(b"\0") else []
        except OSError:
            continue
    return found


def wait_for(happened) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
