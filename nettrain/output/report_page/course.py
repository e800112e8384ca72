"""How training went: its curves, and how it ended."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from nettrain.output.curve_labels import curve_labels
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.curves import curves_picture
from nettrain.output.figures.folds import folds_picture
from nettrain.output.report import advice, continuation, ending, improving
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import code, paragraph
from nettrain.output.report_page.table import facts
from nettrain.training.events import AdviceGiven
from nettrain.workflow.report.run import RunReport


def course_section(report: RunReport, drawings: Drawings) -> Content:
    """Curves, and why training stopped."""
    return _curves(report, drawings), _advice(report.advice), _ending(report)


def _advice(advice: Sequence[AdviceGiven]) -> Content:
    """What looked sick, and what to try."""
    lines = [paragraph(element("strong", f"Epoch {one.epoch:g}"), " ", one.line) for one in advice]
    return element("div", lines, class_="notice", role="note") if lines else None


def _curves(report: RunReport, drawings: Drawings) -> Content:
    summary = report.summary
    if not report.history:
        return paragraph("There is no epoch in the history yet.")
    if summary and "folds" in summary:
        text = (
            "Above, a thin line is a fold, measured on rows that its network does not see, and a dot its best"
            " epoch. Below, how much figures depend on which rows are held out: blue dots are those of"
            " held-out rows, orange rings those of the rows that the fold was trained on."
        )
        picture = folds_picture(report.history, summary, "", render=svg)
        return drawings.figure(picture, "Folds", text)
    best = None if summary is None or {"members", "networks"} & {*summary} else summary["best_epoch"]
    monitor = summary["monitor"] if summary else ""
    labels = curve_labels(report.experiment, report.data.rows.get("train") if report.data else None)
    picture = curves_picture(report.history, "", monitor=monitor, best=best, labels=labels, render=svg)
    several = "; thin lines are single networks" if summary and {"members", "networks"} & {*summary} else ""
    text = (
        "The network sees the training rows alone. While both curves fall, it learns what all rows have in"
        " common; where validation turns up while training goes on falling, it learns its rows by heart"
        f"{several}."
    )
    return drawings.figure(picture, "Loss and metrics by epoch", text)


def _ending(report: RunReport) -> Content:
    summary = report.summary
    if summary is None:
        again = f"nettrain resume {shlex.quote(report.place)}" if report.place else ""
        return paragraph("It goes on with ", code(again), ".") if again else None
    if "networks" in summary:
        tuned = "" if report.experiment.blend else ", or until the time was over"
        return paragraph(f"Each network trained as its experiment says{tuned}.")
    pairs: list[tuple[str, Content]] = [("stopped", ending(summary))]
    if "improving" in summary:
        more = code(continuation(summary["improving"], Path(report.place))) if report.place else None
        pairs.append(("still improving", (improving(summary), ". Go on: " if more else None, more)))
    if summary["status"] == "interrupted" and report.place:
        pairs.append(("go on", code(f"nettrain resume {shlex.quote(report.place)}")))
    if summary["status"] == "diverged":
        pairs.append(("advice", advice(summary)))
    return facts(pairs)
