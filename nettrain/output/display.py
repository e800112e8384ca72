"""What shows, while something goes on, how far it has got."""

from typing import Protocol, TypeVar

Shown_contra = TypeVar("Shown_contra", contravariant=True)


class Display(Protocol[Shown_contra]):
    """Shows events or states as they come, until it is closed."""

    def show(self, shown: Shown_contra, /) -> None: ...

    def close(self) -> None: ...


class NoDisplay:
    """Shows nothing."""

    def show(self, shown: object, /) -> None:
        pass

    def close(self) -> None:
        pass
