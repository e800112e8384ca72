"""What goes between the host and the double of a device, counted."""

from dataclasses import dataclass


@dataclass
class Traffic:
    """How often the host has waited for the device, and how often it has handed an array over."""

    waits: int = 0
    uploads: int = 0

    def reset(self) -> None:
        self.waits = self.uploads = 0


traffic = Traffic()
