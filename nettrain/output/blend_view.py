"""A blend in the terminal: what it trains, the progress of each network, and the final report."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.cross_validation_view import folds_fact, row_counts
from nettrain.output.fitting import first_fitting
from nettrain.output.members import shown_reason
from nettrain.output.numbers import count, figure, plural
from nettrain.output.progress import title
from nettrain.output.report import advice, head, headlines, report_beside
from nettrain.output.training_view import training_facts
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import NetworkSummary, RunSummary
from nettrain.workflow.blending.blend import Blend, BlendJob
from nettrain.workflow.blending.plan import PlannedBlend
from nettrain.workflow.description import TrainingDescription
from nettrain.workflow.folds.plan import PlannedCrossValidation


def show_blend_head(console: Console, job: BlendJob) -> None:
    """Print what is trained on what, a line for each network, and notes."""
    head(console, job.planned.experiment.experiment, _facts(job.planned), job.all_notes)


def _facts(planned: PlannedBlend) -> dict[str, str]:
    """Data and backend of all networks, and what each of them is."""
    first, described = planned.networks[0], planned.descriptions
    shared = training_facts(described[0])
    facts = {"data": shared["data"]}
    if isinstance(first, PlannedCrossValidation):
        rows = ", ".join(f"{count(number)} {split}" for split, number in row_counts(first).items())
        facts = {"data": f"{rows} rows → {shared['data'].partition(' → ')[2]}", "folds": folds_fact(first)}
    if "positive" in shared:
        facts["positive"] = shared["positive"]
    lines = (f"{number}  {in_words(one)}" for number, one in enumerate(described, 1))
    return {**facts, "networks": "\n".join(lines), "backend": shared["backend"]}


def in_words(described: TrainingDescription) -> str:
    """`mlp_plr: 4-64-64-3, 5,123 parameters`."""
    network = training_facts(described)["network"]
    return f"{described.recipe}: {network}" if described.recipe else network


def show_network_head(console: Console, number: int, planned: PlannedBlend) -> None:
    """Print which network is trained next."""
    described = planned.descriptions[number - 1]
    text = f"network {number} of {len(planned.networks)}"
    console.print(Text.assemble((text, "bold"), f"  {in_words(described)}"), soft_wrap=True)


def show_blend_report(console: Console, blend: Blend, folder: RunFolder, drawing: float = 0.0) -> None:
    """Print the networks with their weights, and the final report of their mean prediction.

    `drawing` is how many seconds the pictures took.
    """
    if not blend.chosen:
        console.print(_why_not(blend), style="yellow", soft_wrap=True)
        return
    recipes = [one.recipe for one in blend.planned.descriptions]
    report_beside(
        fitting_table(console, blend.summary, recipes),
        console,
        blend.summary,
        folder.path,
        folder.file_names(),
        drawing=drawing,
    )


def _why_not(blend: Blend) -> str:
    """Why a blend does not predict, and what to try."""
    if blend.status == "interrupted":
        return f"interrupted in network {len(blend.networks)} of {len(blend.planned.networks)}"
    first = blend.networks[0].folds[0].run.summary
    return f"all {plural(len(blend.networks), 'network')} diverged; {advice(first)}"


def fitting_table(console: Console, summary: RunSummary, recipes: Sequence[str]) -> Table:
    """The table of networks with as many columns of figures as fit the console, but at least one."""
    names = _telling(summary)
    tables = (
        networks_table(summary, recipes, names[:count])
        for count in range(len(names), min(len(names), 1) - 1, -1)
    )
    return first_fitting(console, tables)


def networks_table(summary: RunSummary, recipes: Sequence[str], names: Sequence[str]) -> Table:
    """A row for each network, with its weight and figures of all validation rows, and one for the mean.

    `recipes` are the names of theirs, "" where one has none; `names` are those of the figures.
    """
    networks, own = summary["networks"], summary["metrics"]["val"]
    total = sum(one["count"] for one in networks)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("network", "mean", justify="right", no_wrap=True)
    if any(recipes):
        table.add_column("recipe", no_wrap=True)
    table.add_column("weight", justify="right", no_wrap=True)
    table.add_column("epochs", justify="right", no_wrap=True)
    for name in names:
        table.add_column(title(f"val_{name}"), figure(own.get(name)), justify="right", no_wrap=True)
    for one in networks:
        recipe = [recipes[one["network"] - 1]] if any(recipes) else []
        cells = (str(one["network"]), *recipe, f"{one['count'] / total:.0%}", *_figures(one, names))
        table.add_row(*cells, style="" if one["count"] else "dim")
    return table


def _telling(summary: RunSummary) -> list[str]:
    """The log loss of classes, by which networks are weighed, and the headline metrics of validation rows."""
    own = summary["metrics"]["val"]
    first = ["log_loss"] if "log_loss" in own else []
    return [*first, *(name for name in headlines({"val": own}) if name != "loss")][:3]


def _figures(network: NetworkSummary, names: Sequence[str]) -> list[str]:
    """The epochs and the validation figures of a network, or that it diverged."""
    epochs = count(network["epochs_run"])
    if network["status"] == "diverged" and not network["count"]:
        return [epochs, shown_reason("diverged"), *("" for _ in names[1:])]
    values = network["metrics"].get("val", {})
    return [epochs, *(figure(values.get(name)) for name in names)]
