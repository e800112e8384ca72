"""A gradient check as a person sees it, whatever was checked."""

from rich.console import Console

from nettrain.output.gradient_matrix import matrix_view
from nettrain.output.gradients import function_view, gradient_report
from nettrain.output.numbers import count, figure
from nettrain.workflow.gradcheck import CatalogueCheck, FunctionCheck, NetworkCheck


def show_check(
    console: Console, check: NetworkCheck | FunctionCheck | CatalogueCheck, *, verbose: bool
) -> None:
    """Tables and the verdict; `verbose` names the numbers that were skipped."""
    match check:
        case NetworkCheck():
            name = check.problem.experiment.experiment
            gradient_report(console, name, network_facts(check), check.report, verbose=verbose)
        case FunctionCheck():
            function_view(console, check.report, verbose=verbose)
        case CatalogueCheck():
            matrix_view(console, check.report)


def network_facts(check: NetworkCheck) -> dict[str, str]:
    """What is checked, in a few words."""
    problem, objective = check.problem, check.report["objective"]
    plan, rows, train = problem.architecture, len(problem.rows), len(problem.data.train.x)
    return {
        "network": f"{'-'.join(map(str, plan.widths))}, {count(plan.parameters)} parameters, {check.weights}",
        "batch": f"{count(rows)} of {count(train)} training rows",
        "loss": f"{problem.loss.name}, objective {figure(objective)}",
    }
