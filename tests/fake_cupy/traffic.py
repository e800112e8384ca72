"""What goes between the host and the double of a device, counted."""

from dataclasses import dataclass


@dataclass
class Traffic:
    """How often the host has waited for the device, and how often it has handed an array over.

    `streamed` arrays went by a stream of their own, and `held` says how often the host had to wait for one of
    them since it wanted to fill its block again.
    """

    waits: int = 0
    uploads: int = 0
    streamed: int = 0
    held: int = 0

    def reset(self) -> None:
        self.waits = self.uploads = self.streamed = self.held = 0


traffic = Traffic()
