"""The metrics of trained networks, member by member and of the mean of their predictions."""

from dataclasses import replace

import numpy as np
import pytest

from nettrain.catalogue.metrics import metrics_for
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from tests.trained import IRIS, built, experiment, final_figures, outputs_of, resolved_with_data, trained

MOONS = """
data: {source: 'synthetic:moons', validation: 0.3}
model: {hidden: [6]}
training: {epochs: 4, batch_size: 32}
backend: {threads: 1}
"""


def test_metrics_of_a_member_do_not_depend_on_the_others() -> None:
    specs = [experiment(MOONS, f"model.seed={seed}") for seed in range(3)]
    together = trained(specs)
    figures = final_figures(together.run, specs)
    assert {*metrics_for(together.run.model.task), "loss", "best_f1_threshold", "best_f1"} == set(
        figures["validation"]
    )
    for member, alone in enumerate(specs):
        single = final_figures(trained([alone]).run, [alone])
        for split, named in single.items():
            assert {name: float(values[0]) for name, values in named.items()} == {
                name: float(values[member]) for name, values in figures[split].items()
            }


def test_the_rmse_of_several_targets_is_the_mean_of_theirs(tmp_path) -> None:
    lines = [f"{a},{2 * a},{1000 * a * a}" for a in np.linspace(-1, 1, 60)]
    (tmp_path / "rows.csv").write_text("x,small,large\n" + "\n".join(lines))
    text = f"data: {{source: '{tmp_path}/rows.csv', target: [small, large], validation: 0.3}}"
    done = trained([experiment(text, "training.epochs=2", "training.batch_size=16")])
    run = done.run
    final = final_figures(run, [run.experiment])["validation"]["rmse"][0]
    in_training = done.epochs[-1].figures["val_rmse"][0]
    # the two targets' errors differ by a factor near 1000: their root mean square would be 1.4 times it
    scale = np.array(run.model.task.scale)
    dataset = run.data.datasets["validation"]
    assert scale[1] > 100 * scale[0]
    assert pytest.approx(in_training, rel=1e-6) == final
    assert (2, 18) == (len(scale), len(dataset.targets))


def test_an_ensemble_predicts_the_mean_of_the_probabilities() -> None:
    specs = [experiment(IRIS, "training.epochs=2", f"seed={r}", "data.seed=0") for r in range(3)]
    run = trained(specs).run
    networks, datasets = run.networks(resolved_with_data(specs)), run.data.datasets
    outputs = outputs_of(run, networks.parameters, networks.statistics, datasets["test"].x)
    odds = np.exp(outputs.astype(float))
    mean = (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
    joint, classes = evaluate_ensemble(networks, datasets)["test"], datasets["test"].targets
    assert joint["accuracy"] == np.mean(mean.argmax(axis=1) == classes)
    chosen = mean[np.arange(len(mean)), classes]
    assert joint["log_loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-12)


def test_the_log_loss_of_an_ensemble_is_below_the_mean_of_its_members() -> None:
    specs = [experiment(IRIS, "training.epochs=2", f"seed={r}", "data.seed=0") for r in range(4)]
    run = trained(specs).run
    all_four, train_rows = run.networks(resolved_with_data(specs)), {"train": run.data.train}
    each = evaluate_members(all_four, train_rows)["train"]["log_loss"]
    assert (
        evaluate_ensemble(all_four, train_rows)["train"]["log_loss"] < each.mean()
    )  # Jensen: -log is convex


def test_an_ensemble_of_one_has_the_metrics_of_its_member_to_the_bit() -> None:
    run = trained([experiment(IRIS)]).run
    one, test_rows = run.networks([run.experiment]), {"test": run.data.datasets["test"]}
    alone = evaluate_members(one, test_rows)["test"]
    del alone["loss"]
    expected = {name: value[0] for name, value in alone.items()}
    assert expected == evaluate_ensemble(one, test_rows)["test"]


def test_networks_that_diverged_are_left_out_of_an_ensemble() -> None:
    parameters = np.array([[1.0, 2], [np.nan, 1], [3, np.inf], [4, 5]])
    statistics = np.arange(4.0).reshape(4, 1)
    specs = [experiment(IRIS, f"seed={r}") for r in range(4)]
    networks = built(specs).networks(resolved_with_data(specs))
    finite = replace(networks, parameters=parameters, statistics=statistics).finite()
    assert finite.parameters.tolist() == [[1, 2], [4, 5]]
    assert finite.statistics.tolist() == [[0], [3]]
    assert (2, [0, 3]) == (len(finite), finite.members.seed.tolist())
