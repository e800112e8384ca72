"""The registry of sanity checks, in the order in which they are run, and what they find."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import getdoc

from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict


@dataclass(frozen=True)
class Finding:
    """What was measured, the value that a sound experiment has, and a verdict.

    `advice` is one sentence on what to do, where the verdict is not ok. `figures` are the measured numbers.
    """

    subject: str
    value: str
    expected: str
    verdict: Verdict
    advice: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def graded(value: float, most: float, limit: float) -> Verdict:
    """ok up to `most`, worth a look up to `limit`, and wrong above it."""
    return "ok" if value <= most else "look" if value <= limit else "wrong"


RunCheck = Callable[[CheckedExperiment], Iterator[Finding]]


@dataclass(frozen=True)
class SanityCheck:
    """A check by name: `run` yields its findings, none where it does not apply to the experiment.

    Checks of a lower `rank` run earlier.
    """

    name: str
    run: RunCheck
    rank: int

    @property
    def meaning(self) -> str:
        """What the check looks at, in one sentence."""
        return (getdoc(self.run) or "").partition("\n\n")[0].replace("\n", " ")


SANITY_CHECKS: dict[str, SanityCheck] = {}  # by name


def sanity_check(name: str, *, rank: int) -> Callable[[RunCheck], RunCheck]:
    """Decorator: the function is the check of this name; its docstring's first sentence says what it is."""

    def decorate(run: RunCheck) -> RunCheck:
        if name in SANITY_CHECKS:
            raise ValueError(f"sanity check {name!r} is registered twice")
        SANITY_CHECKS[name] = SanityCheck(name, run, rank)
        return run

    return decorate
