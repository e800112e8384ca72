"""Digests by which a run or a sweep that goes on knows what it wrote: BLAKE2b, 16 bytes, as hex digits."""

import hashlib
import json
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.backend.scratch_file import row_blocks

SIZE = 16  # bytes


class RunningHash(Protocol):
    """A digest of bytes that are still being added."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def running_hash() -> RunningHash:
    """The digest of no bytes yet."""
    return blake2b(digest_size=SIZE)


def bytes_digest(content: bytes | memoryview) -> str:
    """The digest of a whole text, file or array."""
    return blake2b(content, digest_size=SIZE).hexdigest()


def file_digest(path: Path) -> str:
    """The digest of a file, which need not fit into memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: blake2b(digest_size=SIZE)).hexdigest()


def content_digest(content: object) -> str:
    """The digest of plain data, whatever the order of its keys."""
    return bytes_digest(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())


def array_digest(array: HostArray) -> str:
    """The digest of an array's type, shape and numbers, which may lie in a file."""
    found = blake2b(f"{array.dtype}{array.shape}".encode(), digest_size=SIZE)
    for block in row_blocks(array) if array.size else ():
        found.update(np.ascontiguousarray(block).data.cast("B"))
    return found.hexdigest()
