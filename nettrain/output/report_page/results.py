"""The figures of a run, beside those of a constant prediction."""

from nettrain.output.numbers import spread
from nettrain.output.postprocessing import postprocessing_lines, uncalibrated_lines
from nettrain.output.report import headlines
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.networks import ensemble_part, networks_part
from nettrain.output.report_page.page import quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import SPLITS, named, shown
from nettrain.store.summary import Metrics, RunSummary

THRESHOLDS = ("best_f1_threshold", "best_f1", "threshold", "threshold_f1")  # the last two of earlier versions


def results_section(summary: RunSummary) -> Content:
    """The figures of every split beside those of a constant prediction, and of every network."""
    several = networks_part(summary) if "mean" in summary else None
    if "networks" in summary:
        several = ensemble_part(summary)
    return _figures(summary), _baseline(summary), _postprocessing(summary), several


def _figures(summary: RunSummary) -> Content:
    splits, names = summary["metrics"], _names(summary["metrics"])
    sd: Metrics = deviations(summary)
    baseline: Metrics = summary["baseline"]["metrics"] if "baseline" in summary else {}
    headings = [Heading("figure")]
    for split in splits:
        headings.append(Heading(SPLITS[split], numeric=True))
        headings += [Heading("constant", numeric=True)] if split in baseline else []
    rows: list[Row] = []
    important = headlines(splits)
    for name in names:
        cells: list[Cell | str] = [
            Cell(
                element(
                    "span",
                    named(name, summary.get("positive", "")),
                    class_="mark" if name in important else None,
                )
            )
        ]
        for split, values in splits.items():
            deviation = sd.get(split, {}).get(name)
            value = values.get(name)
            text = spread(value, deviation) if deviation is not None else shown(name, value)
            cells.append(Cell.of(text, value))
            if split in baseline:
                constant = baseline[split].get(name)
                cells.append(
                    Cell(element("span", shown(name, constant), class_="quiet"), constant, numeric=True)
                )
        rows.append(cells)
    return table(headings, rows, caption="Figures by split")


def deviations(summary: RunSummary) -> Metrics:
    """The standard deviations of figures that are means, not of those of a mean prediction."""
    if summary.get("joint"):
        return {}
    sd = summary.get("sd", {})
    return {split: named for split, named in sd.items() if not ("folds" in summary and split == "test")}


def _names(splits: Metrics) -> list[str]:
    """All figures, those that sum the run up first; thresholds stand elsewhere."""
    first = headlines(splits)
    names = dict.fromkeys(name for named in splits.values() for name in named)
    return [*first, *(name for name in names if name not in (*first, *THRESHOLDS))]


def _baseline(summary: RunSummary) -> Content:
    if "baseline" not in summary:
        return None
    text = summary["baseline"]["prediction"]
    return quiet(f"The constant prediction is {text}. What a network adds is the difference.")


def _postprocessing(summary: RunSummary) -> Content:
    """What is done with predictions before they are measured, and what calibration has changed."""
    if "postprocessing" not in summary:
        return None
    applied = summary["postprocessing"]
    lines = [*postprocessing_lines(applied, summary.get("positive", ""))]
    changes = [*uncalibrated_lines(applied, summary["metrics"])]
    return quiet("Predictions are ", "; ".join([*lines, *changes]), ".")
