"""The threads of the BLAS, which a whole process shares: set for our products, and given back to others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from threadpoolctl import LibController


class _BlasThreads:
    """How many threads each BLAS had before we set it, and how many still need what we set."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._libraries: list[LibController] = []
        self._ours: int | None = None
        self._theirs: dict[str, int] = {}  # by file
        self._borrowers = 0

    def set(self, threads: int) -> None:
        """Use so many in all that follows."""
        with self._lock:
            self._use(threads)

    def allowed(self) -> int | None:
        """How many others have left or set, the least of all libraries; None where that is not known."""
        with self._lock:
            self._look()
            return min(self._theirs.values(), default=None)

    def files(self) -> list[str]:
        """The files of the libraries."""
        with self._lock:
            self._look()
            return [library.filepath for library in self._libraries]

    @contextmanager
    def borrowed(self, threads: int | None = None) -> Iterator[None]:
        """Use so many, and give back what others had set when the last such context of all threads ends."""
        with self._lock:
            self._borrowers += 1
            self._look()
            if threads is not None:
                self._use(threads)
        try:
            yield
        finally:
            with self._lock:
                self._borrowers -= 1
                if not self._borrowers:
                    self._give_back()

    def _use(self, threads: int) -> None:
        self._look()
        for library in self._libraries:
            set_from_any_thread(library, threads)
        self._ours = threads

    def _look(self) -> None:
        """Note what others have set: whatever is not what we set last."""
        if not self._libraries:  # finding them takes longer than all else that opens a backend
            self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        for library in self._libraries:
            present: int | None = library.num_threads
            if present is not None and (present != self._ours or library.filepath not in self._theirs):
                self._theirs[library.filepath] = present

    def _give_back(self) -> None:
        self._ours = None
        for library in self._libraries:
            if library.filepath in self._theirs:
                set_from_any_thread(library, self._theirs[library.filepath])


def set_from_any_thread(library: "LibController", threads: int) -> None:
    """Set the threads of a BLAS, which newer versions of threadpoolctl leave to one thread alone."""
    release = getattr(library, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)
    library.set_num_threads(threads)
    if release is not None:
        release(force=True)


_BLAS = _BlasThreads()
set_blas_threads = _BLAS.set
allowed_blas_threads = _BLAS.allowed
blas_files = _BLAS.files
borrowed_blas_threads = _BLAS.borrowed
