"""What is published for networks on tables, and which experiment repeats it."""

from dataclasses import dataclass

SOURCE = "Gorishniy, Kotelnikov & Babenko 2024"
TOGETHER = 5  # networks whose predictions are averaged
DEVIATIONS = 2  # of the published figures, within which ours must lie


@dataclass(frozen=True)
class Metric:
    """A figure of test rows: its key in a summary, and its better direction."""

    key: str
    title: str
    higher: bool


METRICS = {
    "california": Metric("rmse", "RMSE, in 100,000 dollars", higher=False),
    "adult": Metric("accuracy", "accuracy", higher=True),
}


@dataclass(frozen=True)
class Figure:
    """A published figure: the mean over seeds and the standard deviation, as far as they are given.

    `members` names the figure whose networks are averaged, five at a time; None where a seed is one network.
    """

    table: str
    key: str
    network: str
    mean: float | None = None
    deviation: float | None = None
    members: str | None = None

    @property
    def name(self) -> str:
        """Such as california-mlp."""
        return f"{self.table}-{self.key}"

    @property
    def config(self) -> str:
        """The name of its experiment file in `configs/`."""
        return f"{(self.members or self.name).replace('-', '_')}.yaml"

    @property
    def metric(self) -> Metric:
        """What it is a figure of."""
        return METRICS[self.table]

    def holds(self, mean: float) -> bool | None:
        """Whether a mean over seeds is within two deviations, or better; None where that is not known."""
        if self.mean is None:
            return None
        gain = mean - self.mean if self.metric.higher else self.mean - mean
        if self.deviation is None:
            return True if gain >= 0 else None
        return gain >= -DEVIATIONS * self.deviation


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("california", "mlp", "MLP", 0.4948, 0.0058),
        Figure("california", "mlp-five", "MLP, five averaged", 0.4880, members="california-mlp"),
        Figure("california", "periodic", "MLP, periodic", 0.4597, 0.0058),
        Figure("california", "piecewise", "MLP, piecewise linear", 0.4530, 0.0029),
        Figure("california", "tabm-shared", "TabM, shared batches", 0.4509, 0.0032),
        Figure("california", "tabm", "TabM", 0.4414, 0.0012),
        Figure("california", "tabm-piecewise", "TabM, piecewise linear", 0.4293, 0.0029),
        Figure("california", "realmlp", "RealMLP, defaults"),
        Figure("adult", "mlp", "MLP", 0.8541, 0.0018),
        Figure("adult", "mlp-five", "MLP, five averaged", 0.8559, members="adult-mlp"),
        Figure("adult", "periodic", "MLP, periodic", 0.8694, 0.0011),
        Figure("adult", "tabm", "TabM", 0.8575, 0.0008),
        Figure("adult", "realmlp", "RealMLP, defaults"),
    )
}
