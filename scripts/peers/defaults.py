"""What `nettrain init` writes, beside scikit-learn's estimators with their defaults, on the same splits.

For each split nettrain's commands run as a user runs them: `init` on the training rows, `train` on all of
them (data.test=0, since test rows are elsewhere), `evaluate` on the test rows. Each measurement is a line of
results.jsonl, and is not made again.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from statistics import fmean, stdev
from time import perf_counter
from typing import Any

from peers.default_tables import TABLES, write_split
from peers.process import POOLS, PeerProcess

OURS = "nettrain"
SIDES = (OURS, "HistGradientBoosting", "RandomForest", "MLP")
HIGHER = ("accuracy",)  # figures of which more is better
ROUNDING = 1e-9  # means over splits that differ by less, relative to them, are equal


@dataclass(frozen=True)
class Measured:
    """One side on one split: figures on test rows, and the time that it took to have a trained model."""

    table: str
    split: int
    side: str
    figures: dict[str, float]
    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Compared:
    """A figure of a table on all splits, by side."""

    table: str
    figure: str
    values: dict[str, list[float]]

    @property
    def means(self) -> dict[str, float]:
        """Over splits."""
        return {side: fmean(values) for side, values in self.values.items()}

    @property
    def ranks(self) -> dict[str, float]:
        """Of the means: 1 is the best, and equal ones share the mean of their ranks."""
        sign = -1 if self.figure in HIGHER else 1
        means = {side: sign * mean for side, mean in self.means.items()}
        return {
            side: 1
            + sum(other < mine and not equal(other, mine) for other in means.values())
            + (sum(equal(other, mine) for other in means.values()) - 1) / 2
            for side, mine in means.items()
        }


def equal(one: float, other: float) -> bool:
    """Whether two means differ by rounding alone."""
    return abs(one - other) <= ROUNDING * abs(one)


@dataclass(frozen=True)
class Workplace:
    """Where splits, runs and results are, the threads of each side, and how many training rows at most.

    `changes` are settings that nettrain trains with in place of those that `init` wrote.
    """

    folder: Path
    data: Path
    threads: int
    rows: int | None = None
    changes: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        """A line for each measurement."""
        return self.folder / "results.jsonl"

    def measured(self) -> dict[tuple[str, int, str], Measured]:
        """What has been measured; of the same thing the last."""
        lines = self.results.read_text().splitlines() if self.results.is_file() else []
        found = [Measured(**json.loads(line)) for line in lines]
        return {(one.table, one.split, one.side): one for one in found}

    def split(self, table: str, seed: int) -> Path:
        """The folder with train.csv and test.csv of a split."""
        folder = self.folder / table / str(seed)
        if not (folder / "test.csv").is_file():
            write_split(table, self.data, seed, folder, self.rows)
        return folder

    def ours(self, table: str, seed: int) -> dict[str, Any]:
        """What nettrain's default reaches on a split."""
        folder = self.split(table, seed)
        target = TABLES[table].target
        (folder / "draft.yaml").unlink(missing_ok=True)
        rmtree(folder / "runs", ignore_errors=True)
        started, work = perf_counter(), children_seconds()
        self.call("init", "train.csv", "--target", target, "--out", "draft.yaml", folder=folder)
        changes = ("data.test=0", f"seed={seed}", f"backend.threads={self.threads}", *self.changes)
        self.call("train", "draft.yaml", *changes, folder=folder)
        times = {"seconds": perf_counter() - started, "processor_seconds": children_seconds() - work}
        told = self.call("evaluate", "runs/draft", "test.csv", "--json", folder=folder)
        metrics = json.loads(told)["metrics"]
        names = ("log_loss", "accuracy") if TABLES[table].classes else ("rmse",)
        return {"figures": {name: metrics[name] for name in names}, **times}

    def call(self, *arguments: str, folder: Path) -> str:
        """What a command of nettrain writes to standard output. Raises RuntimeError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "nettrain", *arguments],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"nettrain {' '.join(arguments)} in {folder}: {done.stderr}")
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """That of every process."""
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, **dict.fromkeys(POOLS, str(self.threads)), "PYTHONPATH": path}

    def keep(self, one: Measured) -> None:
        """Add a line to the results."""
        with self.results.open("a") as file:
            print(json.dumps(asdict(one)), file=file)


def children_seconds() -> float:
    """Processor time of all child processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measure(
    place: Workplace, tables: Sequence[str], sides: Sequence[str], splits: Sequence[int], again: Sequence[str]
) -> Iterator[Measured]:
    """Measure what has not been measured, and `again` whatever else; each as it ends."""
    known = place.measured()
    with ExitStack() as stack:
        peers: PeerProcess | None = None
        for table in tables:
            for seed in splits:
                for side in sides:
                    if (table, seed, side) in known and side not in again:
                        continue
                    if side == OURS:
                        reply = place.ours(table, seed)
                    else:
                        if peers is None:
                            peers = PeerProcess(["defaults-side"], place.environment)
                            stack.callback(peers.close)
                        folder = str(place.split(table, seed))
                        reply = peers.turn(json.dumps({"name": side, "table": table, "folder": folder}))
                    one = Measured(table, seed, side, **reply)
                    place.keep(one)
                    yield one


