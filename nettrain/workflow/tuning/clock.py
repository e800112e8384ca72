"""How the minutes of a tuning are divided."""

from dataclasses import dataclass

SEARCH, TRAINING = 0.65, 0.9  # of the time: until then new settings are tried, and until then anything trains
PATIENCE = 0.25  # of the time after that, for which workers may take to end their step and tell
FEWEST = 6.0  # seconds at the end, for the ensemble, its figures and pictures
DRAWING, FEWEST_DRAWING, MOST_DRAWING = 0.05, 1.5, 5.0  # of the time, for pictures, between so many seconds


@dataclass(frozen=True)
class Clock:
    """The times of day (s) at which a tuning that goes on at `began`, for `seconds`, comes to its next phase.

    New settings are begun until `search_ends`; then the best are trained with other seeds. All training ends
    at `training_ends`, wherever it is, and what is left is for the ensemble. It took `before` (s) in earlier
    calls.
    """

    began: float
    seconds: float
    before: float = 0.0

    @property
    def total(self) -> float:
        """The seconds that it has in all."""
        return self.before + self.seconds

    @property
    def search_ends(self) -> float:
        """When no more settings are drawn."""
        return self.began + SEARCH * self.seconds

    @property
    def training_ends(self) -> float:
        """When all training ends."""
        return self.began + max(min(TRAINING * self.seconds, self.seconds - FEWEST), 0.5 * self.seconds)

    @property
    def patience_ends(self) -> float:
        """When workers are ended that have not come to the end of their step."""
        return self.training_ends + PATIENCE * (self.ends - self.training_ends)

    @property
    def measuring_ends(self) -> float:
        """When all figures are measured."""
        return self.ends - min(max(DRAWING * self.seconds, FEWEST_DRAWING), MOST_DRAWING)

    @property
    def ends(self) -> float:
        """When all is over."""
        return self.began + self.seconds
