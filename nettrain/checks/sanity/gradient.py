"""A quick gradient check of the network itself, on a few rows and a few numbers of each tensor."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nettrain.checks.comparison import TOLERANCE
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.problem import GradientProblem, gradient_problem
from nettrain.checks.report import NetworkReport, network_report
from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import changed, with_rows
from nettrain.data.tables.spaced import spaced

ROWS = 16  # of the batch
NUDGE = 0.1  # of weights that lie on kinks
NUMBERS = 3  # compared in each tensor, beside directions of all parameters


@sanity_check("gradient", rank=50)
def gradient(checked: CheckedExperiment) -> Iterator[Finding]:
    """Backpropagation agrees with finite differences and dual numbers, for this very network."""
    data = with_rows(checked.data, spaced(len(checked.data.train.x), ROWS))
    batch = changed(checked.experiment, training={"batch_size": len(data.train.x)})
    plain = batch.model_copy(update={"backend": batch.backend.model_copy(update={"tf32": False})})
    problem = gradient_problem(plain, data)
    report = checked_at(problem)
    if not any(tensor["checked"] for tensor in report["tensors"]):  # such as weights of 0, on a kink
        noise = np.random.default_rng(0).normal(scale=NUDGE, size=problem.point.shape)
        report = checked_at(replace(problem, point=problem.point + noise))
    errors = [tensor[method]["worst"] for tensor in report["tensors"] for method in ("difference", "dual")]
    worst = max((error for error in errors if error is not None), default=0.0)
    yield Finding(
        subject="relative error",
        value=f"{worst:.1e}",
        expected=f"below {TOLERANCE:.0e}",
        verdict="ok" if report["passed"] else "wrong",
        advice="" if report["passed"] else "nettrain gradcheck says where and how it is wrong.",
        figures={"error": worst},
    )


def checked_at(problem: GradientProblem) -> NetworkReport:
    """The gradient check at the problem's point."""
    return network_report(problem, check(problem, CheckOptions(samples=NUMBERS)), 0.0)
