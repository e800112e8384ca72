"""The most memory that whole commands have resident, mapped files included: MNIST, and data beyond memory."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

CONFIG = Path(__file__).parents[2] / "configs" / "mnist.yaml"
TORCH = Path(__file__).with_name("mnist_torch.py")
BLOCK = 20_000  # rows that are written at once
SPEC = """
experiment: large
data: {{source: rows.{kind}, storage: disk}}
model: {{hidden: [128]}}
training: {{epochs: 1, batch_size: 256}}
"""


@dataclass(frozen=True)
class Peak:
    """The most bytes of a process, and the seconds that it took."""

    bytes: int
    wall: float
    processor: float


def peak(arguments: list[str], folder: Path) -> Peak:
    """Run Python with these arguments in a folder. Raises OSError when it fails."""
    begun = perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise OSError(f"{' '.join(arguments)} failed")
    return Peak(usage.ru_maxrss << 10, perf_counter() - begun, usage.ru_utime + usage.ru_stime)


def on_mnist(data: Path, folder: Path, epochs: int) -> dict[str, Peak]:
    """configs/mnist.yaml, and a plain script for PyTorch where it is installed, on a folder of IDX files."""
    train = ["-m", "nettrain", "train", str(CONFIG), f"data.source={data}", f"training.epochs={epochs}"]
    sides = {"nettrain": [*train, "--quiet"]}
    if find_spec("torch") is not None:
        sides["torch"] = [str(TORCH), str(data), str(epochs)]
    return {name: peak(arguments, folder) for name, arguments in sides.items()}


def beyond_memory(folder: Path, rows: int, columns: int, kind: str) -> tuple[int, Peak]:
    """The bytes of a file of two classes, which is written here as npy or parquet, and an epoch on it."""
    path = folder / f"rows.{kind}"
    {"npy": write_npy, "parquet": write_parquet}[kind](path, rows, columns)
    (folder / "large.yaml").write_text(SPEC.format(kind=kind))
    trained = peak(["-m", "nettrain", "train", "large.yaml", "--quiet", "--no-figures"], folder)
    return path.stat().st_size, trained


def write_npy(path: Path, rows: int, columns: int) -> None:
    """The rows of `block`, in one array."""
    file = np.lib.format.open_memmap(path, "w+", np.float32, (rows, columns + 1))
    for start in range(0, rows, BLOCK):
        file[start : start + BLOCK] = block(start, rows, columns)
    file.flush()


def write_parquet(path: Path, rows: int, columns: int) -> None:
    """The rows of `block`, in one file that is joined from one for each block."""
    parts = path.with_suffix(".parts")
    parts.mkdir()
    for start in range(0, rows, BLOCK):
        table = pl.DataFrame(block(start, rows, columns))
        table.write_parquet(parts / f"{start:012}.parquet", compression="uncompressed")
    pl.scan_parquet(parts / "*.parquet").sink_parquet(path, compression="uncompressed")
    shutil.rmtree(parts)


def block(start: int, rows: int, columns: int) -> np.ndarray[Any, Any]:
    """Normal inputs in float32, and whether a weighted sum of them, with some noise, is above 0."""
    weights = np.random.default_rng(0).standard_normal(columns, dtype=np.float32)
    generator, count = np.random.default_rng((1, start)), min(BLOCK, rows - start)
    x = generator.standard_normal((count, columns), dtype=np.float32)
    y = x @ weights + 3 * generator.standard_normal(count) > 0
    return np.column_stack([x, y.astype(np.float32)])
