"""What mattered in a search, on the page on it: shares of variance, and the partial effects."""

from nettrain.output.figures.canvas import svg
from nettrain.output.figures.effects import effects_picture
from nettrain.output.importance_words import interval, lines, percent
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import paragraph
from nettrain.output.report_page.table import Cell, Heading, Row, bar, table
from nettrain.output.report_page.words import named as title
from nettrain.sweep.anova.analysis import Anova, NoAnova

METHOD = (
    "Each curve is the mean rank of trials at a value of one parameter, over all values of the others, by a"
    " random forest; it is labelled with the metric of the trial that has this rank. Bands hold 95 % of what"
    " other trials would have shown."
)


def importance_content(anova: Anova | NoAnova, drawings: Drawings, *, named: bool) -> Content:
    """What mattered for one goal, with its name where there are several."""
    heading = element("h3", f"For {title(anova.metric)}") if named else None
    said = [paragraph(line) for line in lines(anova)]
    if isinstance(anova, NoAnova) or not anova.is_told:
        return heading, said
    picture = effects_picture(anova, "", render=svg)
    return heading, said, _shares(anova), drawings.figure(picture, "Partial effects", METHOD)


def _shares(anova: Anova) -> Content:
    headings = [
        Heading("parameter"),
        Heading("share of variance"),
        Heading("95 % interval"),
        Heading("more than chance"),
    ]
    alone: list[Row] = [
        (one.key, _share(one.share.value), interval(one.share), "yes" if one.is_told else "may be chance")
        for one in anova.effects
    ]
    together: list[Row] = [
        (" × ".join(one.keys), _share(one.share.value), interval(one.share), "yes")
        for one in anova.interactions
        if one.is_told
    ]
    return table(headings, [*alone, *together], caption="Shares of the variance", sortable=True)


def _share(value: float) -> Cell:
    return Cell(bar(value, percent(value)), value)
