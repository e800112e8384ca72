"""How tests run the real command."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
PATH = os.pathsep.join([str(ROOT / "tests" / "offline"), str(ROOT)])  # without a network
COMMAND = (sys.executable, "-W", "error", "-m", "nettrain")
ENVIRONMENT = {**os.environ, "PYTHONPATH": PATH, "COLUMNS": "100", "NO_COLOR": "1"}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # each of many processes would compile all of it anew


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def nettrain(folder: Path, *arguments: object) -> Ended:
    """Run `nettrain` in a folder, with warnings as errors."""
    return ended([*COMMAND, *map(str, arguments)], folder)


def inside(folder: Path, *arguments: object) -> Ended:
    """Run `nettrain` in a folder within this process: what the tests of many calls have the time for."""
    from nettrain.cli.app import main

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    changes = {"COLUMNS": "100", "NO_COLOR": "1", "NETTRAIN_DRAWING": "here"}
    with (
        contextlib.chdir(folder),
        patch.object(sys, "argv", ["nettrain", *map(str, arguments)]),
        patch.dict(os.environ, changes),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as caught,
    ):
        main()
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Ended(caught.value.code or 0, *texts)


def copied_package(folder: Path, *left_out: str) -> Path:
    """A copy of the package in a folder, with what was compiled of it unless that is left out.

    Files that another process is just writing are not for us.
    """
    ignored = shutil.ignore_patterns(".*", "*.pyc.*", "*.nb*", *left_out)
    shutil.copytree(ROOT / "nettrain", folder / "nettrain", ignore=ignored)
    return folder


def ended(command: list[str], folder: Path, **environment: str) -> Ended:
    """Run a command in a folder, with changes to the environment."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=ENVIRONMENT | environment,
        timeout=120,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
