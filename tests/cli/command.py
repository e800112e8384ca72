"""How tests run the real command."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
COMMAND = (sys.executable, "-W", "error", "-m", "nettrain")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def nettrain(folder: Path, *arguments: object) -> Ended:
    """Run `nettrain` in a folder, with warnings as errors."""
    return ended([*COMMAND, *map(str, arguments)], folder)


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
