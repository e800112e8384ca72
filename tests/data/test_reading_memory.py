"""What reading costs in memory, beyond the arrays that come out: measured in a process of its own."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
MEASURE = """
import resource, sys, polars
from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
before = peak()
data = prepare(DataSettings(source=sys.argv[1]), seed=0, dtype="float32")
print(peak() - before, sum(rows.x.nbytes for rows in (data.train, data.validation)) / 1e6)
"""


def measured(source):
    """Megabytes that `prepare` adds to the process at its peak, and of the inputs as float32."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(source)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return map(float, done.stdout.split())


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_pictures_cost_their_float32_and_little_more(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30_000, 784), dtype=np.uint8)
    head = struct.pack(">4B3I", 0, 0, 8, 3, 30_000, 28, 28)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
    labels = (np.arange(30_000) % 10).astype(np.uint8)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(
        struct.pack(">4BI", 0, 0, 8, 1, 30_000) + labels.tobytes()
    )
    peak, inputs = measured(tmp_path)
    assert 94 < inputs < 95
    assert peak < inputs + 50  # the bytes themselves take 24; all in float64 would take 188 more


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_text_costs_its_numbers_twice_and_chunks(tmp_path):
    draw = np.random.default_rng(0)
    pl.DataFrame({f"c{i}": draw.normal(size=50_000).round(6) for i in range(100)}).write_csv(
        tmp_path / "x.csv"
    )
    peak, inputs = measured(tmp_path / "x.csv")
    assert 19 < inputs < 20
    assert peak < 2 * inputs + 100  # what does not grow with the file
