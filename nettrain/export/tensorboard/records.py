"""The records of a TFRecord file, each with checksums of its length and of its data."""

import struct

POLYNOMIAL = 0x82F63B78  # Castagnoli's, with the lowest bit first
MASK = 0xA282EAD8  # so that the checksum of data which holds checksums is no special one


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


REMAINDERS = tuple(_remainder(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The cyclic redundancy check CRC-32C (RFC 3720, appendix B.4)."""
    crc, remainders = 0xFFFF_FFFF, REMAINDERS
    for byte in data:
        crc = crc >> 8 ^ remainders[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF_FFFF


def masked_crc(data: bytes) -> int:
    """The checksum as records have it: rotated by 15 bits, plus a constant, modulo 2³²."""
    crc = crc32c(data)
    return (crc >> 15 | crc << 17) + MASK & 0xFFFF_FFFF


def record(data: bytes) -> bytes:
    """Data as one record: its length (uint64), the checksum of this, the data, and theirs."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))
