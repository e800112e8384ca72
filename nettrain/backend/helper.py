"""Functions that kernels call, which become part of their machine code.

Marking one does not import Numba, which takes a tenth of a second: machine code comes from disk as a rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import FunctionType
from typing import Any, Literal, TypeVar, cast

Body = TypeVar("Body", bound=Callable[..., object])


@dataclass(frozen=True, eq=False)
class Helper:
    """A function that Numba compiles with the kernels that call it, by a decorator of Numba with options."""

    body: FunctionType
    decorator: Literal["njit", "intrinsic"]
    options: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, *arguments: object) -> object:
        """Compile it alone, and run."""
        from nettrain.backend.numba_compiler import compiled_helper

        return compiled_helper(self)(*arguments)


@dataclass(frozen=True)
class LaterModule:
    """A module that is imported when something of it is used."""

    name: str

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self.name), attribute)


def inline(body: Body) -> Body:
    """Decorator for a helper that kernels call; it becomes part of their machine code."""
    return cast(Body, Helper(cast(FunctionType, body), "njit", {"error_model": "numpy"}))


def expanded(body: Body) -> Body:
    """`inline` for what a loop does most: the body becomes the loop's own, which then may use vectors."""
    options = {"error_model": "numpy", "inline": "always"}
    return cast(Body, Helper(cast(FunctionType, body), "njit", options))


def intrinsic(define: Callable[..., object], **options: object) -> Callable[..., None]:
    """A helper of hand-written LLVM: `define` takes the types of arguments, and says what generates it.

    It returns a signature and a function that generates the instructions, see `numba.extending.intrinsic`.
    """
    return cast(Callable[..., None], Helper(cast(FunctionType, define), "intrinsic", options))


def prange(count: int) -> range:  # pragma: no cover - machine code
    """The outermost loop of a kernel, whose iterations threads may share out among them."""
    return range(count)
