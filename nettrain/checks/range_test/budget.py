"""How long a range test trains: the same steps for every value, few enough to wait for.

No time is measured, so that an experiment always has the same budget: that of a step is estimated from its
arithmetic, with the figures of a laptop.
"""

from dataclasses import dataclass

from nettrain.training.rows.batches import BatchPlan

EPOCHS = 10  # that are trained where there is time for them
MIN_STEPS, FEWEST_STEPS = 300, 20  # where epochs are short, and where steps are long
NETWORKS = (9, 3)  # of different seeds for each value, as many as are quick
SECONDS, QUICK = 30.0, 4.0  # at most, and up to which several networks are trained for each value
STEP, NETWORK = 1e-4, 5e-6  # seconds of a step, and of each network in it, beside the arithmetic
LINE_SEARCH, EVALUATIONS = 2e-3, 4  # that of a step with a line search, and its passes over the rows
SPEED, UNIT = 1e11, 5e-9  # operations of products in a second; seconds for a unit of a row, with its function
PASSES = 6  # operations for each weight and row: forward and backward


@dataclass(frozen=True)
class Budget:
    """Steps of every network, and networks of different seeds for every value."""

    steps: int
    networks: int = 1


@dataclass(frozen=True)
class StepCost:
    """How long a step takes, estimated from the weights and units of a network and the rows of a batch."""

    weights: int
    units: int
    rows: int
    overhead: float = NETWORK

    def seconds(self, networks: int) -> float:
        """Of one step of so many networks."""
        products = PASSES * self.weights / SPEED
        return STEP + networks * (self.overhead + self.rows * (products + UNIT * self.units))


def fitting_budget(cost: StepCost, batches: BatchPlan, epochs: int, values: int) -> Budget:
    """The budget of a test of so many values, for a network that is to be trained for so many epochs.

    Ten epochs and at least 300 steps, but no more than the run itself and about half a minute; where that is
    a matter of seconds, three or nine networks for each value, of which the median counts.
    """
    wanted = min(max(EPOCHS * batches.steps, MIN_STEPS), epochs * batches.steps)
    steps = min(wanted, max(int(SECONDS / cost.seconds(values)), FEWEST_STEPS))
    quick = (count for count in NETWORKS if steps * cost.seconds(count * values) <= QUICK)
    return Budget(steps, next(quick, 1))
