"""Trainings of published figures: a run folder for each seed, and a line of JSON when it has ended."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

import nettrain
from nettrain.experiment.load import read
from nettrain.workflow.run_data import SplitName
from nettrain.workflow.training import OnEvent, ignore
from papers.figures import FIGURES, TOGETHER, Figure
from papers.tables import TARGETS, split_rows

CONFIGS = Path(__file__).parents[2] / "configs"


class InterruptedTrainingError(Exception):
    """Ctrl-C came while a network trained; its folder has what is needed to go on."""


@dataclass(frozen=True)
class Measured:
    """A figure of one seed, or of five networks together."""

    figure: str
    settings: str  # fingerprint of the experiment file
    seed: int
    value: float  # of test rows
    validation: float
    epochs: int | None = None
    best_epoch: float | None = None
    seconds: float | None = None  # of all epochs
    threads: int | None = None
    version: str = nettrain.__version__


@dataclass(frozen=True)
class Workplace:
    """A folder with rows, runs and results, where what was interrupted goes on.

    `data` is a folder with the tables' files, `threads` how many a run uses, `stop` says whether Ctrl-C has
    come.
    """

    folder: Path
    data: Path
    threads: int | None = None
    stop: Callable[[], bool] = lambda: False

    @property
    def results(self) -> Path:
        """All that has been measured, a line each."""
        return self.folder / "results.jsonl"

    def measured(self) -> dict[tuple[str, int], Measured]:
        """What has been measured with the experiments as they are now, by figure and seed."""
        lines = self.results.read_text("utf-8").splitlines() if self.results.exists() else []
        found = [Measured(**json.loads(line)) for line in lines if line.endswith("}")]
        return {(one.figure, one.seed): one for one in found if is_current(one)}

    def write_down(self, one: Measured) -> None:
        """Append a line at once, as other processes may too; one that was killed left a part of a line."""
        before = self.results.read_text("utf-8") if self.results.exists() else ""
        gap = "\n" if before and not before.endswith("\n") else ""
        with self.results.open("a", encoding="utf-8") as file:
            file.write(f"{gap}{json.dumps(asdict(one))}\n")

    def measure(self, figure: Figure, seed: int, on_event: OnEvent = ignore) -> Measured:
        """What is measured for this seed: known already, or else trained and written down.

        Five averaged networks are those of the seeds from 5 · seed on. Raises InterruptedTrainingError when
        Ctrl-C has ended a training.
        """
        known = self.measured().get((figure.name, seed))
        if known is not None:
            return known
        if figure.members is None:
            found = outcome(figure, seed, self.trained(figure, seed, on_event))
        else:
            found = self.averaged(figure, seed, on_event)
        self.write_down(found)
        return found

    def trained(self, figure: Figure, seed: int, on_event: OnEvent = ignore) -> nettrain.Run:
        """The run of a seed, trained anew, gone on with, or as it ended."""
        folder = self.folder / "runs" / f"{figure.name}-{fingerprint(figure)}" / str(seed)
        if (folder / "checkpoint.safetensors").exists():
            run = nettrain.resume(folder, on_event=on_event, stop=self.stop)
        else:
            changes = [*self.row_sources(figure.table), f"seed={seed}"]
            changes += [] if self.threads is None else [f"backend.threads={self.threads}"]
            config = CONFIGS / figure.config
            run = nettrain.train(config, *changes, folder=folder, on_event=on_event, stop=self.stop)
        if run.status == "interrupted":
            raise InterruptedTrainingError
        return run

    def averaged(self, figure: Figure, seed: int, on_event: OnEvent = ignore) -> Measured:
        """What several networks of another figure predict together."""
        single = FIGURES[str(figure.members)]
        seeds = range(TOGETHER * seed, TOGETHER * (seed + 1))
        for one in seeds:
            self.measure(single, one, on_event)
        runs = [self.trained(single, one) for one in seeds]
        test, validation = (self.joint_figure(figure, runs, split) for split in ("test", "validation"))
        return Measured(figure.name, fingerprint(figure), seed, test, validation)

    def joint_figure(self, figure: Figure, runs: list[nettrain.Run], split: SplitName) -> float:
        """RMSE or accuracy of the mean prediction of several runs."""
        rows = pl.read_parquet(self.rows(figure.table) / f"{split}.parquet")
        target = rows[TARGETS[figure.table]].to_numpy()
        if figure.metric.key == "rmse":
            together = np.mean([run.predict(split=split) for run in runs], axis=0)
            return float(np.sqrt(np.mean((together - target) ** 2)))
        likely = np.mean([run.predict_proba(split=split) for run in runs], axis=0).argmax(axis=1)
        return float(np.mean(np.asarray(runs[0].classes)[likely] == target))

    def row_sources(self, table: str) -> list[str]:
        """Overrides that name the files of a table's rows."""
        folder = self.rows(table).absolute()
        keys = {"source": "train", "validation": "validation", "test": "test"}
        return [f"data.{key}={folder / name}.parquet" for key, name in keys.items()]

    def rows(self, table: str) -> Path:
        """The folder with a table's rows, which are written when they are not there."""
        folder = self.folder / "rows" / table
        if not (folder / "train.parquet").exists():  # the last one that is written
            split_rows(table, self.data).write(folder)
        return folder


def outcome(figure: Figure, seed: int, run: nettrain.Run) -> Measured:
    """What a run has come to."""
    return Measured(
        figure=figure.name,
        settings=fingerprint(figure),
        seed=seed,
        value=run.metrics["test"][figure.metric.key],
        validation=run.metrics["val"][figure.metric.key],
        epochs=run.epochs,
        best_epoch=run.best_epoch,
        seconds=round(seconds(run), 1),
        threads=run.summary["environment"]["threads"],
    )


def seconds(run: nettrain.Run) -> float:
    """The time of all epochs, without reading the data and without pauses."""
    assert run.folder is not None, "it has files"
    return float(pl.read_csv(run.folder / "timing.csv")["seconds"].sum())


def is_current(one: Measured) -> bool:
    """Whether its experiment is still what it was."""
    return one.figure in FIGURES and one.settings == fingerprint(FIGURES[one.figure])


def fingerprint(figure: Figure) -> str:
    """Eight digits for what its experiment file says, comments aside."""
    return sha256(json.dumps(read(CONFIGS / figure.config).values).encode()).hexdigest()[:8]
