"""NPZ files: directories of archives that lie, members that are no arrays, bombs."""

import io
import struct
import zipfile
from random import Random

import numpy as np

from fuzzing.formats import bombs
from fuzzing.formats.npy import HEADERS, SHAPES, TYPES, described, saved, with_header
from fuzzing.mutation import mutation

KIND = "npz"
Members = dict[str, bytes]


def members(data: bytes) -> Members:
    """The files in an archive; none of one that cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        return {}


def archive(files: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive with these files, whose times are always the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


@mutation(KIND)
def the_directory_lies(data: bytes, draw: Random) -> bytes:
    """A field of the directory at the end, or of the header of a member, has another value."""
    signature, fields = draw.choice(
        [
            (
                b"PK\1\2",
                {
                    4: "H",
                    6: "H",
                    8: "H",
                    10: "H",
                    16: "I",
                    20: "I",
                    24: "I",
                    28: "H",
                    30: "H",
                    32: "H",
                    42: "I",
                },
            ),
            (b"PK\3\4", {4: "H", 6: "H", 8: "H", 14: "I", 18: "I", 22: "I", 26: "H", 28: "H"}),
            (b"PK\5\6", {4: "H", 6: "H", 8: "H", 10: "H", 12: "I", 16: "I", 20: "H"}),
        ]
    )
    at = data.find(signature)
    if at < 0:
        return data
    offset = draw.choice(list(fields))
    size = struct.calcsize(fields[offset])
    value = draw.choice([0, 1, 8, 9, 12, 14, 63, 93, 99, 0x7FFF, 256**size - 1, draw.randrange(256**size)])
    return data[: at + offset] + value.to_bytes(size, "little") + data[at + offset + size :]


@mutation(KIND)
def members_have_other_names(data: bytes, draw: Random) -> bytes:
    """Names that lead out of the folder, are empty, alike, folders, or other keys."""
    files = members(data)
    names = [
        "../../evil.npy",
        "/etc/x.npy",
        "",
        "x",
        "y",
        "x.npy",
        "z.npy",
        "x.npy/",
        "x.npy\0.txt",
        "é.npy",
        "\x1b[2J.npy",
        "a" * 60000,
    ]
    return archive({draw.choice([name, draw.choice(names)]): content for name, content in files.items()})


@mutation(KIND)
def members_are_exchanged(data: bytes, draw: Random) -> bytes:
    """Inputs are targets and targets inputs, one is missing, or there are more."""
    files = members(data)
    if not files:
        return data
    names, contents = list(files), list(files.values())
    mixed = dict(zip(names, contents[::-1], strict=True))
    more = {
        **files,
        draw.choice(["x_test.npy", "notes.txt", "w.npy", "y_test.npy"]): draw.choice(
            [*contents, b"text", b""]
        ),
    }
    return archive(draw.choice([mixed, more, {names[0]: contents[0]}, {}, dict.fromkeys(names, contents[0])]))


@mutation(KIND)
def a_member_is_there_twice(data: bytes, draw: Random) -> bytes:
    """Two members of one name, of which readers take either."""
    files = members(data)
    out = io.BytesIO(archive(files))
    with zipfile.ZipFile(out, "a") as zipped:
        for name, content in list(files.items())[:1]:
            zipped.fp.seek(0, 2)  # type: ignore[union-attr]
            zipped.NameToInfo.clear()  # which would warn
            zipped.writestr(zipfile.ZipInfo(name), content[:-8] + bytes(8))
    return out.getvalue()


@mutation(KIND)
def an_array_lies(data: bytes, draw: Random) -> bytes:
    """The header of a member has another type or shape, or is none."""
    files = members(data)
    if not files:
        return data
    name = draw.choice(list(files))
    try:
        changed = [
            described(files[name], descr=draw.choice(TYPES)),
            described(files[name], shape=draw.choice(SHAPES)),
            with_header(draw.choice(HEADERS), b""),
        ]
    except ValueError:
        return data
    return archive({**files, name: draw.choice(changed)})


@mutation(KIND)
def is_a_bomb(data: bytes, draw: Random) -> bytes:
    """An array of zeros of some gigabytes."""
    rows, megabytes = draw.choice([(40, 600), (1 << 17, 1024), (1 << 21, 2048), (3, 1500)])
    columns = megabytes * bombs.BLOCK // 8 // rows
    start = with_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}", b"")
    packed, crc = bombs.deflated(start, megabytes), bombs.checksum(start, megabytes)
    size = len(start) + megabytes * bombs.BLOCK
    name = draw.choice([b"x.npy", b"y.npy", b"z.npy"])
    fields = struct.pack("<HHHHIIIHH", 0, 8, 0, 33, crc, len(packed), size, len(name), 0)
    local = b"PK\3\4" + struct.pack("<H", 20) + fields + name
    central = b"PK\1\2" + struct.pack("<HH", 20, 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


@mutation(KIND)
def has_another_method(data: bytes, draw: Random) -> bytes:
    """Compressed by bzip2 or LZMA, which NumPy writes never."""
    return archive(members(data), draw.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))


@mutation(KIND)
def the_values_are_another(data: bytes, draw: Random) -> bytes:
    """Arrays with more axes, of text, of truth, empty, or with numbers that are not finite."""
    rows = 40
    arrays = {"x": np.arange(120.0).reshape(rows, 3), "y": np.arange(rows) % 2}
    others = [
        np.zeros(0),
        np.zeros((rows, 0)),
        np.zeros((rows, 2, 2)),
        np.zeros((rows, 2, 2, 2)),
        np.array(["a"] * rows),
        np.ones(rows, bool),
        np.full(rows, np.nan),
        np.arange(rows) * 1j,
        np.float64(3),
        np.zeros(rows - 1),
        np.ones((2, rows)),
        np.array([b"a"] * rows),
        np.arange(rows).astype("M8[D]"),
        np.zeros(rows, "i4,f4"),
        np.full(rows, 1e300),
    ]
    arrays[draw.choice(["x", "y", "z"])] = draw.choice(others)
    return archive({f"{name}.npy": saved(array) for name, array in arrays.items()})


@mutation(KIND, keeps=True)
def is_compressed(data: bytes, draw: Random) -> bytes:
    """Deflated members, in another order."""
    return archive(dict(draw.sample(list(members(data).items()), 2)), zipfile.ZIP_DEFLATED)


@mutation(KIND, keeps=True)
def has_a_comment(data: bytes, draw: Random) -> bytes:
    """A comment behind the directory."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as zipped:
        zipped.comment = b"a comment"
    return out.getvalue()
