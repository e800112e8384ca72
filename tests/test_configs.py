"""Every file in configs/ runs, says what it teaches, and reaches the figure that docs/configs.md names."""

from pathlib import Path
from statistics import fmean

import pytest
from papers.figures import FIGURES

from nettrain.workflow.train import train
from tests.cli.command import nettrain

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
ELSEWHERE = Path(__file__).parents[2] / "shared" / "data"
DOWNLOADED = {
    "adult": ["data.source=adult/adult-train.csv.gz", "data.test=adult/adult-test.csv.gz"],
    "california": ["data.source=california-housing/housing.csv.gz"],
    "mnist": ["data.source=mnist"],
    "titanic": ["data.source=titanic/train.csv"],
}
QUICK = {"mnist": ["training.epochs=2"]}  # its ten epochs take too long here; see scripts/figures
FLOORS = {
    "iris": 0.94,
    "digits": 0.965,
    "digits_ensemble": 0.972,
    "sweep_digits": 0.94,
    "penguins": 0.98,
    "moons": 0.97,
    "spirals": 0.98,
    "xor": 0.98,
    "adult": 0.852,
    "titanic": 0.79,
    "mnist": 0.96,
}
PUBLISHED = {figure.config.removesuffix(".yaml") for figure in FIGURES.values()}  # see test_published.py
HISTORY = {"perceptron", "adaline", "xor_backprop", "zeros_init"}  # see test_history.py
CEILINGS = {  # the sine's noise has a standard deviation of 0.1, that of the fan of up to 0.45, in the mean 0.27
    **{"sine": 0.11, "quantiles": 0.3, "california": 54_000}
}


def sources(name: str) -> list[str]:
    """Overrides that name downloaded files; skips where they are not."""
    changes = []
    for change in DOWNLOADED.get(name, []):
        key, _, file = change.partition("=")
        if not (ELSEWHERE / file).exists():
            pytest.skip(f"{file} is not downloaded")
        changes.append(f"{key}={ELSEWHERE / file}")
    return changes


def figure(path: Path, folder: Path, seed: int) -> float:
    changes = [*sources(path.stem), *QUICK.get(path.stem, []), f"seed={seed}"]
    summary = train(path, *changes, out=folder).summary
    assert summary["status"] == "finished"
    test = summary["metrics"]["test"]
    return test["accuracy"] if "accuracy" in test else test["rmse"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] * (path.stem == "digits_ensemble"), id=path.stem)
        for path in CONFIGS
        if path.stem not in HISTORY | PUBLISHED
    ],
)
def test_the_mean_over_five_seeds_reaches_the_figure(path: Path, tmp_path: Path) -> None:
    seeds = 1 if path.stem in QUICK else 5
    mean = fmean(figure(path, tmp_path, seed) for seed in range(seeds))
    if path.stem in FLOORS:
        assert mean >= FLOORS[path.stem]
    else:
        assert mean <= CEILINGS[path.stem]


@pytest.mark.parametrize("name", sorted(HISTORY))
def test_history_runs_as_it_is(name: str, tmp_path: Path) -> None:
    path = CONFIGS[0].parent / f"{name}.yaml"
    summary = train(path, out=tmp_path).summary
    assert summary["status"] == "finished"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_says_what_it_teaches_and_how_to_run_it(path: Path) -> None:
    first, *rest = path.read_text().splitlines()
    assert first.startswith("# ")
    assert any(line.startswith(f"#   nettrain train configs/{path.name}") for line in rest)
    assert path.stem in HISTORY or f"| {path.name} |" in (path.parents[1] / "docs" / "configs.md").read_text(
        "utf-8"
    )


def test_eight_digit_networks_together_beat_their_mean(tmp_path: Path) -> None:
    config = next(path for path in CONFIGS if path.stem == "digits_ensemble")
    summary = train(config, out=tmp_path).summary
    assert len(summary["members"]) == 8
    gain = summary["metrics"]["test"]["accuracy"] - summary["mean"]["test"]["accuracy"]
    assert gain >= 0.005


def test_titanics_unlabelled_passengers_are_predicted(tmp_path: Path) -> None:
    config = next(path for path in CONFIGS if path.stem == "titanic")
    result = train(config, *sources("titanic"), out=tmp_path)
    done = nettrain(tmp_path, "predict", result.folder, ELSEWHERE / "titanic" / "test.csv")
    header, *rows = done.out.splitlines()
    assert header == "Survived,probability_0,probability_1"
    assert len(rows) == 418
    assert {row[0] for row in rows} == {"0", "1"}
