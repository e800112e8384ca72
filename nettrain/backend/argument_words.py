"""The arguments of a kernel as words, in the order in which Numba's machine code takes them.

A whole number is a word. An array of d axes is 5 + 2·d words: its memory's owner and its Python object, both
0 here, since the caller keeps the array alive; the number of elements, the bytes of one, and the address of
the first; then its shape, and its strides in bytes. In front of all arguments are two addresses for what
machine code leaves behind.
"""

from collections.abc import Iterable

import numpy as np

RESULTS = np.zeros(2, np.int64)  # where kernels might leave a result and an exception; they have neither


def call_words(arguments: Iterable[object]) -> list[int]:
    """All words of a call with these arguments. Raises a TypeError as `argument_words` does."""
    return [*(RESULTS.ctypes.data + 8 * k for k in range(2)), *argument_words(arguments)]


def argument_words(arguments: Iterable[object]) -> list[int]:
    """The words of arrays and whole numbers. Raises a TypeError for anything else."""
    return [word for argument in arguments for word in _words(argument)]


def _words(argument: object) -> list[int]:
    if isinstance(argument, np.ndarray):
        counts = [0, 0, argument.size, argument.itemsize, argument.ctypes.data]
        return [*counts, *argument.shape, *argument.strides]
    if type(argument) is int:
        return [argument]
    raise _refusal(argument)


def argument_form(argument: object, *, strided: bool = False) -> str:
    """What machine code must be compiled for: equal forms, equal code. Raises a TypeError as above.

    Of an array the dtype, the number of axes, and whether there are gaps, unless the code is `strided`, so
    that it takes them all.
    """
    if isinstance(argument, np.ndarray):
        flags = argument.flags
        layout = "A" if strided else "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
        marks = ("" if flags.writeable else "r") + ("" if flags.aligned else "u")
        return f"{argument.dtype.str}{argument.ndim}{layout}{marks}"
    if type(argument) is int:
        return "int"
    raise _refusal(argument)


def _refusal(argument: object) -> TypeError:
    return TypeError(f"a kernel takes arrays and whole numbers, not {type(argument).__name__}")
