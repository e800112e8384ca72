"""What a sweep has done so far, kept in its journal: what it searches, how far it goes, every result.

The first line says what is searched, and later runs must search the same. A line `total` is written when
the sweep begins and when it is made longer; brackets never reach across one.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nettrain.errors import SpecError
from nettrain.experiment.changes import ABSENT, differences
from nettrain.experiment.problems import shown
from nettrain.store.journal import Journal
from nettrain.sweep.halving import Segment
from nettrain.sweep.messages import Result
from nettrain.sweep.trials import Search


class SweepJournal:
    """The journal of one search. Raises SpecError naming what has changed when it is another one's."""

    def __init__(self, path: Path, search: Search) -> None:
        self._journal = Journal(path)
        self.results: dict[int, Result] = {}
        self.totals: list[int] = []
        self._searched = _searched(search)
        for entry in self._journal.entries:
            kind, content = entry["kind"], {key: entry[key] for key in entry if key != "kind"}
            if kind == "sweep":
                _refuse_changes(path.parent, content, self._searched)
            elif kind == "total":
                self.totals.append(content["trials"])
            else:
                result = Result.of(content)
                self.results[result.trial] = result

    def aim(self, total: int) -> None:
        """Note what is searched, and that the sweep goes as far as this if that is further than before."""
        if not self._journal.entries:
            self._journal.append([{"kind": "sweep", **self._searched}])
        if total > self.total:
            self._journal.append([{"kind": "total", "trials": total}])
            self.totals.append(total)

    def add(self, results: Iterable[Result]) -> None:
        """Note results; they are on the disk when this returns."""
        new = {result.trial: result for result in results}
        if new:
            self._journal.append([{"kind": "trial", **result.entry()} for result in new.values()])
            self.results |= new

    @property
    def total(self) -> int:
        return max(self.totals, default=0)

    @property
    def segments(self) -> list[Segment]:
        """First and last trial of the beginning and of each time that the sweep was made longer."""
        firsts = [1, *(total + 1 for total in self.totals)]
        return list(zip(firsts, self.totals, strict=False))


def _searched(search: Search) -> dict[str, Any]:
    """What must not change in the middle of a sweep, as JSON has it."""
    experiment = search.loaded.experiment.model_copy(update={"sweep": None})
    sweep = search.settings.model_dump(exclude={"trials", "parameters"})
    found = {one.key: one.distribution.model_dump() for one in search.parameters}
    order = list(found) if search.settings.method == "grid" else []
    content = {"experiment": experiment.model_dump(), "sweep": sweep, "parameters": found, "order": order}
    return json.loads(json.dumps(content, default=str))  # type: ignore[no-any-return]


def _refuse_changes(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    changed = [
        f"{folder}: was begun with {_told(one.key, one.before)}, now {_told(one.key, one.after)}"
        for one in differences(before, now)
    ]
    if changed:
        raise SpecError([*changed, f"{folder}: go on with the file as it was, or begin anew with --out"])


def _told(key: str, value: Any) -> str:
    name = key.partition(".")[2] if key.startswith("experiment.") else key
    return f"no {name}" if value is ABSENT else f"{name} {shown(value)}"