def compared(measured: Mapping[tuple[str, int, str], Measured], tables: Sequence[str]) -> list[Compared]:
    """The figures of each table that has been measured, with the sides and splits that all have."""
    found = []
    for table in tables:
        of_table = [one for one in measured.values() if one.table == table]
        splits = {side: {one.split for one in of_table if one.side == side} for side in SIDES}
        common = (
            sorted(set.intersection(*(of_side for of_side in splits.values() if of_side))) if of_table else []
        )
        if not common:
            continue
        for figure in of_table[0].figures:
            values = {
                side: [measured[table, seed, side].figures[figure] for seed in common]
                for side in SIDES
                if splits[side]
            }
            found.append(Compared(table, figure, values))
    return found


def mean_ranks(found: Sequence[Compared]) -> dict[str, float]:
    """Of each side over tables; the rank on a table is the mean over its figures."""
    tables = {one.table: [other.ranks for other in found if other.table == one.table] for one in found}
    return {
        side: fmean(fmean(ranks[side] for ranks in of_table) for of_table in tables.values())
        for side in SIDES
        if all(side in ranks for of_table in tables.values() for ranks in of_table)
    }


def worse_than(found: Sequence[Compared], other: str) -> list[str]:
    """The figures in which nettrain's mean is worse than another side's."""
    pairs = [(one, one.ranks) for one in found if OURS in one.values and other in one.values]
    return [f"{one.table} {one.figure}" for one, ranks in pairs if ranks[OURS] > ranks[other]]


def longest(measured: Mapping[tuple[str, int, str], Measured], table: str, side: str) -> tuple[float, float]:
    """Seconds and processor seconds of the slowest split."""
    times = [one for one in measured.values() if one.table == table and one.side == side]
    return max(one.seconds for one in times), max(one.processor_seconds for one in times)


def as_json(found: Sequence[Compared], measured: Mapping[tuple[str, int, str], Measured]) -> dict[str, Any]:
    """All of it, for --json."""
    return {
        "figures": [{**asdict(one), "means": one.means, "ranks": one.ranks} for one in found],
        "mean_ranks": mean_ranks(found),
        "worse_than_mlp": worse_than(found, "MLP"),
        "measured": [asdict(one) for one in measured.values()],
    }


def markdown(found: Sequence[Compared], measured: Mapping[tuple[str, int, str], Measured]) -> str:
    """A row for each figure: means over splits ± standard deviation, and the rank; the best is bold."""
    sides = [side for side in SIDES if any(side in one.values for one in found)]
    lines = [row("", *sides, "seconds"), row("---", *["---:"] * (len(sides) + 1))]
    for one in found:
        seconds = (
            "" if OURS not in one.values else "{:.0f} ({:.0f})".format(*longest(measured, one.table, OURS))
        )
        lines.append(row(f"{one.table}, {words(one.figure)}", *(cell(one, side) for side in sides), seconds))
    ranks = mean_ranks(found)
    better = [better_than(found, side) for side in sides]
    return "\n".join(
        [
            *lines,
            row("mean rank", *(f"{ranks[side]:.2f}" for side in sides if side in ranks), ""),
            row("figures in which nettrain is better", *better, ""),
        ]
    )


def better_than(found: Sequence[Compared], other: str) -> str:
    """In how many of the figures that both have nettrain's mean is better than another side's."""
    ranks = [one.ranks for one in found if OURS in one.values and other in one.values]
    if other == OURS or not ranks:
        return ""
    return f"{sum(of_figure[OURS] < of_figure[other] for of_figure in ranks)} of {len(ranks)}"


def row(*texts: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(texts)} |"


def words(figure: str) -> str:
    """The name of a figure."""
    return "RMSE" if figure == "rmse" else figure.replace("_", " ")


def cell(one: Compared, side: str) -> str:
    """A mean, its deviation and its rank."""
    values = one.values.get(side)
    if not values:
        return ""
    digits = max(0, 3 - len(str(int(abs(one.means[side]))))) + (1 if one.means[side] < 1 else 0)
    text = f"{one.means[side]:,.{digits}f}"
    text = f"**{text}**" if one.ranks[side] == min(one.ranks.values()) else text
    spread = f" ± {stdev(values):,.{digits}f}" if len(values) > 1 else ""
    return f"{text}{spread} ({one.ranks[side]:g})"
