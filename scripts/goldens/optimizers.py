"""Two hundred steps of torch.optim in float64, on Rosenbrock's valley and on a badly scaled parabola.

Every number is passed explicitly, since the two libraries' defaults differ. A case has nettrain's names; its
points are torch's parameters after some of the steps. Decay is coupled (`l2`) or, for AdamW, decoupled.
"""

import json
from pathlib import Path
from typing import Any

import torch

STEPS = (1, 2, 3, 10, 50, 200)
PARABOLA = {
    "start": [-2.0, -1.5, -1.0, -0.5, 0.25, 0.5, 1.0, 1.5, 2.0],
    "scale": [0.01, 0.02, 0.05, 0.1, 0.3, 0.7, 1.5, 3.0, 6.0],
    "centre": [1.0, 0.75, 0.5, 0.25, 0.125, -0.25, -0.5, -0.75, -1.0],
}
VALLEY = {"start": [-1.2, 1.0]}
MOMENTS = {"beta1": 0.88, "beta2": 0.98, "epsilon": 1e-7}


def write(folder: Path) -> None:
    """Write optimizers.json."""
    torch.set_default_dtype(torch.float64)  # NAdam keeps its products in it
    cases = [walked(case, problem) for case in all_cases() for problem in ("valley", "parabola")]
    problems = json.dumps({"parabola": PARABOLA, "valley": VALLEY, "steps": STEPS})
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"torch": "{torch.__version__}", "problems": {problems}, "cases": [\n{lines}\n]}}\n'
    (folder / "optimizers.json").write_text(text)


def all_cases() -> list[dict[str, Any]]:
    """Each rule with each option that PyTorch has, with and without l2."""
    betas = (MOMENTS["beta1"], MOMENTS["beta2"])
    adam = {"betas": betas, "eps": MOMENTS["epsilon"]}
    optim, runs = torch.optim, []

    def add(kind: Any, rate: float, arguments: dict[str, Any], name: str, ours: dict[str, Any]) -> None:
        for l2 in (0.0, 0.03):
            numbers = {"name": name, "learning_rate": rate, **ours}
            runs.append((kind, {"lr": rate, "weight_decay": l2, **arguments}, {"numbers": numbers, "l2": l2}))

    plain = {"momentum": 0, "dampening": 0, "nesterov": False, "maximize": False}
    add(optim.SGD, 1e-3, plain, "sgd", {})
    for nesterov, name in ((False, "momentum"), (True, "nesterov")):
        arguments = {"momentum": 0.85, "dampening": 0, "nesterov": nesterov}
        add(optim.SGD, 1e-4, arguments, name, {"form": "velocity", "momentum": 0.85})
    for start in (0.0, 0.2):
        arguments = {"lr_decay": 0, "initial_accumulator_value": start, "eps": 1e-9}
        ours = {"epsilon": 1e-9, "initial_accumulator": start, "epsilon_place": "outside"}
        add(optim.Adagrad, 0.05, arguments, "adagrad", ours)
    add(optim.Adadelta, 0.7, {"rho": 0.93, "eps": 1e-5}, "adadelta", {"rho": 0.93, "epsilon": 1e-5})
    for centered in (False, True):
        for momentum in (0.0, 0.6):
            arguments = {"alpha": 0.95, "eps": 1e-5, "momentum": momentum, "centered": centered}
            ours = {"gamma": 0.95, "epsilon": 1e-5, "momentum": momentum or None, "centered": centered}
            add(optim.RMSprop, 0.002, arguments, "rmsprop", {**ours, "epsilon_place": "outside"})
    for amsgrad in (False, True):
        add(optim.Adam, 0.01, {**adam, "amsgrad": amsgrad}, "adam", {**MOMENTS, "amsgrad": amsgrad})
    add(optim.Adamax, 0.02, adam, "adamax", MOMENTS)
    add(optim.NAdam, 0.01, {**adam, "momentum_decay": 0.004}, "nadam", {**MOMENTS, "psi": 0.004})
    add(optim.RAdam, 0.01, adam, "radam", MOMENTS)
    cases = [{**case, "torch": (kind, arguments)} for kind, arguments, case in runs]
    for amsgrad in (False, True):
        arguments = {"lr": 0.01, "weight_decay": 0.05, **adam, "amsgrad": amsgrad}
        numbers = {
            "name": "adamw",
            "learning_rate": 0.01,
            **MOMENTS,
            "amsgrad": amsgrad,
            "weight_decay": 0.05,
        }
        cases.append({"numbers": numbers, "l2": 0.0, "torch": (optim.AdamW, arguments)})
    return cases


def walked(case: dict[str, Any], problem: str) -> dict[str, Any]:
    """The case with the points that torch reaches."""
    kind, arguments = case["torch"]
    start = (PARABOLA if problem == "parabola" else VALLEY)["start"]
    w = torch.tensor(start, requires_grad=True)
    rule = kind([w], **arguments)
    points = []
    for step in range(1, max(STEPS) + 1):
        w.grad = gradient(w.detach(), problem)
        rule.step()
        if step in STEPS:
            points.append(w.detach().tolist())
    return {"numbers": case["numbers"], "l2": case["l2"], "problem": problem, "points": points}


def gradient(w: torch.Tensor, problem: str) -> torch.Tensor:
    """Of ½Σ scale·(w - centre)², or of (1-x)² + 100(y-x²)²."""
    if problem == "parabola":
        return torch.tensor(PARABOLA["scale"]) * (w - torch.tensor(PARABOLA["centre"]))
    x, y = w
    return torch.stack([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
