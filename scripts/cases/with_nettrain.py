"""nettrain as users call it: `nettrain train FILE --json`, whose summary says what a step took."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from peers.problem import Array

from cases.case import Case

FILE = "case.yaml"  # in the current folder


class Trainer:
    """Runs the command anew in each turn; the rows are read from the files that it names."""

    def __init__(self, case: Case, x: Array, y: Array) -> None:
        self.case, self.summary = case, {}

    def begin(self) -> None:
        """Each command begins anew."""

    def train(self) -> float:
        """The seconds of the steps alone, as `timing` has them."""
        self.summary = run(Path(FILE))
        timing = self.summary["timing"]
        if timing["steps"] != self.case.steps * self.case.epochs:
            raise RuntimeError(f"{timing['steps']} steps in place of {self.case.steps * self.case.epochs}")
        return timing["steps"] * timing["microseconds_per_step"] / 1e6  # type: ignore[no-any-return]

    def loss(self) -> float:
        metrics = self.summary["mean" if self.case.members > 1 else "metrics"]
        return metrics["train"]["loss"]  # type: ignore[no-any-return]


def run(file: Path) -> dict[str, Any]:
    """The JSON of a training. Raises OSError when it fails, with what it says."""
    quietly = ("--json", "--quiet", "--no-figures")
    command = [sys.executable, "-m", "nettrain", "train", str(file.resolve()), *quietly]
    with TemporaryDirectory() as folder:
        ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False)
    if ended.returncode:
        raise OSError(f"nettrain train {file} failed")
    return json.loads(ended.stdout)  # type: ignore[no-any-return]
