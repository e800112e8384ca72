"""Every file in configs/ runs, says what it teaches, and reaches the figure that README names."""

from pathlib import Path
from statistics import fmean

import pytest
from rich.console import Console

from nettrain.cli.train import train_file

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
FLOORS = {
    "iris": 0.94,
    "digits": 0.965,
    "penguins": 0.98,
    "moons": 0.97,
    "spirals": 0.98,
    "xor": 0.98,
}
CEILINGS = {"sine": 0.11}  # the noise's own standard deviation is 0.1


def figure(path: Path, folder: Path, seed: int) -> float:
    summary = train_file(path, [f"seed={seed}"], folder, Console(quiet=True), quiet=True)
    assert summary["status"] == "finished"
    test = summary["metrics"]["test"]
    return test["accuracy"] if "accuracy" in test else test["rmse"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_mean_over_five_seeds_reaches_the_figure(path: Path, tmp_path: Path) -> None:
    mean = fmean(figure(path, tmp_path, seed) for seed in range(5))
    if path.stem in FLOORS:
        assert mean >= FLOORS[path.stem]
    else:
        assert mean <= CEILINGS[path.stem]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_says_what_it_teaches_and_how_to_run_it(path: Path) -> None:
    first, *rest = path.read_text().splitlines()
    assert first.startswith("# ")
    assert f"#   nettrain train configs/{path.name}" in rest
    assert f"| {path.name} |" in (path.parent.parent / "README.md").read_text()
