"""Valid inputs of every kind in one folder: tables, experiments, runs that can go on, sweeps half done."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

ROWS = 60
FLOWERS = """\
experiment: a
data: {source: data/flowers.csv, test: 0.2}
model: {hidden: [3]}
training: {epochs: 2, batch_size: 16}
backend: {threads: 1}
"""
POINTS = """\
experiment: points
data: {source: data/points.csv, test: 0.2, target: y, target_kind: numbers}
model: {hidden: [3]}
training: {epochs: 2, batch_size: 16}
backend: {threads: 1}
"""
ARRAYS = (
    "experiment: arrays\nmodel: {hidden: [3]}\ntraining: {epochs: 2, batch_size: 16}\nbackend: {threads: 1}\n"
)
RICH = """\
# every kind of value: numbers, texts, lists, mappings, names with settings
experiment: rich
seed: 3
data:
  source: data/flowers.csv
  target: species
  test: 0.2
  validation: 8
  missing: ['', '?']
  columns: {ignore: [], categorical: [colour]}
  labels: {setosa: s}
  scaling: {name: standard}
  stratify: true
model:
  layers:
    - {units: 4, activation: {name: leaky_relu, negative_slope: 0.02}, dropout: 0.1}
    - {units: 3, activation: tanh, norm: batch}
  init: {name: glorot_uniform}
loss: {name: cross_entropy, label_smoothing: 0.05}
regularization: {l2: 0.001}
optimizer: {name: adam, learning_rate: 0.01, beta1: 0.8}
schedule: {name: cosine, warmup: 1}
training:
  epochs: 3
  batch_size: 16
  early_stopping: {monitor: val_loss, patience: 2}
  clip_norm: 1.0
  ensemble: 2
calibration: temperature
backend: {dtype: float32, threads: 1}
"""
# the journal knows the whole path of its data
SEARCH = """\
experiment: s
data: {source: WORLD/data/flowers.csv, test: 0.2}
model: {hidden: [3]}
training: {epochs: 2, batch_size: 16}
backend: {threads: 1}
sweep:
  trials: 3
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    model.dropout: {values: [0.0, 0.1]}
"""
SILENT = ("--quiet", "--no-figures")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("train", "flowers.yaml", *SILENT),
    ("train", "flowers.yaml", "experiment=b", "seed=1", *SILENT),
    ("train", "flowers.yaml", "experiment=wide", "model.hidden=[5]", *SILENT),
    ("train", "flowers.yaml", "experiment=long", "training.epochs=3", "optimizer=sgd", *SILENT),
    ("train", "flowers.yaml", "experiment=two", "training.ensemble=2", "model.norm=batch", *SILENT),
    ("train", "flowers.yaml", "experiment=calibrated", "calibration=temperature", *SILENT),
    (
        "train",
        "flowers.yaml",
        "experiment=steps",
        "training.history=step",
        "training.diagnostics=true",
        *SILENT,
    ),
    ("train", "points.yaml", *SILENT),
    ("train", "flowers.yaml", "experiment=folds", "data.folds=3", "data.validation=0", *SILENT),
    ("train", "flowers.yaml", "experiment=blend", "blend=[{model: {hidden: [3]}}]", *SILENT),
    ("evaluate", "runs/steps"),
    ("sweep", "search.yaml", "--jobs", "1", "--quiet"),
    ("sweep", "search.yaml", "experiment=t", "seed=1", "--jobs", "1", "--quiet"),
)


def make(folder: Path, command: Callable[[Path, tuple[str, ...]], int]) -> None:
    """Write all tables and experiments, then run the commands that make runs; each must succeed."""
    write_tables(folder / "data")
    texts = {"flowers": FLOWERS, "points": POINTS, "rich": RICH, "search": SEARCH, "arrays": ARRAYS}
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text.replace("WORLD", str(folder)))
    for one in COMMANDS:
        code = command(folder, one)
        if code != 0:
            raise RuntimeError(f"nettrain {' '.join(one)} has ended with {code}")


def write_tables(folder: Path) -> None:
    """A table with words, one of numbers, the same as arrays of every format, and small images."""
    import polars as pl  # whose threads a process that forks must not have begun

    folder.mkdir(parents=True)
    draw, lines, numbers = Random(0), ["length,width,colour,species"], []
    for k in range(ROWS):
        kind = k % 3
        length, width = round(draw.gauss(4 + kind, 0.5), 3), round(draw.gauss(2 - kind / 2, 0.4), 3)
        colour, species = draw.choice(["red", "blue", "white"]), ("setosa", "versicolor", "virginica")[kind]
        lines.append(f"{length},{width},{colour},{species}")
        numbers.append((length, width, round(draw.random(), 4), round(length - 2 * width, 3)))
    flowers, points = "\n".join(lines) + "\n", np.array(numbers)
    (folder / "flowers.csv").write_text(flowers)
    (folder / "packed.csv.gz").write_bytes(gzip.compress(flowers.encode(), mtime=0))
    text = "\n".join(",".join(map(str, row)) for row in numbers)
    (folder / "points.csv").write_text(f"a,b,c,y\n{text}\n")
    labels = np.arange(ROWS) % 3
    np.save(folder / "points.npy", points)
    np.savez(folder / "points.npz", x=points[:, :3], y=labels)
    objects = (dict(zip("abcy", row, strict=True)) for row in numbers)
    (folder / "points.jsonl").write_text("\n".join(str(one).replace("'", '"') for one in objects) + "\n")
    write_images(folder / "images", labels)
    pl.DataFrame(points, schema=list("abcy")).write_parquet(folder / "points.parquet")


def write_images(folder: Path, labels: np.ndarray) -> None:
    """A folder of IDX files with images of 4 × 4 pixels."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, 4, 4)).astype(np.uint8)
    images = b"\0\0\x08\x03" + struct.pack(">3I", *pixels.shape) + pixels.tobytes()
    names = b"\0\0\x08\x01" + struct.pack(">I", ROWS) + labels.astype(np.uint8).tobytes()
    (folder / "train-images-idx3-ubyte").write_bytes(images)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(names, mtime=0))
