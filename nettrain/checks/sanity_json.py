"""Sanity checks as plain data: what `nettrain check --json` prints. It imports nothing that computes."""

from typing import Literal

from typing_extensions import TypedDict

Verdict = Literal["ok", "look", "wrong"]


class FindingJson(TypedDict):
    """One finding of `nettrain check --json`."""

    check: str
    subject: str
    value: str
    expected: str
    verdict: Verdict
    advice: str
    figures: dict[str, float | None]


class CheckJson(TypedDict):
    """What `nettrain check --json` prints; `seconds` by check, and `passed` when nothing is wrong."""

    experiment: str
    passed: bool
    verdict: Verdict
    findings: list[FindingJson]
    not_applicable: list[str]
    seconds: dict[str, float]
