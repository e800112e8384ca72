"""The page on a run: its sections, as far as the report has what they show."""

from collections.abc import Iterator, Sequence

from nettrain.output.report_page.course import course_section
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.inside import learned_section
from nettrain.output.report_page.layers import diagnostics_section
from nettrain.output.report_page.mistakes import mistakes_section
from nettrain.output.report_page.opening import head
from nettrain.output.report_page.page import Section, page
from nettrain.output.report_page.repetition import repetition_section
from nettrain.output.report_page.results import results_section
from nettrain.output.report_page.subject import data_section, network_section
from nettrain.output.report_page.trust import calibration_section, importance_section, threshold_section
from nettrain.workflow.report.run import RunReport


def run_page(report: RunReport, sections: Sequence[Section]) -> str:
    """The whole page, with these sections."""
    return page(f"{report.name}: training report", head(report), sections)


def run_sections(report: RunReport) -> Iterator[Section]:
    """The sections in the order of the page."""
    drawings, rows = Drawings(), report.rows
    if report.summary is not None:
        yield Section("results", "Results", results_section(report.summary))
    yield Section("training", "Training", course_section(report, drawings))
    if report.diagnostics:
        yield Section("layers", "Layers in training", diagnostics_section(report.diagnostics, drawings))
    if report.world is not None or report.weights is not None:
        yield Section("learned", "What it has learned", learned_section(report, drawings))
    if rows is not None:
        yield Section("mistakes", "Mistakes", mistakes_section(rows, drawings))
        if rows.curve is not None:
            yield Section("thresholds", "Thresholds", threshold_section(rows, rows.curve, drawings))
        if rows.reliability:
            yield Section("calibration", "Calibration", calibration_section(rows, drawings))
        yield Section("importance", "Importance of columns", importance_section(rows, drawings))
    yield Section("data", "Data", data_section(report))
    if report.architecture is not None:
        yield Section("network", "Network", network_section(report, report.architecture))
    yield Section("repeat", "Repeat it", repetition_section(report))
