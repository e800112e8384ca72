"""A chunk of trials on its way: one population, trained from rung to rung."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter

from nettrain.backend.choose import open_backend
from nettrain.data.prepare import Prepared
from nettrain.engine.build import Run, build
from nettrain.engine.evaluate import final_figures
from nettrain.engine.events import EpochDone, MemberStopped
from nettrain.engine.loop import train
from nettrain.engine.population import Pool
from nettrain.sweep.messages import Chunk, Ended, Report, Result, Waiting, Working

PARTS = {"train": "train", "validation": "val", "test": "test"}
STATUS = {"diverged": "diverged", "pruned": "pruned"}
PAUSE = 1.0  # seconds for which results are gathered before they are told
TOLD = 0.25  # seconds between two tidings of how far it is


class Training:
    """A chunk in training; `pruned` are the trials to stop at the rung where it waits."""

    def __init__(self, chunk: Chunk, data: Prepared) -> None:
        self.chunk, self.pruned = chunk, set[int]()
        self._run = _built(chunk, data)
        self._rungs: dict[int, dict[int, float]] = {}
        self._stopped: list[MemberStopped] = []
        self._shares = dict.fromkeys(chunk.trials, 0.0)  # seconds
        self._reports = self._train()

    def until_it_waits(self, tell: Callable[[Report], None]) -> bool:
        """Train to the next rung or the end, telling what happens; whether there is more to come."""
        for report in self._reports:
            tell(report)
            if isinstance(report, Waiting):
                return True
        return False

    def _train(self) -> Iterator[Report]:
        since = told = perf_counter()
        for event in train(self._run, prune=self._prune):
            now = perf_counter()
            if isinstance(event, EpochDone):
                self._share(event, now - since)
                since = now
                if event.epoch in self.chunk.rungs:
                    yield self._wait(event)
                    since = perf_counter()  # the wait is nobody's
                elif now - told > TOLD:
                    told = now
                    yield Working(self.chunk.number, event.epoch, event.epochs, len(event.members))
            elif isinstance(event, MemberStopped):
                self._stopped.append(event)
            if self._stopped and now - told > PAUSE:
                told = now
                yield self._ended(over=False)
        yield self._ended(over=True)

    def _wait(self, event: EpochDone) -> Waiting:
        """The metric of those who train, which is also kept for their results."""
        values = event.figures[self.chunk.metric]
        figures = {
            self.chunk.trials[member]: float(v) for member, v in zip(event.members, values, strict=True)
        }
        for trial, figure in figures.items():
            self._rungs.setdefault(trial, {})[event.epoch] = figure
        return Waiting(self.chunk.number, event.epoch, figures)

    def _share(self, event: EpochDone, seconds: float) -> None:
        for member in event.members:
            self._shares[self.chunk.trials[member]] += seconds / len(event.members)

    def _prune(self, event: EpochDone) -> list[int]:
        found = [k for k, trial in enumerate(self.chunk.trials) if trial in self.pruned]
        self.pruned.clear()
        return found

    def _ended(self, *, over: bool) -> Ended:
        """The results of those who have stopped since the last time."""
        stopped, self._stopped = self._stopped, []
        figures = _figures(self._run, self.chunk, [one.member for one in stopped])
        results = []
        for row, one in enumerate(stopped):
            trial = self.chunk.trials[one.member]
            results.append(
                Result(
                    trial,
                    STATUS.get(one.reason, "finished"),
                    one.epoch,
                    one.best_epoch,
                    {name: values[row] for name, values in figures.items()},
                    self._rungs.get(trial, {}),
                    seconds=self._shares[trial],
                    members=len(self.chunk.trials),
                )
            )
        return Ended(self.chunk.number, tuple(results), over)


def _built(chunk: Chunk, data: Prepared) -> Run:
    place = chunk.experiments[0].backend
    return build(chunk.experiments, data, open_backend(place.name, dtype=place.dtype, threads=1))


def _figures(run: Run, chunk: Chunk, members: list[int]) -> dict[str, list[float]]:
    """The final figures of some members by name; test rows are left to the run of the best."""
    if not members:
        return {}
    wanted = {"validation" if "validation" in run.tables else "train", _part(chunk.metric)}
    tables = {name: table for name, table in run.tables.items() if name in wanted}
    # scratch of its own: the loop's has the size that the population has by now
    some = replace(run, tables=tables, final=run.final[members], pool=Pool(run.backend))
    found = final_figures(some, [chunk.experiments[member] for member in members])
    return {
        f"{PARTS[part]}_{name}": [float(value) for value in values]
        for part, named in found.items()
        for name, values in named.items()
    }


def _part(metric: str) -> str:
    """The rows that a figure is of."""
    return {"val": "validation"}.get(metric.partition("_")[0], "train")
