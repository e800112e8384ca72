"""Compressed zeros: small files that are gigabytes, made without making the gigabytes."""

import zlib
from functools import lru_cache

BLOCK = 1 << 20


@lru_cache(maxsize=1)
def block() -> bytes:
    """A megabyte of zeros, deflated so that it can be repeated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(bytes(BLOCK)) + deflate.flush(zlib.Z_FULL_FLUSH)


def deflated(start: bytes, megabytes: int) -> bytes:
    """Some bytes and so many megabytes of zeros as raw deflate."""
    first = zlib.compressobj(9, zlib.DEFLATED, -15)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    return first.compress(start) + first.flush(zlib.Z_FULL_FLUSH) + block() * megabytes + last.flush()


@lru_cache(maxsize=8)
def checksum(start: bytes, megabytes: int) -> int:
    """CRC-32 of what `deflated` holds."""
    crc, zeros = zlib.crc32(start), bytes(BLOCK)
    for _ in range(megabytes):
        crc = zlib.crc32(zeros, crc)
    return crc


def gzipped(start: bytes, megabytes: int) -> bytes:
    """A gzip file of it, whose last field is its size modulo 2^32."""
    size = (len(start) + megabytes * BLOCK) & 0xFFFFFFFF
    end = checksum(start, megabytes).to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + deflated(start, megabytes) + end
