"""Arrays of any type, order and numbers come back from NPY, NPZ and IDX files as NumPy wrote them."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nettrain.data.reading.formats.idx import TYPES, read_idx
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from tests.data.test_idx import idx

MANY = settings(max_examples=40)
TABLE = arrays.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5)
DTYPES = (
    arrays.boolean_dtypes()
    | arrays.integer_dtypes(endianness="=")
    | arrays.integer_dtypes(endianness=">")
    | arrays.unsigned_integer_dtypes(endianness="=")
    | arrays.unsigned_integer_dtypes(endianness=">")
    | arrays.floating_dtypes(endianness="=")
    | arrays.floating_dtypes(endianness=">")
)


def rows_of(path, storage):
    table = read_source(str(path), ReadOptions(storage=storage), seed=0).table
    return np.column_stack([table.numbers.column(name) for name in table.columns])


@MANY
@given(
    arrays.arrays(DTYPES, TABLE),
    st.sampled_from("CF"),
    st.sampled_from(["npy", "npz"]),
    st.sampled_from(["memory", "disk"]),
)
def test_numbers_of_an_array_are_those_that_numpy_saved(array, order, ending, storage):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"x.{ending}")
        stored = np.asarray(array, order=order)
        np.save(path, stored) if ending == "npy" else np.savez_compressed(path, x=stored)
        read = rows_of(path, storage)
    np.testing.assert_array_equal(array, read)


@MANY
@given(st.sampled_from([*TYPES]), arrays.array_shapes(max_dims=4, max_side=4), st.booleans(), st.data())
def test_an_array_in_idx_form_comes_back(kind, shape, packed, data):
    array = data.draw(arrays.arrays(TYPES[kind], shape))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(gzip.compress(idx(array, kind)) if packed else idx(array, kind))
        read = read_idx(path)
    assert read.dtype.isnative
    assert read.dtype.itemsize == array.dtype.itemsize
    np.testing.assert_array_equal(array, read)
