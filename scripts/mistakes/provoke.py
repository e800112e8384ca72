"""Making a mistake, and what comes of it."""

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from mistakes.mistake import COMMAND_LINE, FILES, INTERNAL, INTERRUPT, PURPOSE, Mistake

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"COLUMNS": "400", "NO_COLOR": "1", "NETTRAIN_DRAWING": "here", "NETTRAIN_AUTO": "numpy"}
PATIENCE = 120  # seconds for a training to begin


@dataclass(frozen=True)
class Failure:
    """How a command ended: the class of its error or what else it was, its exit code, and what it printed."""

    kind: str
    code: int
    message: str


def prepare(folder: Path) -> None:
    """Write the files that every mistake begins with, and train the run."""
    _write(folder, FILES)
    train = ["train", "flowers.yaml", "--quiet", "--no-figures"]
    failure = _called(folder, train)
    if failure.code:
        raise RuntimeError(f"the training without a mistake failed: {failure.message}")


def provoke(mistake: Mistake, prepared: Path, folder: Path) -> Failure:
    """What the command of a mistake prints in a new folder like the prepared one."""
    shutil.copytree(prepared, folder)
    _write(folder, mistake.files)
    arguments = shlex.split(mistake.command)[1:]
    if mistake.signal is not None:
        return _stopped(folder, arguments, mistake.signal)
    with mistake.machine() if mistake.machine is not None else contextlib.nullcontext():
        return _called(folder, arguments)


def _write(folder: Path, files: object) -> None:
    assert isinstance(files, dict)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def _called(folder: Path, arguments: list[str]) -> Failure:
    """Run the command within this process, which a hundred mistakes have the time for."""
    from nettrain.cli import app

    errors: list[BaseException] = []
    report = app._report

    def reported(error: BaseException) -> None:
        errors.append(error)
        report(error)

    printed = io.StringIO()
    code = 0
    with (
        contextlib.chdir(folder),
        patch.object(sys, "argv", ["nettrain", *arguments]),
        patch.dict(os.environ, ENVIRONMENT),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(printed),
        patch.object(app, "_report", reported),
    ):
        try:
            app.main()
        except SystemExit as end:
            code = int(end.code or 0)
    text = _without_frame(printed.getvalue())
    error = errors[0]
    if not isinstance(error, SystemExit):
        known = type(error).__module__ == "nettrain.errors"
        return Failure(type(error).__name__ if known else INTERNAL, code, text)
    return Failure(COMMAND_LINE if code == 2 else PURPOSE, code, text)


def _stopped(folder: Path, arguments: list[str], number: int) -> Failure:
    """Run the command in a process of its own, and send it a signal once it has a checkpoint."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nettrain", *arguments],
        cwd=folder,
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not (folder / "runs/flowers-2/config.yaml").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, message = process.communicate(timeout=PATIENCE)
    return Failure(INTERRUPT, process.returncode, message.strip())


def _without_frame(text: str) -> str:
    """What stands in the frame that Typer draws, or else all of it."""
    framed = [line.strip("│ ") for line in text.splitlines() if line.startswith("│")]
    return "\n".join(framed) if framed else text.strip()
