"""How the minutes of a tuning are divided."""

from dataclasses import dataclass

SEARCH, TRAINING = 0.65, 0.9  # of the time: until then new settings are tried, and until then anything trains
FEWEST = 4.0  # seconds at the end, for the ensemble, its figures and pictures


@dataclass(frozen=True)
class Clock:
    """The times of day (s) at which a tuning that began, or would have, at `began` goes on to its next phase.

    New settings are begun until `search_ends`; then the best are trained with other seeds. All training ends
    at `training_ends`, wherever it is, and what is left is for the ensemble.
    """

    began: float
    seconds: float

    @property
    def search_ends(self) -> float:
        """When no more settings are drawn."""
        return self.began + SEARCH * self.seconds

    @property
    def training_ends(self) -> float:
        """When all training ends."""
        return self.began + max(min(TRAINING * self.seconds, self.seconds - FEWEST), 0.5 * self.seconds)

    @property
    def ends(self) -> float:
        """When all is over."""
        return self.began + self.seconds
