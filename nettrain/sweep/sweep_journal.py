"""The journal of a sweep: what it searches, how many trials it has, and every result.

The first line says what is searched; later runs must search the same. A line of kind `total` is written
when the sweep begins and whenever it is extended; brackets never reach across one. Values of trials that
are not drawn but chosen have a line of kind `values` before it, and those that a method of search has learned
from earlier results a line of kind `learned`. Times of an epoch, measured before trials train, have a line of
kind `timed` each, so that what they decided stays decided. Fingerprints of the data have lines of kind
`data`: later trials must have the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from nettrain.catalogue.searches import Values
from nettrain.errors import SpecError
from nettrain.experiment.changes import ABSENT, differences
from nettrain.experiment.document import PlainValue
from nettrain.experiment.problems import shortened_yaml
from nettrain.store.data_fingerprint import DataFingerprint
from nettrain.store.journal import Journal
from nettrain.sweep.halving import Segment
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.search_space import NOTHING, SearchSpace


class SweepJournal:
    """The journal of one search space. Raises SpecError naming the differences when it is of another one."""

    def __init__(self, path: Path, space: SearchSpace) -> None:
        self._journal = Journal(path)
        self.results: dict[int, TrialResult] = {}
        self.totals: list[int] = []
        self.chosen: dict[int, Values] = {}
        self.learned: dict[int, Values] = {}
        self.timed: dict[str, float] = {}  # seconds per epoch by what trials have in common
        self.data: dict[str, Sequence[DataFingerprint]] = {}  # of each fold, by the digest of their block
        self._description = _describe(space)
        for entry in self._journal.entries:
            kind, content = entry["kind"], {key: entry[key] for key in entry if key != "kind"}
            if kind == "sweep":
                _refuse_changes(path.parent, content, self._description)
            elif kind == "total":
                self.totals.append(content["trials"])
            elif kind == "values":
                self.chosen[content["trial"]] = content["values"]
            elif kind == "learned":
                self.learned[content["trial"]] = content["values"]
            elif kind == "timed":
                self.timed[content["key"]] = content["seconds"]
            elif kind == "data":
                self.data[content["key"]] = content["folds"]
            else:
                result = TrialResult.from_entry(content)
                self.results[result.trial] = result

    def begin(self) -> None:
        """Record what is searched if the journal is new."""
        if not self._journal.entries:
            self._journal.append([{"kind": "sweep", **self._description}])

    def extend(
        self,
        total: int,
        chosen: Mapping[int, Values] = NOTHING,
        learned: Mapping[int, Values] = NOTHING,
    ) -> None:
        """Record the number of trials if it is larger than before, with values `chosen` or `learned`."""
        self.begin()
        if total > self.total:
            lines = [*_lines("values", chosen), *_lines("learned", learned)]
            self._journal.append([*lines, {"kind": "total", "trials": total}])
            self.totals.append(total)
            self.chosen |= chosen
            self.learned |= learned

    def add(self, results: Iterable[TrialResult]) -> None:
        """Record results; they are on the disk when this returns."""
        new = {result.trial: result for result in results}
        if new:
            self._journal.append([{"kind": "trial", **result.to_entry()} for result in new.values()])
            self.results |= new

    def add_time(self, key: str, seconds: float) -> None:
        """Record the time of an epoch."""
        self._journal.append([{"kind": "timed", "key": key, "seconds": seconds}])
        self.timed[key] = seconds

    def add_data(self, fingerprints: Mapping[str, Sequence[DataFingerprint]]) -> None:
        """Record the fingerprints of data that are not there yet."""
        new = {key: list(folds) for key, folds in fingerprints.items() if key not in self.data}
        if new:
            self._journal.append([{"kind": "data", "key": key, "folds": folds} for key, folds in new.items()])
            self.data |= new

    @property
    def values(self) -> dict[int, Values]:
        """The values of the trials that are not drawn by their number alone."""
        return self.learned | self.chosen

    @property
    def total(self) -> int:
        return max(self.totals, default=0)

    def segments(self, total: int) -> list[Segment]:
        """First and last trial of the sweep as it began, and of each extension, up to that to a `total`."""
        totals = [*self.totals, *([total] if total > self.total else [])]
        firsts = [1, *(one + 1 for one in totals)]
        return list(zip(firsts, totals, strict=False))

    def forget(self, trials: Iterable[int]) -> None:
        """Let these trials be trained again."""
        for trial in trials:
            self.results.pop(trial, None)


def _lines(kind: str, values: Mapping[int, Values]) -> list[dict[str, object]]:
    return [{"kind": kind, "trial": trial, "values": one} for trial, one in values.items()]


def _describe(space: SearchSpace) -> dict[str, PlainValue]:
    """What must not change between two runs of a sweep, as JSON stores it."""
    experiment = space.loaded.experiment.model_copy(update={"sweep": None})
    sweep = space.settings.model_dump(exclude={"trials", "parameters"})
    parameters = {one.key: one.distribution.model_dump() for one in space.parameters}
    order = list(parameters) if space.method.takes_steps else []
    if [*sweep["method"]] == ["name"]:
        sweep["method"] = space.method.name
    if not sweep["constraints"]:
        del sweep["constraints"]
    content = {
        "experiment": experiment.model_dump(),
        "sweep": sweep,
        "parameters": parameters,
        "order": order,
    }
    description: dict[str, PlainValue] = json.loads(json.dumps(content, default=str))
    return description


def _refuse_changes(folder: Path, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    changes = list(_changes(folder, before, now))
    if changes:
        raise SpecError([*changes, f"{folder}: go on with the file as it was, or begin anew with --out"])


def _changes(folder: Path, before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for change in differences(before, now):
        old, new = _setting(change.key, change.before), _setting(change.key, change.after)
        yield f"{folder}: was begun with {old}, now {new}"


def _setting(key: str, value: object) -> str:
    name = key.removeprefix("experiment.")
    return f"no {name}" if value is ABSENT else f"{name} {shortened_yaml(value)}"
