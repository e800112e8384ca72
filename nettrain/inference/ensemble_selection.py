"""Which networks predict together: greedy forward selection with replacement, by rows that were held out.

An ensemble begins empty and takes, again and again, the network with which its mean prediction is best; the
same one may come several times, which weighs it. Of all ensembles on the way the best is kept, of equal ones
the smallest. Source: Caruana, Niculescu-Mizil, Crew & Ksikes 2004, "Ensemble selection from libraries of
models"; with networks of different settings and seeds as candidates, Wenzel, Snoek, Tran & Jenatton 2020,
"Hyperparameter ensembles for robustness and uncertainty quantification".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics import Task, metrics
from nettrain.inference.metrics import compute_metrics

ROUNDS = 16  # networks that are taken at most, the same ones included
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ChoosingRows:
    """Labelled rows by which networks are compared, and the metric.

    y (N,) or (N, T) is in the targets' own units, weight is (N,).
    """

    task: Task
    metric: str
    y: HostArray
    weight: HostArray

    def __len__(self) -> int:
        return len(self.weight)

    def value(self, predictions: Floats) -> float:
        """The metric of predictions (N, K) for these rows; NaN where they do not define it."""
        chunks = [(slice(0, len(self)), predictions)]
        return compute_metrics(chunks, self.y, self.weight, self.task, [self.metric]).scalars[self.metric]

    def score(self, predictions: Floats) -> float:
        """The metric as a score, of which the smaller is the better; infinite where it is not defined."""
        value = self.value(predictions)
        return np.inf if np.isnan(value) else -value if self.maximizes else value

    @property
    def maximizes(self) -> bool:
        """Whether larger values of the metric are better."""
        return metrics[self.metric].goal == "maximize"

    def take(self, rows: Rows) -> "ChoosingRows":
        """Some of the rows, or some of them several times."""
        return replace(self, y=self.y[rows], weight=self.weight[rows])


def best_alone(predictions: Sequence[Floats], rows: ChoosingRows) -> list[int]:
    """The position of the candidate whose predictions (N, K) are best, the first of equal ones."""
    return [int(np.argmin([rows.score(one) for one in predictions]))]


def select_ensemble(predictions: Sequence[Floats], rows: ChoosingRows, rounds: int = ROUNDS) -> list[int]:
    """The candidates that predict best together, by position, the same one as often as it counts.

    `predictions` are (N, K) of each candidate for the rows.
    """
    taken: list[int] = []
    total = np.zeros_like(predictions[0])
    scores: list[float] = []
    for count in range(1, rounds + 1):
        tried = [rows.score((total + one) / count) for one in predictions]
        taken.append(int(np.argmin(tried)))
        scores.append(tried[taken[-1]])
        total += predictions[taken[-1]]
    return taken[: int(np.argmin(scores)) + 1]


def mean_of(predictions: Sequence[Floats], taken: Sequence[int]) -> Floats:
    """The mean prediction (N, K) of the candidates at these positions."""
    mean: Floats = np.mean([predictions[position] for position in taken], axis=0)
    return mean
