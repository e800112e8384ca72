"""The arguments of a kernel as words, in the order in which Numba's machine code takes them.

A whole number is a word. An array of d axes is 5 + 2·d words: its memory's owner and its Python object, both
0 here, since the caller keeps the array alive; the number of elements, the bytes of one, and the address of
the first; then its shape, and its strides in bytes.
"""

from collections.abc import Iterable

import numpy as np


def argument_words(arguments: Iterable[object]) -> list[int]:
    """The words of arrays and whole numbers. Raises a TypeError for anything else."""
    return [word for argument in arguments for word in _words(argument)]


def _words(argument: object) -> list[int]:
    if isinstance(argument, np.ndarray):
        counts = [0, 0, argument.size, argument.itemsize, argument.ctypes.data]
        return [*counts, *argument.shape, *argument.strides]
    if type(argument) is int:
        return [argument]
    raise TypeError(f"a kernel takes arrays and whole numbers, not {type(argument).__name__}")
