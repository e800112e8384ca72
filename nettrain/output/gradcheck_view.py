"""Gradient checks in the terminal."""

from rich.console import Console

from nettrain.output.gradient_matrix import matrix_view
from nettrain.output.gradients import function_view, gradient_report
from nettrain.output.numbers import count, figure
from nettrain.workflow.gradcheck import CatalogueCheck, FunctionCheck, NetworkCheck


def show_check(
    console: Console, check: NetworkCheck | FunctionCheck | CatalogueCheck, *, verbose: bool
) -> None:
    """Print tables and the verdict; with `verbose`, list the numbers that were skipped."""
    match check:
        case NetworkCheck():
            name = check.problem.experiment.experiment
            gradient_report(console, name, network_facts(check), check.report, verbose=verbose)
        case FunctionCheck():
            function_view(console, check.report, verbose=verbose)
        case CatalogueCheck():
            matrix_view(console, check.report)


def network_facts(check: NetworkCheck) -> dict[str, str]:
    """What is checked, as labelled lines."""
    problem, objective = check.problem, check.report["objective"]
    plan, rows, train = problem.architecture, len(problem.rows), len(problem.data.train.x)
    return {
        "network": f"{'-'.join(map(str, plan.widths))}, {count(plan.parameters)} parameters, {check.weights}",
        "batch": f"{count(rows)} of {count(train)} training rows",
        "loss": f"{problem.loss.name}, objective {figure(objective)}",
    }
