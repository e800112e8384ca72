"""Whole commands on tables of many columns and few rows, in processes of their own."""

from pathlib import Path

import numpy as np

from peers.process import spent

ROWS = 60
SPEC = """
experiment: wide
data: {source: SOURCE}
model: {hidden: [8]}
training: {epochs: 2, batch_size: 16}
"""
COMMANDS = {
    "init": ["init", "DATA", "--out", "drafted.yaml"],
    "train": ["train", "wide.yaml", "--quiet", "--no-figures"],
    "predict": ["predict", "runs/wide", "DATA", "--out", "predictions.csv"],
    "evaluate": ["evaluate", "runs/wide", "DATA"],
}


def write_table(path: Path, columns: int) -> None:
    """A table of random numbers with so many columns, and two classes."""
    numbers = np.random.default_rng(columns).random((ROWS, columns)).round(4)
    names = [*(f"c{i}" for i in range(columns)), "y"]
    rows = ([*map(str, row), "ab"[i % 2]] for i, row in enumerate(numbers))
    path.write_text("".join(f"{','.join(row)}\n" for row in [names, *rows]))


def processor_seconds(folder: Path, columns: int) -> dict[str, float]:
    """Seconds of processor that each command takes, from start to end, on a table of so many columns."""
    folder.mkdir()
    write_table(folder / "data.csv", columns)
    (folder / "wide.yaml").write_text(SPEC.replace("SOURCE", "data.csv"))
    return {name: processor(folder, command) for name, command in COMMANDS.items()}


def processor(folder: Path, command: list[str]) -> float:
    """Seconds of processor of one command. Raises OSError when it fails."""
    arguments = ["data.csv" if one == "DATA" else one for one in command]
    return spent(["-m", "nettrain", *arguments], folder).processor
