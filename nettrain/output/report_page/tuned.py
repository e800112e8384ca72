"""What a tuning found, on the page of its search: the figures, and how far each can be trusted."""

import shlex

from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import listing, paragraph, quiet
from nettrain.output.report_page.table import Heading, Row, table
from nettrain.output.report_page.words import named
from nettrain.output.tune_words import figure_rows, trust_lines
from nettrain.store.tune_summary import FoundJson, TuneSummary


def tuned_section(summary: TuneSummary, found: FoundJson, place: str) -> Content:
    """A table of figures with intervals, what they mean, and how to use the ensemble."""
    headings = [
        Heading(named(found["metric"])),
        *(Heading(name, numeric=True) for name in ("one network", "ensemble", "constant")),
    ]
    rows: list[Row] = [
        [f"· {row.label}" if row.below else row.label, row.single, row.ensemble, row.constant]
        for row in figure_rows(found)
    ]
    lines = [element("li", line) for line in trust_lines(summary, found)]
    networks = ", ".join(
        f"{one['network']}" + (f" (×{one['count']})" if one["count"] > 1 else "")
        for one in found["ensemble"]["networks"]
    )
    commands = [f"nettrain {name} {shlex.quote(f'{place}/ensemble')}" for name in ("predict", "report")]
    return (
        table(headings, rows, caption="Figures of what was tuned"),
        element("ul", lines),
        quiet(
            f"The ensemble is trials {networks}, chosen from {found['ensemble']['candidates']} candidates."
        ),
        paragraph("It is a run like any other:"),
        listing(f"{commands[0]} DATA\n{commands[1]}"),
    )
