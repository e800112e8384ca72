"""Files compressed by gzip: layers, headers, checksums, members and bombs; and what is inside."""

import gzip
import io
import zlib
from random import Random

from fuzzing.formats import bombs
from fuzzing.mutation import LARGEST, mutation

KIND = "gzip"


def unpacked(data: bytes) -> bytes:
    """What is inside, of a bomb its beginning; what cannot be read is nothing."""
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            return stream.read(LARGEST)
    except (OSError, EOFError, zlib.error):
        return b""


@mutation(KIND)
def is_a_bomb(data: bytes, draw: Random) -> bytes:
    """Gigabytes of zeros behind the content."""
    return bombs.gzipped(unpacked(data), draw.choice([300, 1500]))


@mutation(KIND)
def has_other_layers(data: bytes, draw: Random) -> bytes:
    """Not compressed although it says so, or several times."""
    twice = gzip.compress(data, mtime=0)
    return draw.choice([unpacked(data), twice, gzip.compress(twice, mtime=0), gzip.compress(b"", mtime=0)])


@mutation(KIND)
def the_header_lies(data: bytes, draw: Random) -> bytes:
    """Flags without what they announce, other methods."""
    at = draw.choice([2, 3, 3, 8, 9])
    return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]


@mutation(KIND)
def the_end_lies(data: bytes, draw: Random) -> bytes:
    """A wrong checksum or size, or neither."""
    return draw.choice(
        [data[:-8] + draw.randbytes(8), data[:-8], data[:-4], data + b"junk", data[:-4] + b"\xff" * 4]
    )


@mutation(KIND, keeps=True)
def has_several_members(data: bytes, draw: Random) -> bytes:
    """The content in two pieces, each compressed by itself, with zeros behind them."""
    content = unpacked(data)
    at = draw.randrange(len(content) + 1)
    return (
        gzip.compress(content[:at], mtime=0)
        + gzip.compress(content[at:], mtime=0)
        + bytes(draw.choice([0, 512]))
    )


@mutation(KIND, keeps=True)
def is_compressed_otherwise(data: bytes, draw: Random) -> bytes:
    """Another level, with a name and a time."""
    whole = gzip.compress(unpacked(data), draw.choice([0, 1, 9]), mtime=draw.choice([0, 2**31]))
    return whole[:3] + b"\x08" + whole[4:10] + b"name.csv\0" + whole[10:]
