"""How long the steps and the evaluations of a run take, by arithmetic.

No clock is read, so that an experiment on the same data is always evaluated on the same rows. The figures are
those of one core of a processor with AVX-512; what counts is their ratio.
"""

from dataclasses import dataclass

from nettrain.catalogue.metrics import metrics
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of

EPOCH = 1.5e-4  # seconds of an epoch, of a step and of an evaluation, beside those of their layers and rows
STEP, STEP_LAYER, UPDATE = 8e-6, 1.5e-6, 0.7e-9  # of a step, of each layer and of each parameter in it
CALL, CALL_LAYER = 3e-5, 3e-6  # of an evaluation and of each layer in it
TRAINED, EVALUATED = 1.3e11, 9e10  # operations of products in a second: the large ones of a step are faster
UNIT, OUTPUT, ROW = (
    1e-9,
    1.2e-8,
    1.5e-8,
)  # of each unit of a row, of an output with loss and metrics, of a row
HOST, HOST_ROW = 2e-4, 3e-7  # of a metric that is computed on the host, and of each row in it
BACKWARD = 3  # products of a step for one of an evaluation


@dataclass(frozen=True)
class EvaluationCost:
    """Estimated seconds of a run of one network: of all its steps, and of each of its evaluations."""

    steps: float
    evaluations: float  # how many
    call: float  # of one of them, whatever its rows
    row: float  # of each evaluated row

    @classmethod
    def of(cls, experiment: Experiment, data: Prepared) -> "EvaluationCost":
        """The cost of an experiment that is resolved with its data, but for the rows to evaluate."""
        training, rows = experiment.training, len(data.train.x)
        architecture = network_of(experiment, data)
        layers, units = len(architecture.nodes), UNIT * sum(architecture.widths[1:])
        units *= architecture.sub_members
        operations = 2 * sum(n * m for n, m in architecture.products) * architecture.sub_members
        step = STEP + STEP_LAYER * layers + UPDATE * architecture.parameters
        trained_row = BACKWARD * operations / TRAINED + units
        epoch = EPOCH + max(rows / training.batch_rows(rows), 1) * step + rows * trained_row
        slow = sum(_is_slow(name) for name in set(experiment.watched.values()))
        return cls(
            steps=training.epochs * epoch,
            evaluations=training.epochs / training.evaluate_every,
            call=CALL + CALL_LAYER * layers + HOST * slow,
            row=operations / EVALUATED + units + OUTPUT * architecture.outputs + ROW + HOST_ROW * slow,
        )

    def affordable_rows(self, share: float, seconds: float) -> int:
        """How many rows can be evaluated in this share of the time of the steps, or in so many seconds."""
        available = max(share * self.steps, seconds) / self.evaluations
        return max(0, int((available - self.call) / self.row))


def _is_slow(monitor: str) -> bool:
    """Whether a figure needs predictions on the host."""
    name = monitor.partition("_")[2]
    return name in metrics and not metrics[name].quick
