"""Changes of any file, whatever is in it: bytes, lines, and what else can be at a path."""

import os
import shutil
from pathlib import Path
from random import Random

from fuzzing.mutation import mutation, path_mutation

KIND = "any file"
SPARSE = 3_000_000_000  # bytes of a file that takes no room on the disk


@mutation(KIND)
def cut_short(data: bytes, draw: Random) -> bytes:
    """All bytes from somewhere on are missing."""
    return data[: draw.choice([0, 1, 4, 8, len(data) - 1, draw.randrange(len(data) + 1)])]


@mutation(KIND)
def begins_later(data: bytes, draw: Random) -> bytes:
    """The first bytes are missing."""
    return data[draw.choice([1, 2, 8, draw.randrange(len(data) + 1)]) :]


@mutation(KIND)
def bits_are_turned(data: bytes, draw: Random) -> bytes:
    """One bit or a few."""
    turned = bytearray(data)
    for _ in range(draw.choice([1, 1, 1, 3, 20])):
        if turned:
            turned[draw.randrange(len(turned))] ^= 1 << draw.randrange(8)
    return bytes(turned)


@mutation(KIND)
def a_stretch_is_overwritten(data: bytes, draw: Random) -> bytes:
    """Zeros, ones or noise."""
    at, count = draw.randrange(len(data) + 1), draw.choice([1, 4, 8, 64, 512])
    filling = draw.choice([bytes(count), b"\xff" * count, draw.randbytes(count), b"\n" * count])
    return data[:at] + filling + data[at + count :]


@mutation(KIND)
def bytes_are_inserted(data: bytes, draw: Random) -> bytes:
    """A byte order mark, NUL, quotes, carriage returns, or other text somewhere."""
    at = draw.choice([0, len(data), draw.randrange(len(data) + 1)])
    some = [
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b"\0" * 100,
        b'"',
        b"\r",
        b"\r\n",
        b"\xed\xa0\x80",
        b"\x1a",
        b"\x1b[2J",
    ]
    return data[:at] + draw.choice(some) + data[at:]


@mutation(KIND)
def is_there_twice(data: bytes, draw: Random) -> bytes:
    """The file after itself, or after its first half."""
    return draw.choice([data, data[: len(data) // 2]]) + data


@mutation(KIND)
def a_stretch_is_repeated(data: bytes, draw: Random) -> bytes:
    """A piece of the file, many times."""
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[at : at + draw.choice([1, 16, 200])] * draw.choice([2, 10, 5000]) + data[at:]


@mutation(KIND)
def lines_change_places(data: bytes, draw: Random) -> bytes:
    """Two lines are exchanged."""
    lines = data.split(b"\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


@mutation(KIND)
def a_line_is_missing(data: bytes, draw: Random) -> bytes:
    """One line goes away."""
    lines = data.split(b"\n")
    del lines[draw.randrange(len(lines))]
    return b"\n".join(lines)


@mutation(KIND)
def a_line_is_there_twice(data: bytes, draw: Random) -> bytes:
    """One line is doubled."""
    lines = data.split(b"\n")
    at = draw.randrange(len(lines))
    return b"\n".join([*lines[: at + 1], *lines[at:]])


@mutation(KIND)
def is_empty(data: bytes, draw: Random) -> bytes:
    """Nothing, or nothing but blanks."""
    return draw.choice([b"", b"\n", b" ", b"\n" * 1000, b"\0" * 1000])


@mutation(KIND)
def is_noise(data: bytes, draw: Random) -> bytes:
    """As many bytes that mean nothing."""
    return draw.randbytes(max(1, len(data)))


@path_mutation(KIND)
def is_missing(path: Path, draw: Random) -> None:
    """No file is there."""
    remove(path)


@path_mutation(KIND)
def is_a_folder(path: Path, draw: Random) -> None:
    """A folder of that name."""
    remove(path)
    path.mkdir()


@path_mutation(KIND)
def is_a_pipe(path: Path, draw: Random) -> None:
    """A pipe to which nobody writes."""
    remove(path)
    os.mkfifo(path)


@path_mutation(KIND)
def is_a_link(path: Path, draw: Random) -> None:
    """A link to nothing, to itself, to a folder or to a device without end."""
    remove(path)
    path.symlink_to(
        draw.choice(["nowhere", path.name, ".", "/dev/zero", "/dev/null", "/proc/self/mem", "/dev/tty"])
    )


@path_mutation(KIND)
def is_huge_but_empty(path: Path, draw: Random) -> None:
    """Zeros without end behind the content, which take no room on the disk."""
    if path.is_file():
        os.truncate(path, SPARSE)


def remove(path: Path) -> None:
    """Remove whatever is at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
