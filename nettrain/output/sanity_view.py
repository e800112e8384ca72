"""Sanity checks in the terminal: a row for each finding, and advice below the table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.checks.sanity.registry import SanityCheck
from nettrain.output.numbers import plural, seconds
from nettrain.workflow.check import SanityReport

STYLES = {"ok": "green", "look": "yellow", "wrong": "bold red"}
SUMS = {
    "ok": "everything looks sound",
    "look": "nothing is wrong; some things are worth a look",
    "wrong": "something is wrong",
}


@contextmanager
def check_status(console: Console) -> Iterator[Callable[[SanityCheck], None]]:
    """A function to call with the check that begins: a status line in a terminal."""
    with console.status("reading the data") as status:
        yield lambda check: status.update(check.name)


def show_sanity(console: Console, report: SanityReport) -> None:
    """Print the findings, advice on those that are not ok, and the verdict."""
    console.print(Text(report.experiment, style="bold cyan"))
    console.print(findings_table(report))
    for name, findings in report.findings.items():
        for finding in findings:
            if finding.advice:
                style = STYLES[finding.verdict]
                advice = Text.assemble((f"{finding.verdict:<6}", style), f"{name}: {finding.advice}")
                console.print(advice)
    counts = [len(findings) for findings in report.findings.values()]
    summary = f"{SUMS[report.verdict]}: {plural(sum(counts), 'finding')} of {plural(len(counts), 'check')}"
    console.print(Text(f"{summary} in {seconds(sum(report.seconds.values()))}", style=STYLES[report.verdict]))


def findings_table(report: SanityReport) -> Table:
    """A row for each finding, under the name of its check."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in ("check", "what", "value", "expected", "verdict"):
        table.add_column(name, overflow="fold")
    for name, findings in report.findings.items():
        for row, finding in enumerate(findings):
            verdict = Text(finding.verdict, style=STYLES[finding.verdict])
            cells = (name if row == 0 else "", finding.subject, finding.value, finding.expected)
            table.add_row(*map(Text, cells), verdict)
    return table
