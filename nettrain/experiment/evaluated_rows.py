"""Which training rows are evaluated after each epoch, like the validation rows, and how many by default."""

from dataclasses import dataclass, replace

import numpy as np

from nettrain.data.prepare import Prepared, Rows
from nettrain.data.tables.arrays import Indices
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of
from nettrain.experiment.training_settings import EvaluatedRows

MOST = 10_000  # rows that auto takes: the mean of so many is near enough to that of all
FEWEST = 500  # rows of a sample that says something
SHARE = 0.04  # of the time of the steps that auto spends, by its estimate
NEGLIGIBLE = 0.08  # seconds in a whole run that auto spends in any case
CALL = 1.5e-5  # seconds of each layer's calls in a step or an evaluation, beside the arithmetic
SPEED, UPDATE = 4e10, 1.5e-9  # operations of products in a second; seconds to update a parameter
UNIT, OUTPUT = 2e-9, 2e-8  # seconds of a unit of a row with its function, and of an output with its metrics
EVALUATED = 6  # purpose number of the draw below


def evaluated_rows(experiment: Experiment, data: Prepared) -> Rows:
    """The training rows that are evaluated, without the weights of their classes, by resolved settings."""
    rows, weight = data.train, data.column_weight
    if weight is not None:
        rows = replace(rows, weight=weight)
    index = evaluated_sample(experiment, len(rows.x))
    return rows if index is None else Rows(rows.x[index], rows.y[index], rows.weight[index])


def evaluated_sample(experiment: Experiment, rows: int) -> Indices | None:
    """The numbers (M,) of the evaluated rows out of so many, in order; None when they are all.

    The draw depends on the seed of the splits alone, so that networks with the same rows have the same.
    """
    count = experiment.training.evaluate_train
    if isinstance(count, str) or count >= rows:
        return None
    key = np.array([experiment.data.seed or 0, EVALUATED], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(rows)
    return np.sort(order[:count])


def fitting_evaluation(experiment: Experiment, data: Prepared) -> EvaluatedRows:
    """What `auto` stands for: a number of rows, or none where a useful number of them would cost too much."""
    rows = min(len(data.train.x), MOST)
    if any(name.startswith("train_") for name in experiment.watched.values()):
        return rows
    cost = EvaluationCost.of(experiment, data)
    if cost.evaluations * cost.seconds(rows) <= NEGLIGIBLE:
        return rows
    affordable = cost.affordable_rows(SHARE)
    return min(rows, affordable) if affordable >= min(rows, FEWEST) else "none"


@dataclass(frozen=True)
class EvaluationCost:
    """Estimated seconds of the steps and the evaluations of a run of one network, on one core.

    No clock is read, so that the same experiment on the same data always evaluates the same rows.
    """

    steps: float  # of all epochs
    evaluations: float
    step: float  # seconds of one
    call: float  # of an evaluation, whatever its rows
    row: float  # of each evaluated row

    @classmethod
    def of(cls, experiment: Experiment, data: Prepared) -> "EvaluationCost":
        """The cost of an experiment that is resolved with its data, but for the rows to evaluate."""
        training, rows = experiment.training, len(data.train.x)
        architecture = network_of(experiment, data)
        batch = training.batch_rows(rows)
        layers = len(architecture.nodes)
        products = 2 * sum(n * m for n, m in architecture.products) / SPEED
        units = UNIT * sum(architecture.widths[1:])
        update = UPDATE * architecture.parameters
        return cls(
            steps=training.epochs * max(rows / batch, 1),
            evaluations=training.epochs / training.evaluate_every,
            step=CALL * layers + update + batch * (3 * products + units),
            call=CALL * layers,
            row=products + units + OUTPUT * architecture.outputs,
        )

    def seconds(self, rows: int) -> float:
        """Of one evaluation of so many rows."""
        return self.call + rows * self.row

    def affordable_rows(self, share: float) -> int:
        """How many rows can be evaluated in this share of the time of the steps."""
        available = share * self.steps * self.step / self.evaluations
        return max(0, int((available - self.call) / self.row))
