"""CUDA source, compiled for the host."""

from typing import Any


class RawModule:
    """What CuPy compiles with NVRTC."""

    def __init__(self, *, code: str, options: tuple[str, ...] = (), **_: Any) -> None:
        raise NotImplementedError("no host compiler for CUDA sources yet")
