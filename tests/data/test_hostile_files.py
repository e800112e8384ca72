"""Files that promise too much, have no end, or hold what no writer makes: one line that names the file, at once."""

import bz2
import gzip
import io
import os
import shutil
import struct
import threading
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading import room, streams
from nettrain.data.reading.arrow_file import BATCHES, compressed_buffers, read_footer
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import can_be_read_again, read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError

VALUES = np.arange(120.0).tobytes()
ROWS = b"a,b,y\n" + b"".join(b"%d,%d,%s\n" % (i, i * 7 % 5, b"pq"[i % 2 :][:1]) for i in range(40))


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def little_memory(monkeypatch):
    """A machine with 100 MB of memory left, which is looked at often."""
    monkeypatch.setattr(room, "obtainable_memory", lambda: 100 << 20)
    monkeypatch.setattr(room, "CHECKED_BYTES", 1 << 20)
    monkeypatch.setattr(room, "LEFT_FREE", 200 << 20)


def read(source, **options):
    return read_source(source, ReadOptions(**options), seed=0)


def refusal(source, **options):
    """The message, of one line and in a moment, when a source is refused."""
    started = time.process_time()
    with pytest.raises(DataError) as caught:
        read(source, **options)
    assert time.process_time() - started < 5
    message = str(caught.value)
    assert 1 == len(message.splitlines())
    assert len(message) < 400
    assert message.startswith(source.split("/")[0])
    return message


def npy(descr, shape, body=VALUES, fortran="False"):
    return raw_npy(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}".encode(), body)


def raw_npy(header, body=VALUES, version=1):
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(header))
        + header
        + body
    )


HEADERS = {
    "type": [npy(one, "(40, 3)") for one in ("'<q99'", "()", "[]", "{}", "None", "8", "float", "'O'", "'V8'", "'<U4'")],
    "structured": [npy(one, "(40,)") for one in ("[('a', '<f8'), ('b', '<f8')]", "('<f8', (3,))", "'f8,O'")],
    "nested type": [npy("[" * 300 + "]" * 300, "(40, 3)"), npy("'" + "x" * 9000 + "'", "(40, 3)")],
    "shape": [npy("'<f8'", one) for one in ("(-1, 3)", "(-40, -3)", "(True, 3)", "(40.0, 3)", "(40L, 3)", "7", "()")],
    "sizes": [npy("'<f8'", one) for one in ("(10**12, 3)", "(4611686018427387904, 8)", "(40, 30)", "(10**30, 3)")],
    "dimensions": [npy("'<f8'", "(" + "1," * 100 + ")"), npy("'<f8'", "(0, 3)"), npy("'<f8'", "(1000000000000, 0)")],
    "order": [npy("'<f8'", "(40, 3)", fortran=one) for one in ("'x'", "[", "\0")],
    "text": [raw_npy(one) for one in (b"", b"[1, 2]", b"{[]: 1}", b"{'descr': '<f8'\n  'x\n\t]})", b"\xff", b"(" * 5000, b"-" * 9000 + b"1")],
    "length": [b"\x93NUMPY\2\0\xff\xff\xff\xff{}", b"\x93NUMPY", b"\x93NUMPY\1", b"\x93NUMPY\1\0\1", raw_npy(b"{}", version=9)],
    "digits": [npy("'<f8'", f"({'9' * 5000}, 3)")],
}  # fmt: skip


@pytest.mark.filterwarnings(
    "ignore:.*:SyntaxWarning", "ignore:.*:DeprecationWarning", "ignore:.*:UserWarning"
)
@pytest.mark.parametrize("kind", HEADERS)
def test_headers_of_arrays_that_numpy_does_not_write(kind):
    for content in HEADERS[kind]:
        Path("x.npy").write_bytes(content)
        refusal("x.npy")
        with zipfile.ZipFile("x.npz", "w") as archive:
            archive.writestr("x.npy", content)
            archive.writestr("y.npy", npy("'<f8'", "(40,)"))
        refusal("x.npz")


