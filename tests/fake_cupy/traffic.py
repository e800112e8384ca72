"""Counts what passes between the host and the fake device."""

from dataclasses import dataclass


@dataclass
class Traffic:
    """How often the host has waited for the device, and how many arrays it has uploaded.

    `streamed` counts arrays that went through a stream for copies, and `held` how often the host had to wait
    for one of them before it could fill its block again.
    """

    waits: int = 0
    uploads: int = 0
    streamed: int = 0
    held: int = 0

    def reset(self) -> None:
        self.waits = self.uploads = self.streamed = self.held = 0


traffic = Traffic()
