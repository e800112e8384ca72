"""Sanity checks of an experiment on its data, before it is trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from nettrain.checks.sanity import SANITY_CHECKS
from nettrain.checks.sanity.registry import Finding, SanityCheck
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import CheckJson, FindingJson, Verdict
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError, nearest
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.workflow.find_rate import with_rate_found
from nettrain.workflow.source import ExperimentSource, load_experiment

SEVERITY: tuple[Verdict, ...] = ("ok", "look", "wrong")


@dataclass(frozen=True, repr=False)
class SanityReport:
    """The findings of the checks that were run, by the name of the check, and how long each took."""

    experiment: str
    findings: dict[str, list[Finding]]
    seconds: dict[str, float]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all."""
        verdicts = [finding.verdict for findings in self.findings.values() for finding in findings]
        return max(verdicts, key=SEVERITY.index, default="ok")

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict != "wrong"

    @property
    def plain(self) -> CheckJson:
        """The report as the command prints it."""
        return {
            "experiment": self.experiment,
            "passed": self.passed,
            "verdict": self.verdict,
            "findings": [
                _plain(name, finding) for name, findings in self.findings.items() for finding in findings
            ],
            "not_applicable": [name for name, findings in self.findings.items() if not findings],
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        count = sum(map(len, self.findings.values()))
        return f"<SanityReport {self.experiment}: {self.verdict}, {count} findings>"


def _plain(name: str, finding: Finding) -> FindingJson:
    figures = {key: value if np.isfinite(value) else None for key, value in finding.figures.items()}
    return {
        "check": name,
        "subject": finding.subject,
        "value": finding.value,
        "expected": finding.expected,
        "verdict": finding.verdict,
        "advice": finding.advice,
        "figures": figures,
    }


def check(
    experiment: ExperimentSource,
    *overrides: str,
    data: object = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> SanityReport:
    """Run the checks that experienced people run by hand before they train a network.

    Parameters
    ----------
    experiment : str, path or mapping
        The experiment file, or its content.
    *overrides : str
        Changes as on the command line.
    data : array, frame, mapping or pair, optional
        As for `train`.
    only, skip : sequence of str
        Names of the checks to run alone, or to leave out; default: all are run.

    Returns
    -------
    SanityReport
        `passed` says whether nothing is wrong, `findings` what each check has measured.

    Raises
    ------
    SpecError
        When the experiment is wrong, or there is no check of a name.
    DataError
        When the data cannot be read.

    Examples
    --------
    >>> import nettrain
    >>> spec = {"data": {"source": "builtin:iris"}, "model": {"hidden": [8]}}
    >>> nettrain.check(spec, only=["initial_loss"]).passed
    True
    """
    memory = None if data is None else MemoryTables.of(data)
    return check_experiment(load_experiment(experiment, overrides, memory), chosen(only, skip), memory)


def chosen(only: Sequence[str] = (), skip: Sequence[str] = ()) -> list[SanityCheck]:
    """The checks to run, in their order. Raises SpecError when there is none of a name."""
    for option, names in (("only", only), ("skip", skip)):
        unknown = next((name for name in names if name not in SANITY_CHECKS), None)
        if unknown is not None:
            raise SpecError(f'{option}: no check "{unknown}"{nearest(unknown, SANITY_CHECKS)}')
    checks = sorted(SANITY_CHECKS.values(), key=lambda one: (one.rank, one.name))
    return [one for one in checks if (not only or one.name in only) and one.name not in skip]


def check_experiment(
    loaded: LoadedExperiment,
    checks: Sequence[SanityCheck],
    memory: MemoryTables | None = None,
    on_check: Callable[[SanityCheck], None] | None = None,
) -> SanityReport:
    """Run these checks; `on_check` is called with each before it begins."""
    with loaded.locating_errors():
        experiment, data = read_and_resolve(resolve(loaded.experiment), memory)
        experiment, found = with_rate_found(experiment, data)
        checked = CheckedExperiment(experiment, data)
        findings, seconds = {}, {}
        for one in checks:
            if on_check is not None:
                on_check(one)
            started = perf_counter()
            with np.errstate(over="ignore", invalid="ignore"):  # of networks that diverge
                findings[one.name] = list(one.run(checked))
            seconds[one.name] = perf_counter() - started
    notes = (*loaded.notes, *data.notes, *found)
    return SanityReport(checked.experiment.experiment, findings, seconds, notes)