def test_an_array_says_what_it_would_take():
    Path("x.npy").write_bytes(npy("'<f8'", "(1000000000000, 3)"))
    expected = (
        "x.npy: the array is cut short: 24,000,000,000,000 bytes for an array of shape (1000000000000, 3), "
    )
    assert refusal("x.npy").startswith(expected)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_an_array_that_does_not_fit_into_memory(little_memory, name):
    content = npy("'u1'", "(200000000, 10)", b"")
    if name == "x.npy":
        Path(name).write_bytes(content)
        os.truncate(name, len(content) + 2_000_000_000)
    else:
        content = content.replace(b"200000000", b"20000000 ") + bytes(200_000_000)
        with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("x.npy", content)
    message = refusal(name, storage="memory")
    assert (
        "B of memory, 105 MB are free; rows of an NPY or Parquet file can stay on disk (data.storage: disk)"
        in message
    )


def archive_with(change=None, at=(), names=("x.npy", "y.npy")):
    """An archive of arrays, with bytes changed in the header of each file and in the list of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, npy("'<f8'", "(40, 3)" if "x" in name else "(40,)"))
    data = bytearray(content.getvalue())
    for signature, offset in zip((b"PK\3\4", b"PK\1\2"), at, strict=False):
        place = data.find(signature)
        while place >= 0:
            data[place + offset : place + offset + len(change)] = change
            place = data.find(signature, place + 4)
    return bytes(data)


@pytest.mark.parametrize(
    ("change", "at", "said"),
    [
        (b"\1\0", (6, 8), "x is encrypted; save the archive without a password"),
        (b"\x63\0", (8, 10), "x is damaged or cut short (That compression method is not supported)"),
        (b"\x0c\0", (8, 10), "x is damaged or cut short ("),
        (b"\x0e\0", (8, 10), "x is damaged or cut short ("),
        (b"\xfa\0", (4, 6), "is damaged or cut short (zip file version 25.0)"),
        (b"\x40\0", (6, 8), "x is damaged or cut short (strong encryption (flag bit 6))"),
        (b"\x20\0", (6, 8), "x is damaged or cut short (compressed patched data (flag bit 5))"),
        (b"\0\0\0\1", (14, 16), "x is damaged or cut short (Bad CRC-32 for file 'x.npy')"),
        (b"\0\0\0\x70", (99, 42), "x is damaged or cut short ("),
        (b"\xff\xff", (26, 28), ""),
    ],
)
def test_archives_that_no_writer_makes(change, at, said):
    Path("x.npz").write_bytes(archive_with(change, at))
    assert said in refusal("x.npz")
    Path("x.zip").write_bytes(archive_with(change, at, names=("x.npy",)))
    refusal("x.zip")


def test_bzip2_in_archives_is_unpacked_no_further_than_it_is_read():
    """Of 4 KB of it, Python would make gigabytes at once."""
    zeros = bytes(20 << 20)
    with zipfile.ZipFile("x.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy("'<f8'", "(40, 3)") + zeros)
        archive.writestr("y.npy", npy("'<f8'", "(40,)"))
    tracemalloc.start()
    assert (40, 4) == (read("x.npz").table.height, len(read("x.npz").table.columns))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(zeros) / 2


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_quote_at_the_end_at_which_polars_panics(capfd, monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    Path("x.csv").write_bytes(b'1\n\n"')
    refusal("x.csv")
    assert "" == capfd.readouterr().err


def test_a_carriage_return_in_a_header_of_two_lines():
    Path("x.csv").write_bytes(b'\v\t"\n"\xdb#"\r\'|\t"\n\n\n')
    assert refusal("x.csv").startswith("x.csv:")


def test_damaged_bzip2_in_archives():
    for name, content in (("x.npz", "x.npy"), ("x.zip", "x.csv")):
        with zipfile.ZipFile(name, "w", zipfile.ZIP_BZIP2) as archive:
            archive.writestr(content, npy("'<f8'", "(40, 3)") if name == "x.npz" else ROWS)
        data = bytearray(Path(name).read_bytes())
        data[80] ^= 255
        Path(name).write_bytes(data)
        refusal(name)


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow_that_does_not_fit_into_memory(little_memory, kind):
    frame = pl.DataFrame(
        {"a": pl.zeros(10_000_000, eager=True), "y": pl.repeat(None, 10_000_000, eager=True)}
    )
    write = {"file": pl.DataFrame.write_ipc, "stream": pl.DataFrame.write_ipc_stream}[kind]
    write(frame.select("y"), "x.arrow", compression="zstd")
    assert "x.arrow: reading 10,000,000 rows of 1 column takes 160 MB of memory, 105 MB are free" in refusal(
        "x.arrow"
    )
    write(frame.select("a").head(9_000_000).vstack(frame.select("a")), "x.arrow", compression="zstd")
    assert "x.arrow: unpacking 19,000,000 rows takes 152 MB of memory, 105 MB are free" in refusal("x.arrow")


def changed_batch(before, after):
    """The bytes of x.arrow with numbers of its only batch changed."""
    content = Path("x.arrow").read_bytes()
    footer, _ = read_footer(Path("x.arrow"))
    ((offset, metadata, _),) = footer.blocks(BATCHES)
    message = content[offset : offset + metadata]
    assert before in message
    return content[:offset] + message.replace(before, after) + content[offset + metadata :]


def test_arrow_whose_batches_are_no_batches():
    frame = pl.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) ** 2})
    frame.write_ipc("x.arrow", compression="lz4")
    footer, _ = read_footer(Path("x.arrow"))
    ((offset, metadata, body),) = footer.blocks(BATCHES)
    message = Path("x.arrow").read_bytes()[offset : offset + metadata]
    place = max(compressed_buffers(message))
    contents = [
        changed_batch(struct.pack("<qq", *place), struct.pack("<qq", place[0], body)),
        changed_batch(struct.pack("<qq", *place), struct.pack("<qq", -8, place[1])),
        changed_batch(struct.pack("<q", 40), struct.pack("<q", -40)),
    ]
    for content in contents:
        Path("x.arrow").write_bytes(content)
        assert "x.arrow: is damaged" == refusal("x.arrow")


def test_a_stream_of_arrow_without_its_last_mark():
    """Which says that it ends; a stream may also be closed."""
    frame = pl.DataFrame({"a": [1.0, 2.0], "y": ["p", "q"]})
    frame.write_ipc_stream("x.arrow")
    content = Path("x.arrow").read_bytes()
    assert content.endswith(b"\xff\xff\xff\xff\0\0\0\0")
    Path("x.arrow").write_bytes(content[:-8])
    assert frame.rows() == read("x.arrow").table.frame.rows()


def parquet_with(footer):
    return b"PAR1" + bytes(4) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def test_parquet_that_no_writer_makes():
    frame = pl.DataFrame({"a": np.arange(40.0), "y": ["p", "q"] * 20})
    frame.write_parquet("x.parquet", statistics=False)
    whole = Path("x.parquet").read_bytes()
    values = b"\x15\x50"  # in the header of each column's page: a number of 32 bits, 40
    assert 2 == whole.count(values)
    lists_in_lists = parquet_with(b"\x19" * 500 + b"\0")
    long_list = parquet_with(b"\x19\xf5\xff\xff\xff\x7f" + bytes(20))
    for content in (whole.replace(values, b"\x15\x7e"), lists_in_lists, long_list):
        Path("x.parquet").write_bytes(content)
        assert refusal("x.parquet").startswith("x.parquet: is not a Parquet file, or is damaged")


def test_an_array_in_front_of_an_archive():
    Path("x.npz").write_bytes(npy("'<f8'", "(40, 3)") + archive_with())
    assert "x.npz: is not an NPZ file" == refusal("x.npz")


def test_members_of_an_archive_that_are_no_arrays():
    with zipfile.ZipFile("x.npz", "w") as archive:
        archive.writestr("x", "hello")
        archive.writestr("y.npy", "world")
    assert "x.npz: x is damaged or cut short (it is no NPY file)" == refusal("x.npz")


@pytest.mark.parametrize(
    "shape",
    [
        (2**32 - 1,) * 3,
        (1000, 28, 28),
        (5, 28, 28),
        (10, 0, 28),
        (0, 28, 28),
        (2**32 - 1, 0, 2**32 - 1),
        (1,) * 5,
        (),
    ],
)
def test_idx_files_with_lying_sizes(shape):
    Path("m").mkdir()
    head = b"\0\0\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    Path("m/train-images-idx3-ubyte").write_bytes(head + bytes(7840))
    refusal("m")


def test_images_that_do_not_fit_into_memory(little_memory):
    Path("m").mkdir()
    with gzip.open("m/train-images-idx3-ubyte.gz", "wb", 1) as file:
        file.write(b"\0\0\x08\3" + struct.pack(">3I", 300_000, 28, 28) + bytes(1000))
        file.write(os.urandom(300_000))
    expected = "m/train-images-idx3-ubyte.gz: an array of shape (300000, 28, 28) takes 235 MB of memory, 105 MB are free"
    assert refusal("m").startswith(expected)


def zipped(rows):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", rows)
    return content.getvalue()


BOMBS = {
    "x.csv.gz": lambda rows: gzip.compress(rows, 1),
    "x.csv.bz2": lambda rows: bz2.compress(rows, 1),
    "x.zip": zipped,
    "x.jsonl.gz": lambda rows: gzip.compress(b'{"a": 1, "y": 2}\n' * 300_000, 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_more_than_memory_is_refused_on_the_way(little_memory, name):
    Path(name).write_bytes(BOMBS[name](b"1.5,2.5,p\n2.5,3.5,q\n" * 300_000))
    assert ": is too large for memory, of which 105 MB are free after " in refusal(name)


def test_a_line_without_end():
    with gzip.open("x.csv.gz", "wb", 1) as file:
        for _ in range(80):
            file.write(b"x" * 1_000_000)
    assert "x.csv.gz: is not a table: its first line has more than 64,000,000 bytes" == refusal("x.csv.gz")


@pytest.mark.parametrize(
    "text",
    [
        ROWS.replace(b"\n", b"\r\r\n"),
        ROWS.replace(b"\n", b"\r", 1),
        ROWS.replace(b"\n5,", b"\r5,").replace(b"\n", b"\r\n"),
        b"\r" + ROWS + b"\r",
        ROWS.replace(b"3,1,q", b'3,1,"q\r"'),
        ROWS.replace(b"3,1,q", b'3,1,"q\r\r\n"'),
    ],
)
def test_stray_carriage_returns_end_lines(text):
    Path("x.csv").write_bytes(text)
    table = read("x.csv").table
    assert (["a", "b", "y"], 40) == (table.columns, table.height)
    assert [i * 7 % 5 for i in range(40)] == table.column("b").to_list()


def test_a_carriage_return_in_the_middle_of_a_cell_is_named():
    Path("x.csv").write_bytes(ROWS.replace(b"3,1,q", b"3,1,q\rz"))
    assert "x.csv:6: 1 cell, but the first row has 3 (separator ',')" == refusal("x.csv")


@pytest.mark.parametrize("text", [b'"\\ud800"', b'["\\udc00"]', b"[" * 100_000, b"1" * 5000, b'"\\u0000'])
def test_json_that_python_cannot_hold(text):
    Path("x.jsonl").write_bytes(b'{"a": 1, "y": 1}\n{"a": ' + text + b', "y": 2}\n')
    assert "x.jsonl:2: is not JSON (" in refusal("x.jsonl")


@pytest.mark.parametrize(
    "content",
    [b"", *(gzip.compress(text, mtime=0) for text in (b"", b"\n  \n")), gzip.compress(b"x", mtime=0)[:10]],
)
@pytest.mark.parametrize("name", ["x.csv.gz", "x.jsonl.gz", "x.csv.zst"])
def test_empty_tables(name, content):
    Path(name).write_bytes(content)
    refusal(name)


def test_a_named_pipe_that_nobody_writes_to(monkeypatch):
    monkeypatch.setattr(streams, "WAITING_SECONDS", 0.2)
    os.mkfifo("p")
    with pytest.raises(DataError, match=r"^p: is a named pipe that nobody writes to$"):
        can_be_read_again("p")


def test_a_named_pipe_whose_writer_takes_its_time(monkeypatch):
    monkeypatch.setattr(streams, "WAITING_SECONDS", 5)
    os.mkfifo("p")

    def write():
        with open("p", "wb") as pipe:
            time.sleep(0.2)
            pipe.write(ROWS[:100])
            pipe.flush()
            time.sleep(0.1)
            pipe.write(ROWS[100:])

    writer = threading.Thread(target=write)
    writer.start()
    assert 40 == read(can_be_read_again("p")).table.height
    writer.join()


def test_devices_and_sockets_are_no_rows():
    with pytest.raises(DataError, match=r"^/dev/zero: is a device, expected a file or a pipe$"):
        can_be_read_again("/dev/zero")
    Path("m").mkdir()
    os.mkfifo("m/train-images-idx3-ubyte")
    assert "m/train-images-idx3-ubyte: is a named pipe, expected a file" == refusal("m")


def test_a_stream_without_end_stops_before_the_disk_is_full(monkeypatch, tmp_path):
    free = iter([1000, 999, 998, 10])  # million bytes
    monkeypatch.setattr(
        "shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 0, next(free) * 10**6)
    )
    with open("/dev/zero", "rb") as zeros:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(zeros))
        with pytest.raises(DataError, match=r"takes more than 3\.1 MB, and .* has 10\.0 MB"):
            can_be_read_again("-")


def test_zeros_behind_what_gzip_has_compressed():
    packed = gzip.compress(ROWS[:100], 1) + bytes(10) + gzip.compress(ROWS[100:], 1)
    Path("x.csv.gz").write_bytes(packed + bytes(3_000_000))
    assert 40 == read("x.csv.gz").table.height
    os.truncate("x.csv.gz", 3 << 30)
    assert "x.csv.gz: is damaged or cut short (more than 16,777,216 zeros follow its content)" == refusal(
        "x.csv.gz"
    )
    Path("x.csv.gz").write_bytes(packed + b"more")
    assert "x.csv.gz: is damaged or cut short (" in refusal("x.csv.gz")
    Path("x.csv.gz").write_bytes(packed[:-3])
    assert "x.csv.gz: is damaged or cut short (" in refusal("x.csv.gz")


def test_labels_are_counted_before_they_are_read(monkeypatch):
    Path("m").mkdir()
    Path("m/train-images-idx3-ubyte").write_bytes(b"\0\0\x08\3" + struct.pack(">3I", 5, 2, 2) + bytes(20))
    Path("m/train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1" + struct.pack(">I", 3 << 30))
    os.truncate("m/train-labels-idx1-ubyte", 8 + (3 << 30))
    expected = "m/train-images-idx3-ubyte: 5 images, but 3221225472 labels in m/train-labels-idx1-ubyte"
    assert expected == refusal("m")


def test_a_cell_of_thousands_of_characters_is_shortened_in_a_message():
    Path("x.csv").write_bytes(ROWS + b"w" * 5000 + b",1,p\n")
    with pytest.raises(DataError, match=r'^x\.csv:42: column "a": "w{57}\.\.\." is not a number; ') as caught:
        prepare(DataSettings(source="x.csv", target="y"), seed=0, dtype="float32")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "t.parquet"])
def test_equal_rows_that_do_not_fit_into_memory(little_memory, name):
    frame = pl.DataFrame({"a": np.zeros(4_000_000), "y": np.zeros(4_000_000, np.int64)})
    if name == "t.parquet":
        frame = pl.DataFrame({"a": ["same"], "y": ["p"]}).select(pl.all().repeat_by(8_000_000).explode())
    frame.write_ipc(name, compression="zstd") if name == "x.arrow" else frame.write_parquet(name)
    rows = "8,000,000" if name == "t.parquet" else "4,000,000"
    size = "256 MB" if name == "t.parquet" else "128 MB"
    assert (
        f"{name}: reading {rows} rows of 2 columns takes {size} of memory, 105 MB are free; rows"
        in refusal(name, storage="memory")
    )
