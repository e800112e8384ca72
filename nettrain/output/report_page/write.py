"""Writing the page on a run or a sweep."""

import os
from dataclasses import dataclass
from pathlib import Path

from nettrain.errors import SpecError
from nettrain.files import is_pipe_or_device, write_atomic
from nettrain.output.report_page.page import Section
from nettrain.output.report_page.run_page import run_page, run_sections
from nettrain.output.report_page.sweep_page import sweep_page, sweep_sections
from nettrain.store.run_folder import is_our_page, mistaken_for_run
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.evaluation import OnColumn, ignore
from nettrain.workflow.report.json_models import RunReportJson, SweepReportJson
from nettrain.workflow.report.json_report import run_facts, sweep_facts
from nettrain.workflow.report.run import RunReport, report_on_folder, report_on_run
from nettrain.workflow.report.sweep import SweepReport, is_sweep, report_on_sweep
from nettrain.workflow.run import Run
from nettrain.workflow.source import FilePath

NAME = "report.html"
ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class WrittenReport:
    """The page that was written, and the facts that it shows."""

    file: Path
    facts: RunReportJson | SweepReportJson


def report(source: Run | FilePath, out: FilePath | None = None) -> Path:
    """Write a page of HTML on a run or a sweep, which needs no other file and no network.

    Parameters
    ----------
    source : Run, str or path
        A run, or the folder of a run or of a sweep.
    out : str or path, optional
        The page; default: report.html in the folder.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    SpecError
        When there is no such run or sweep, the file is not a page of ours, or a run in memory has no `out`.
    NettrainError
        When the page cannot be written.

    Examples
    --------
    >>> nettrain.report("runs/iris")  # doctest: +SKIP
    PosixPath('runs/iris/report.html')
    """
    with arguments_named("out"):
        return write_report(source, None if out is None else Path(out)).file


def write_report(
    source: Run | FilePath, out: Path | None = None, on_column: OnColumn = ignore
) -> WrittenReport:
    """Write the page on a run or a sweep; `on_column` reports the progress of permutation importance."""
    file = page_file(source, out)
    if isinstance(source, Run):
        return _write_run(report_on_run(source, on_column), file)
    folder = Path(source)
    if is_sweep(folder):
        return _write_sweep(report_on_sweep(folder), file)
    return _write_run(report_on_folder(folder, on_column), file)


def page_file(source: Run | FilePath, out: Path | None) -> Path:
    """Where the page goes. Raises SpecError when that is no page by its name, or is another file."""
    if out is None:
        folder = source.folder if isinstance(source, Run) else Path(source)
        if folder is None:
            raise SpecError("report: the run is in memory, name a file: out")
        if not folder.is_dir():
            raise SpecError(mistaken_for_run(folder) or f"{folder}: not a folder")
        out = folder / NAME
    if is_pipe_or_device(out):
        return out
    if out.suffix.lower() not in ENDINGS:
        raise SpecError(f"--out: {os.fspath(out)}: is not a name for a page, which ends with {ENDINGS[0]}")
    if out.exists() and not is_our_page(out):
        raise SpecError(f"--out: {out}: is no report of nettrain, and is not overwritten")
    return out


def _write_run(report: RunReport, file: Path) -> WrittenReport:
    sections = list(run_sections(report))
    write_atomic(file, run_page(report, sections))
    return WrittenReport(file, run_facts(report, str(file), _titles(sections)))


def _write_sweep(report: SweepReport, file: Path) -> WrittenReport:
    sections = list(sweep_sections(report))
    write_atomic(file, sweep_page(report, sections))
    return WrittenReport(file, sweep_facts(report, str(file), _titles(sections)))


def _titles(sections: list[Section]) -> list[str]:
    return [one.title for one in sections]
