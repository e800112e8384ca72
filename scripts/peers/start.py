"""Whole commands on iris, in processes of their own, and the imports that none of them can do without."""

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

CONFIG = Path(__file__).parents[2] / "configs" / "iris.yaml"
TRAIN = ["-m", "nettrain", "train", str(CONFIG)]
COMMANDS = {
    "nettrain --help": ["-m", "nettrain", "--help"],
    "nettrain train configs/iris.yaml --no-figures": [*TRAIN, "--no-figures"],
    "nettrain train configs/iris.yaml": TRAIN,
    # which end as a command of nettrain does, without Python's shutdown
    "Python alone": ["-c", "import os; os._exit(0)"],
    "import numpy": ["-c", "import os, numpy; os._exit(0)"],
    "import numpy, polars": ["-c", "import os, numpy, polars; os._exit(0)"],
    "import numpy, polars, numba": ["-c", "import os, numpy, polars, numba; os._exit(0)"],
}


class Spent(NamedTuple):
    """Seconds that a process took."""

    wall: float
    processor: float


def spent(name: str, folder: Path) -> Spent:
    """What one of the commands takes in a folder, from its start to its end. Raises OSError when it fails."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *COMMANDS[name]], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise OSError(f"{name} failed")
    return Spent(perf_counter() - begun, usage.ru_utime + usage.ru_stime)
