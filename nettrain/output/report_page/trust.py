"""How far predictions can be trusted: thresholds, calibration, and the columns they rest on."""

from collections.abc import Iterator, Sequence

from nettrain.inference.reliability import ReliabilityBin, calibration_error, overconfidence
from nettrain.inference.threshold_curve import ThresholdCurve, ThresholdPoint
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.images import pixels_picture
from nettrain.output.figures.reliability import reliability_picture
from nettrain.output.figures.threshold_curves import threshold_picture
from nettrain.output.numbers import count, figure, plural, spread
from nettrain.output.postprocessing import calibration_words, threshold_words
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import code, paragraph, quiet
from nettrain.output.report_page.table import Cell, Heading, bar, table
from nettrain.output.report_page.words import named, percent
from nettrain.workflow.report.own_rows import ReportedRows

MOST_COLUMNS = 30
STEPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CLOSE = 0.02  # between the predicted and the true share, which is hardly worth a word
FEW = 10  # rows of a bin, whose share says little


def threshold_section(rows: ReportedRows, curve: ThresholdCurve, drawings: Drawings) -> Content:
    """What another threshold than the usual one would do."""
    marked = [curve.at(rows.task.thresholds[0] if rows.task.thresholds else rows.task.limit)]
    if rows.best_f1_threshold is not None and rows.best_f1_threshold != marked[0].threshold:
        marked.append(curve.at(rows.best_f1_threshold))
    positive = rows.task.positive
    text = (
        f"A row is called “{positive}” when its prediction reaches the threshold. The lower it is, the more"
        " of them are found, and the more others are called so too. The area under the ROC curve,"
        f" {figure(rows.metrics['roc_auc'])}, is the chance that a row of “{positive}” ranks above one that"
        " is not."
    )
    picture = threshold_picture(curve, marked, "", render=svg)
    return drawings.figure(picture, "ROC curve, and precision against recall", text), _thresholds(
        rows, curve, marked
    )


def _thresholds(rows: ReportedRows, curve: ThresholdCurve, marked: list[ThresholdPoint]) -> Content:
    points = {
        one.threshold: one
        for one in (*marked, *(curve.at(step) for step in STEPS if rows.task.probabilities))
    }
    headings = [
        Heading(name, numeric=True)
        for name in ("threshold", "recall", "precision", "F1", "false positive rate")
    ]
    ranked = sorted(points.values(), key=lambda one: one.threshold)
    cells = [
        (
            Cell.of(f"{one.threshold:.2f}", one.threshold),
            Cell.of(percent(one.recall), one.recall),
            Cell.of("–" if one.precision is None else percent(one.precision), one.precision),
            Cell.of(figure(one.f1), one.f1),
            Cell.of(percent(one.false_positives), one.false_positives),
        )
        for one in ranked
    ]
    note, highlighted = _highlighted(rows)
    lines = [k for k, one in enumerate(ranked) if one.threshold == highlighted]
    return (
        table(headings, cells, caption="Thresholds", sortable=True, highlighted=lines),
        quiet(note) if note else None,
    )


def _highlighted(rows: ReportedRows) -> tuple[str, float | None]:
    """What to say of the threshold that stands out, and that threshold, if there is one."""
    if rows.applied and rows.task.thresholds:
        words = threshold_words(rows.applied, rows.task.positive)
        return f"The run decides by the marked threshold, {words}.", rows.task.thresholds[0]
    best = rows.best_f1_threshold
    return "" if best is None else "The marked threshold has the best F1 on validation rows.", best


def calibration_section(rows: ReportedRows, drawings: Drawings) -> Content:
    """Whether a prediction with 80 % is right in 80 % of the cases."""
    bins = list(rows.reliability)
    caption = (
        "Of the rows predicted with a probability of 0.8, 80 % should be right. Below the dashed line the"
        " network is over-confident, above it too cautious."
    )
    bins_as_numbers = table(
        _bin_headings(), [_bin_cells(one) for one in bins], caption="Bins of the reliability diagram"
    )
    return (
        paragraph(_calibration_text(rows, bins), _on_few_rows(bins)),
        drawings.figure(reliability_picture(bins, "", render=svg), "Reliability diagram", caption),
        element("details", element("summary", "The bins as numbers"), bins_as_numbers),
    )


def _calibration_text(rows: ReportedRows, bins: Sequence[ReliabilityBin]) -> str:
    error, over = calibration_error(bins), overconfidence(bins)
    verdict = (
        "over-confident" if over > CLOSE else "too cautious" if over < -CLOSE else "about as right as it says"
    )
    # of several labels the metric is the mean of theirs, which is another figure
    what = "over all labels together" if len(rows.task.names) > 1 else "the calibration error"
    text = (
        f"On average the network is {verdict}: predicted and true shares are {percent(error)} apart, {what}."
    )
    if rows.applied and rows.applied["calibration"] != "none":
        text += f" Its probabilities are calibrated: {calibration_words(rows.applied)}."
    return text


def _on_few_rows(bins: Sequence[ReliabilityBin]) -> str:
    few = sum(one.rows < FEW for one in bins)
    return (
        f" {few} of the {len(bins)} points stand for fewer than {FEW} rows: they say little." if few else ""
    )


def _bin_headings() -> list[Heading]:
    names = ("on average", "share right", "rows")
    return [Heading("predicted between"), *(Heading(name, numeric=True) for name in names)]


def _bin_cells(one: ReliabilityBin) -> tuple[str | Cell, ...]:
    rows = count(int(one.rows)) if float(one.rows).is_integer() else figure(one.rows)
    return (
        f"{one.low:.2f} and {one.high:.2f}",
        Cell.of(percent(one.predicted), one.predicted),
        Cell.of(percent(one.right), one.right),
        Cell.of(rows, one.rows),
    )


def importance_section(rows: ReportedRows, drawings: Drawings) -> Iterator[Content]:
    """How much worse the metric gets without what a column says."""
    again, importance = code("nettrain evaluate RUN --importance"), rows.importance
    if importance is None:
        yield quiet("Left out, since it would take long here: ", again, " measures it.")
        return
    metric = named(importance.metric)
    sample = plural(rows.importance_rows, f"{rows.split} row")
    yield paragraph(
        f"How much worse {metric} gets on {sample} when the cells of one column are shuffled among the rows:"
        " what the network loses without what the column says. Columns that say the same as others can seem"
        " unimportant."
    )
    if rows.importance_image is not None:
        picture = pixels_picture(rows.importance_image, "", f"darker: {metric} suffers more", render=svg)
        yield drawings.figure(
            picture, "Importance of pixels", "How much the predictions rest on each pixel.", own_colors=True
        )
    chosen = importance.columns[:MOST_COLUMNS]
    largest = max((one.mean for one in chosen), default=0.0)
    cells = [
        (
            one.column,
            Cell(
                bar(one.mean / largest if largest > 0 else 0.0, spread(round(one.mean, 12), one.sd)), one.mean
            ),
        )
        for one in chosen
    ]
    yield table(
        [
            Heading("column"),
            Heading(f"{metric} {'lost' if importance.goal == 'maximize' else 'added'} (± over shuffles)"),
        ],
        cells,
        caption="Importance of columns",
        sortable=True,
    )
    more = len(importance.columns) - len(chosen)
    yield quiet(
        f"{count(more)} less important columns are left out. " if more else None,
        f"{importance.shuffles} shuffles of each column; ",
        again,
        " measures it on all rows.",
    )
