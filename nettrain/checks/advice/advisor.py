"""Gives advice while a training goes on: each line at most once in a run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from nettrain.checks.advice.evidence import RECENT, Evidence
from nettrain.checks.advice.registry import causes_first
from nettrain.experiment.settings import Experiment
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import HistoryRow
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES
from nettrain.training.events import AdviceGiven

FIRST = 4  # evaluations before the first look
GROWTH = 1.2  # of the number of evaluations from one look to the next
SHARE = 0.5  # of the networks that still train for which a line must be due
MOST = 512  # evaluations in memory


@dataclass(frozen=True)
class Evaluation:
    """The rows of one evaluation: of the history by member, and of the diagnostics by member and layer."""

    epoch: float
    figures: Mapping[int, HistoryRow]
    layers: Mapping[int, Sequence[DiagnosticsRow]]


@dataclass
class EvaluationLog:
    """The evaluations of a run, of a long one the latest half in full and every k-th of those before.

    What is kept depends on the number of evaluations alone, so that a resumed run keeps the same.
    """

    kept: list[Evaluation] = field(default_factory=list)

    def add(self, evaluation: Evaluation) -> None:
        """Add the next one."""
        self.kept.append(evaluation)
        if len(self.kept) > MOST:
            half = MOST // 2
            self.kept = [*self.kept[:half:2], *self.kept[half:]]


def advice_on(
    experiment: Experiment,
    history: Sequence[HistoryRow],
    diagnostics: Sequence[DiagnosticsRow],
    baseline: float,
) -> list[AdviceGiven]:
    """The advice that a run would have been given, from its history and its diagnostics, if any."""
    advisor = Advisor(experiment, lambda: baseline)
    advisor.replay(history, diagnostics)
    return advisor.given


class Advisor:
    """Looks at a run at growing intervals and says what is due; the moments do not depend on its length."""

    def __init__(self, experiment: Experiment, baseline: Callable[[], float]) -> None:
        """`baseline` computes the training loss of the best constant predictions, NaN where it is unknown."""
        self._experiment, self._baseline = experiment, baseline
        self._log, self._count, self._next = EvaluationLog(), 0, FIRST
        self.given: list[AdviceGiven] = []

    def add(self, figures: Sequence[HistoryRow], layers: Sequence[DiagnosticsRow] = ()) -> list[AdviceGiven]:
        """Add the rows of an evaluation of all members; returns the lines that are due now."""
        self._log.add(_evaluation(figures, layers))
        self._count += 1
        if self._count < self._next:
            return []
        self._next = max(self._count + 1, int(GROWTH * self._count))
        return list(self._look())

    def replay(self, history: Sequence[HistoryRow], diagnostics: Sequence[DiagnosticsRow]) -> None:
        """Add all rows of a run so far, epoch by epoch."""
        layers = {epoch: list(rows) for epoch, rows in groupby(diagnostics, lambda row: row["epoch"])}
        for epoch, rows in groupby(history, lambda row: row["epoch"]):
            self.add(list(rows), layers.get(epoch, []))

    def _look(self) -> Iterator[AdviceGiven]:
        members = list(self._log.kept[-1].figures)
        seen = {member: self._evidence(member) for member in members}
        for line in causes_first():
            if {line.name, *line.unless} & {one.name for one in self.given}:
                continue
            texts = [text for one in seen.values() if (text := line.look(one)) is not None]
            if texts and len(texts) >= SHARE * len(members):
                advice = AdviceGiven(line.name, self._log.kept[-1].epoch, texts[0], len(texts), len(members))
                self.given.append(advice)
                yield advice

    def _evidence(self, member: int) -> Evidence:
        kept = [one for one in self._log.kept if member in one.figures]
        return evidence(
            self._experiment,
            [one.figures[member] for one in kept],
            [one.layers.get(member, ()) for one in kept],
            self._baseline,
        )


def evidence(
    experiment: Experiment,
    figures: Sequence[HistoryRow],
    layers: Sequence[Sequence[DiagnosticsRow]],
    baseline: Callable[[], float],
) -> Evidence:
    """The curves of one member, given its row of each evaluation and its rows of all layers, if any.

    Parts of an epoch are evaluated without diagnostics, and before the first there is no step to judge.
    """
    names = dict.fromkeys(name for row in figures for name in row if "loss" in name)
    recent = [rows for rows in layers if rows and rows[0]["epoch"]][-RECENT:]
    measured = tuple(str(row["layer"]) for row in recent[-1]) if recent else ()
    tables = {
        quantity: np.array([[_number(row[quantity]) for row in rows] for rows in recent])
        for quantity in (QUANTITIES if measured else ())
    }
    return Evidence(
        experiment,
        np.array([row["epoch"] for row in figures], dtype=float),
        {name: np.array([_number(row.get(name)) for row in figures]) for name in names},
        measured,
        tables,
        baseline,
    )


def _number(value: float | str | None) -> float:
    return np.nan if value is None else float(value)


def _evaluation(figures: Sequence[HistoryRow], layers: Sequence[DiagnosticsRow]) -> Evaluation:
    by_member: dict[int, list[DiagnosticsRow]] = {}
    for row in layers:
        by_member.setdefault(int(row.get("member") or 0), []).append(row)
    return Evaluation(figures[0]["epoch"], {int(row.get("member", 0)): row for row in figures}, by_member)
