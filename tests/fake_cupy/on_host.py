"""CUDA sources, compiled by g++ and run on the host, thread by thread."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
HEADER, SCHEDULER = HERE / "cuda_on_host.h", HERE / "host_threads.cpp"
COMPILER = shutil.which("g++")
FLAGS = ("-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w", "-x", "c++", "-")
FOLDER = Path(tempfile.gettempdir()) / f"nettrain-cuda-on-host-{os.getuid()}"
LAUNCHER = """
static Argument *given;
static void body() {{ {name}({arguments}); }}
extern "C" void launch(void (*run_grid)(void (*)(), int, int, int, int), Argument *arguments,
                       int grid, int x, int y, int order) {{
    given = arguments;
    run_grid(body, grid, x, y, order);
}}
"""


def library(text: str, name: str, mode: int = ctypes.DEFAULT_MODE) -> ctypes.CDLL:
    """The source as a library, compiled unless it has been before."""
    path = FOLDER / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.so"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            made = Path(folder) / path.name
            command = [str(COMPILER), *FLAGS, "-o", str(made)]
            done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
            assert done.returncode == 0, f"{name}: {done.stderr[:4000]}"
            made.replace(path)
    return ctypes.CDLL(str(path), mode=mode)


@cache
def scheduler() -> ctypes.CDLL:
    """The library that runs the threads; kernels use its symbols."""
    return library(SCHEDULER.read_text(), "host_threads", ctypes.RTLD_GLOBAL)


@cache
def compiled(source: str, name: str, count: int) -> ctypes.CDLL:
    """The library of the kernel `name`, which takes `count` arguments."""
    scheduler()
    arguments = ", ".join(f"given[{k}]" for k in range(count))
    launcher = LAUNCHER.format(name=name, arguments=arguments)
    return library(f"{HEADER.read_text()}\n{source}\n{launcher}", name)


def run(
    source: str,
    name: str,
    grid: int,
    block: tuple[int, int],
    arguments: Sequence[int | np.integer],
    order: int = 0,
) -> None:
    """Run a kernel; arguments are addresses and whole numbers, 64 bits each."""
    words = (ctypes.c_int64 * len(arguments))(*map(int, arguments))
    compiled(source, name, len(arguments)).launch(scheduler().run_grid, words, grid, *block, order)


def flattened(iterations: int, arrays: Sequence[np.ndarray | int]) -> list[int]:
    """The arguments of a translated kernel: its iterations, then each array's address and shape."""
    words = [iterations]
    for array in arrays:
        words += [array.ctypes.data, *array.shape] if isinstance(array, np.ndarray) else [int(array)]
    return words
