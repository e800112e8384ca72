"""The table of the networks of a blend, to the letter."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from nettrain.output.blend_view import fitting_table


def network(number: int, count: int, log_loss: float, status: str = "finished") -> dict[str, Any]:
    metrics = {"val": {"loss": log_loss + 0.1, "accuracy": 1 - log_loss, "log_loss": log_loss}}
    return {"network": number, "count": count, "epochs_run": 12, "status": status, "metrics": metrics}


def shown(summary: dict[str, Any], recipes: list[str], width: int = 100) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(fitting_table(console, summary, recipes))  # type: ignore[arg-type]
    return [" ".join(line.split()) for line in out.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize("recipes", [["mlp", "", "tabm"], ["", "", ""]])
def test_weights_are_shares_and_the_mean_has_its_own_figures(recipes: list[str]) -> None:
    networks = [network(1, 3, 0.2), network(2, 0, 0.5, "diverged"), network(3, 1, 0.25)]
    summary = {"networks": networks, "metrics": {"val": {"accuracy": 0.85, "log_loss": 0.15}}}
    named = any(recipes)
    assert [
        f"network {'recipe ' if named else ''}weight epochs val log loss val accuracy",
        f"1 {'mlp ' if named else ''}75% 12 0.2000 0.8000",
        "2 0% 12 diverged",
        f"3 {'tabm ' if named else ''}25% 12 0.2500 0.7500",
        "mean 0.1500 0.8500",
    ] == [line for line in shown(summary, recipes) if "─" not in line]


def test_numbers_have_their_headline_metrics() -> None:
    metrics = {"rmse": 2.5, "mae": 2.0, "r2": 0.8}
    one = {"network": 1, "count": 1, "epochs_run": 3, "status": "finished", "metrics": {"val": metrics}}
    first = shown({"networks": [one], "metrics": {"val": metrics}}, [""])[0]
    assert first.startswith("network weight epochs val rmse")
    assert "val log loss" not in first


def test_a_narrow_console_has_fewer_figures() -> None:
    summary = {"networks": [network(1, 1, 0.2)], "metrics": {"val": {"accuracy": 0.85, "log_loss": 0.15}}}
    assert "network recipe weight epochs val log loss" == shown(summary, ["realmlp"], 56)[0]


def test_one_that_diverged_and_has_its_best_weights_has_figures() -> None:
    summary = {
        "networks": [network(1, 1, 0.2, "diverged")],
        "metrics": {"val": {"accuracy": 0.8, "log_loss": 0.2}},
    }
    assert "1 100% 12 0.2000 0.8000" in shown(summary, [""])
