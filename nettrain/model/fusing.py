"""Fusing: neighbouring entries of a tape that one pass over memory can do together.

Layers know nothing of this, and without it every step does the same. The rectifier's clamp and mask are
exact and change no bit. A small product begins its sums with the bias instead of adding it at the end, which
may change the last bit of an output.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeGuard

from nettrain.backend.kernel import Kernel
from nettrain.catalogue.activations.rectified import relu_backward, relu_forward
from nettrain.model.layers.sub_members import (
    scale_and_shift,
    scale_and_shift_backward,
    scale_and_shift_relu,
    scale_and_shift_relu_backward,
    scale_and_shift_relu_dropout_backward,
)
from nettrain.model.tape import AddBias, Entry, Launch, Multiply, Product


def fused(entries: Iterable[Entry]) -> list[Entry]:
    """The same in fewer passes."""
    tape: list[Entry] = []
    for entry in entries:
        if not any(rule(tape, entry) for rule in RULES):
            tape.append(entry)
    return tape


def _bias(tape: list[Entry], entry: Entry) -> bool:
    """a @ b, then + bias: the product adds it."""
    last = tape[-1] if tape else None
    if not (isinstance(entry, AddBias) and isinstance(last, Product) and last.out is entry.out):
        return False
    tape[-1] = replace(last, bias=(entry.w, entry.start))
    return True


def _rectifier(tape: list[Entry], entry: Entry) -> bool:
    """a @ b + bias, then max(0, ·) in place: the product clamps."""
    last = tape[-1] if tape else None
    if not (isinstance(entry, Launch) and entry.kernel is relu_forward and isinstance(last, Product)):
        return False
    z, a = entry.arrays[:2]
    if not (last.out is z and a is z):
        return False
    tape[-1] = replace(last, clamp_min=0.0)
    return True


def _mask(tape: list[Entry], entry: Entry) -> bool:
    """delta @ Wᵀ, then 0 where the rectifier was off: the product masks, before a dropout mask or after."""
    if not (isinstance(entry, Launch) and entry.kernel is relu_backward):
        return False
    delta, _, a = entry.arrays[:3]
    for k in reversed(range(len(tape))):
        before = tape[k]
        if isinstance(before, Multiply) and before.out is delta and before.a is delta:
            continue
        if not (isinstance(before, Product) and before.out is delta and before.relu_mask is None):
            return False
        tape[k] = replace(before, relu_mask=a)
        return True
    return False


def _scaled_rectifier(tape: list[Entry], entry: Entry) -> bool:
    """v·s + b of sub-members, then max(0, ·) in place: one pass."""
    last = tape[-1] if tape else None
    if not (_is(entry, relu_forward) and _is(last, scale_and_shift)):
        return False
    z, a = entry.arrays[:2]
    if not (last.arrays[1] is z and a is z):
        return False
    tape[-1] = replace(last, kernel=scale_and_shift_relu)
    return True


def _scaled_mask(tape: list[Entry], entry: Entry) -> bool:
    """0 where the rectifier was off, before the gradients of s and b: one pass, with a dropout mask too."""
    last = tape[-1] if tape else None
    if not (_is(entry, scale_and_shift_backward) and _is(last, relu_backward)):
        return False
    delta, _, a = last.arrays[:3]
    if delta is not entry.arrays[0]:
        return False
    tape.pop()
    before = tape[-1] if tape else None
    if isinstance(before, Multiply) and before.out is delta and before.a is delta:
        tape[-1] = replace(
            entry, kernel=scale_and_shift_relu_dropout_backward, arrays=(*entry.arrays, a, before.b)
        )
    else:
        tape.append(replace(entry, kernel=scale_and_shift_relu_backward, arrays=(*entry.arrays, a)))
    return True


def _is(entry: Entry | None, kernel: Kernel) -> TypeGuard[Launch]:
    return isinstance(entry, Launch) and entry.kernel is kernel


RULES: tuple[Callable[[list[Entry], Entry], bool], ...] = (
    _bias,
    _rectifier,
    _mask,
    _scaled_rectifier,
    _scaled_mask,
)
