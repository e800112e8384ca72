"""Whole commands on iris, in processes of their own, and the imports that none of them can do without."""

from pathlib import Path

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
