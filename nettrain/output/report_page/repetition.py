"""How to repeat a run: its experiment file, commands, and the machine it was trained on."""

import shlex

from nettrain.output.numbers import count, seconds
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import code, details, listing, paragraph
from nettrain.output.report_page.table import facts
from nettrain.store.summary import RunSummary
from nettrain.workflow.report.run import RunReport


def repetition_section(report: RunReport) -> Content:
    """Commands, the experiment with every key, and the environment."""
    summary = report.summary
    return (
        _commands(report),
        details("The experiment with every key (config.yaml)", listing(report.config)),
        _environment(summary) if summary else None,
    )


def _commands(report: RunReport) -> Content:
    if not report.place:
        return paragraph(
            "This run was trained in memory; ", code("nettrain.train"), " takes the experiment below."
        )
    place = report.place
    config = shlex.quote(f"{place}/config.yaml")
    summary = report.summary
    held_out = " --part validation" if summary and "folds" in summary else ""
    if summary and "networks" in summary and "test" not in summary["metrics"]:
        held_out = " --part validation"
    lines = [
        f"nettrain train {config}",
        f"nettrain evaluate {shlex.quote(place)}{held_out} --importance",
        f"nettrain predict {shlex.quote(place)} DATA",
    ]
    if summary and "networks" in summary:
        text = (
            "Each network is a run of its own, in networks/, with its config.yaml. Together they predict by:"
        )
        return paragraph(text), listing("\n".join(lines[1:]))
    return paragraph("The first of these repeats the run to the bit on the same machine:"), listing(
        "\n".join(lines)
    )


def _environment(summary: RunSummary) -> Content:
    timing, environment = summary["timing"], summary["environment"]
    pairs: list[tuple[str, Content]] = [("seed", count(summary["seed"]))]
    pairs.append(
        (
            "time",
            f"{seconds(timing['total_seconds'])} in all, {seconds(timing['train_seconds'])} of it in"
            f" {count(timing['steps'])} steps",
        )
    )
    pairs += [(name, str(value)) for name, value in environment.items()]
    return element("h3", "Environment"), facts(pairs)
