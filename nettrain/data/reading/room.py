"""Whether what is read fits into memory, asked before it is taken: by what a file says or has brought."""

from nettrain.backend.device import format_bytes
from nettrain.backend.host_memory import obtainable_memory
from nettrain.errors import DataError

ON_DISK = "rows of an NPY or Parquet file can stay on disk (data.storage: disk)"
IN_PARQUET = "saved as Parquet, its numbers can stay on disk (data.storage: disk)"
CHECKED_BYTES = 64 << 20  # between two looks at the memory that is left
LEFT_FREE = 256 << 20  # bytes for all else, and for the system


def refuse_without_room(size: int, what: str, hint: str = ON_DISK) -> None:
    """Raise DataError, which begins with `what` takes so many bytes, when there is no such memory."""
    if size > CHECKED_BYTES and size > (there := obtainable_memory()):
        raise DataError(
            f"{what} takes {format_bytes(size)} of memory, {format_bytes(there)} are free; {hint}"
        )


class RoomWatch:
    """Looks at the memory that is left while a file is read of which nobody knows how much is in it."""

    def __init__(self, origin: str, hint: str = ON_DISK) -> None:
        self._origin, self._hint = origin, hint
        self._read = self._since = self._later = 0

    def add(self, size: int, later: int = 0) -> None:
        """So many more bytes have been unpacked, of which something is made that takes `later` bytes.

        Raises DataError when there is no memory left for that.
        """
        self._read += size
        self._later += later
        self._since += size
        if self._since < CHECKED_BYTES:
            return
        self._since = 0
        there = obtainable_memory()
        if there < LEFT_FREE + self._later:
            raise DataError(
                f"{self._origin}: is too large for memory, of which {format_bytes(there)} are free after "
                f"{format_bytes(self._read)} of its text; {self._hint}"
            )
