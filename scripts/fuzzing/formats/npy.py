"""NPY files: headers that lie about types, shapes and orders, and headers that are no header."""

import io
import struct
from random import Random

import numpy as np

from fuzzing.mutation import mutation

KIND = "npy"
TYPES = (
    *(
        "'|O'",
        "'<U10'",
        "'|S5'",
        "'<M8[ns]'",
        "'<m8'",
        "'<M8[s]'",
        "'>f8'",
        "'<f2'",
        "'<f4'",
        "'<c16'",
        "'<g'",
        "'|b1'",
        "'|V8'",
    ),
    *(
        "'<i1'",
        "'<u8'",
        "'<f8'",
        "'<f16'",
        "'<f3'",
        "'float64'",
        "'O'",
        "'x'",
        "''",
        "'<U0'",
        "'|V0'",
        "'<U1000000000'",
        "None",
    ),
    *(
        "3",
        "[]",
        "[('a', '<f8')]",
        "[('a', '<f4'), ('b', '<f4')]",
        "[('a', '|O')]",
        "('<f8', (2,))",
        "{}",
        "'(1000000000,)f8'",
    ),
    *("'<f8,<i4'", "b'<f8'", "'\\x00'", "True", "'|S9223372036854775807'", "'T'"),
)
SHAPES = (
    *(
        "()",
        "(0,)",
        "(0, 5)",
        "(40,)",
        "(40, 0)",
        "(-1,)",
        "(-40, 5)",
        "(40, -5)",
        "(1000000000, 1000)",
        "(9223372036854775807,)",
    ),
    *(
        "(9223372036854775808, 5)",
        "(4294967296, 4294967296)",
        "(2.0, 3)",
        "('a',)",
        "(None,)",
        "[40, 5]",
        "40",
        "None",
        "{}",
    ),
    *(
        "(True, 5)",
        "(40, 5, 1)",
        "(5, 40)",
        "(20, 10)",
        "(1, 1, 1, 200)",
        "(40, 6)",
        "(39, 5)",
        "(" + "1, " * 100 + ")",
        "(10**9,)",
    ),
)
HEADERS = (
    *(
        "",
        "{",
        "}",
        "[]",
        "None",
        "{}",
        "1",
        "'x'",
        "__import__('os').system('touch executed')",
        "{'descr': '<f8'}",
        "\0" * 20,
    ),
    *(
        "(" * 300,
        "[" * 5000 + "]" * 5000,
        "-" * 9000 + "1",
        "1+1j",
        "{**{}}",
        "{'a': 1, 'a': 1}",
        "lambda: 0",
        "f''",
        "é",
        "{'descr'",
    ),
    *(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (40, 5), }  # x",
        "x" * 70_000,
        '{\'descr\': """',
        "b'\\xff'",
        "9" * 5000,
    ),
)


def parts(data: bytes) -> tuple[str, bytes]:
    """The header and the values of a file."""
    length = (
        int.from_bytes(data[8:10], "little") if data[6:7] == b"\1" else int.from_bytes(data[8:12], "little")
    )
    at = 10 if data[6:7] == b"\1" else 12
    return data[at : at + length].decode("latin-1"), data[at + length :]


def with_header(header: str, values: bytes, version: int = 1) -> bytes:
    """A file with this header, padded as NumPy does."""
    text = header.encode("utf-8")
    size = 10 if version == 1 else 12
    text += b" " * (-(size + len(text) + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", min(len(text), 65535 if version == 1 else 2**32 - 1))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + values


def described(
    data: bytes, descr: str | None = None, order: str | None = None, shape: str | None = None
) -> bytes:
    """The file with another type, order or shape in its header."""
    array = np.load(io.BytesIO(data))
    header = (
        f"{{'descr': {descr or repr(array.dtype.str)}, 'fortran_order': {order or 'False'}, "
        f"'shape': {shape or array.shape}, }}"
    )
    return with_header(header, parts(data)[1])


def _readable(data: bytes) -> bool:
    try:
        np.load(io.BytesIO(data))
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, MemoryError, OverflowError):
        return False
    return data[:6] == b"\x93NUMPY"


@mutation(KIND)
def the_type_is_another(data: bytes, draw: Random) -> bytes:
    """Types that NumPy knows and nettrain does not, and such that nobody knows."""
    return described(data, descr=draw.choice(TYPES)) if _readable(data) else data


@mutation(KIND)
def the_shape_is_another(data: bytes, draw: Random) -> bytes:
    """Shapes with more or fewer numbers than there are, or that are none."""
    return described(data, shape=draw.choice(SHAPES)) if _readable(data) else data


@mutation(KIND)
def the_order_is_another(data: bytes, draw: Random) -> bytes:
    """Columns first, which is another table; or no order at all."""
    return described(data, order=draw.choice(["True", "None", "2", "'x'", "[]"])) if _readable(data) else data


@mutation(KIND)
def the_header_is_none(data: bytes, draw: Random) -> bytes:
    """Expressions, brackets, and keys that are missing."""
    return with_header(draw.choice(HEADERS), parts(data)[1], draw.choice([1, 1, 2, 3]))


@mutation(KIND)
def the_version_is_another(data: bytes, draw: Random) -> bytes:
    """Versions that do not exist."""
    return data[:6] + draw.choice([b"\0\0", b"\2\0", b"\3\0", b"\4\0", b"\xff\xff", b"\1\1"]) + data[8:]


@mutation(KIND)
def the_length_of_the_header_lies(data: bytes, draw: Random) -> bytes:
    """Longer than the file, or too short."""
    return data[:8] + struct.pack("<H", draw.choice([0, 1, 10, 117, 119, 4096, 65535])) + data[10:]


@mutation(KIND)
def the_values_are_another(data: bytes, draw: Random) -> bytes:
    """Numbers that are not finite, or larger than float32 holds."""
    if not _readable(data):
        return data
    array = np.array(np.load(io.BytesIO(data)))
    if array.dtype.kind == "f" and array.size:
        array.flat[draw.randrange(array.size)] = draw.choice([np.nan, np.inf, -np.inf, 1e300, 1e-320, -0.0])
    return saved(array)


def saved(array: np.ndarray) -> bytes:
    """The array as NumPy writes it."""
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@mutation(KIND, keeps=True)
def is_written_by_columns(data: bytes, draw: Random) -> bytes:
    """The same table in Fortran's order."""
    return saved(np.asfortranarray(np.load(io.BytesIO(data))))


@mutation(KIND, keeps=True)
def has_the_bytes_in_another_order(data: bytes, draw: Random) -> bytes:
    """The same numbers, big-endian."""
    array = np.load(io.BytesIO(data))
    return saved(array.astype(array.dtype.newbyteorder(">")))


@mutation(KIND, keeps=True)
def has_a_later_version(data: bytes, draw: Random) -> bytes:
    """Version 2 or 3 of the format."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.load(io.BytesIO(data)), version=draw.choice([(2, 0), (3, 0)]))
    return out.getvalue()


@mutation(KIND, keeps=True)
def the_header_is_spelled_otherwise(data: bytes, draw: Random) -> bytes:
    """Other blanks and quotes, and keys in another order."""
    array = np.load(io.BytesIO(data))
    header = f'{{"shape":{array.shape},  "fortran_order": False,"descr":"{array.dtype.str}"}}'
    return with_header(header, array.tobytes())
