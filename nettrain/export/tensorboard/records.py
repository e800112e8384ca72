"""The records of a TFRecord file, each with checksums of its length and of its data."""

import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli's, with the lowest bit first
MASK = 0xA282EAD8  # so that the checksum of data which holds checksums is no special one
MANY = 64  # blocks for which arrays are faster


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


REMAINDERS = tuple(_remainder(byte) for byte in range(256))


def crc32c(data: bytes, crc: int = 0xFFFF_FFFF) -> int:
    """The cyclic redundancy check CRC-32C (RFC 3720, appendix B.4); `crc` is the register before the data."""
    remainders = REMAINDERS
    for byte in data:
        crc = crc >> 8 ^ remainders[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF_FFFF


def masked(crc: int) -> int:
    """A checksum as records have it: rotated by 15 bits, plus a constant, modulo 2³²."""
    return (crc >> 15 | crc << 17) + MASK & 0xFFFF_FFFF


def records(blocks: Sequence[bytes]) -> list[bytes]:
    """Blocks of data as records: length (uint64), the checksum of this, the data, and theirs."""
    checks = crc32c_of_each(blocks) if len(blocks) >= MANY else [crc32c(block) for block in blocks]
    return [
        _head(len(block)) + block + struct.pack("<I", masked(check))
        for block, check in zip(blocks, checks, strict=True)
    ]


@lru_cache(maxsize=4096)
def _head(length: int) -> bytes:
    content = struct.pack("<Q", length)
    return content + struct.pack("<I", masked(crc32c(content)))


def crc32c_of_each(blocks: Sequence[bytes]) -> list[int]:
    """The CRC-32C of many blocks, byte by byte of all that are so long at once."""
    order = sorted(range(len(blocks)), key=lambda k: -len(blocks[k]))
    lengths = np.array([len(blocks[k]) for k in order])
    columns = np.zeros(
        (lengths[MANY // 2], len(blocks)), np.uint8
    )  # of few blocks the rest follows one by one
    for place, k in enumerate(order):
        head = blocks[k][: len(columns)]
        columns[: len(head), place] = np.frombuffer(head, np.uint8)
    crc, table = np.full(len(blocks), 0xFFFF_FFFF, np.uint32), np.array(REMAINDERS, np.uint32)
    longer = np.searchsorted(-lengths, -np.arange(len(columns)), side="left")  # how many have a byte here
    for count, column in zip(longer.tolist(), columns, strict=True):
        some = crc[:count]
        some[:] = table[(some ^ column[:count]) & 0xFF] ^ (some >> 8)
    found = [0] * len(blocks)
    for place, k in enumerate(order):
        found[k] = crc32c(blocks[k][len(columns) :], int(crc[place]))
    return found
