"""Every metric can stop a run: it is told in every epoch, better is on its side, and bits stay bits."""

import numpy as np
import pytest

from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.errors import DataError, SpecError
from nettrain.experiment.resolution import resolve_with_data
from nettrain.inference.evaluate import evaluate_members
from tests.trained import experiment, prepared, resolved_with_data, trained

SOURCES = {
    "classes": "{source: 'builtin:optdigits', test: 3000, validation: 300}",
    "two classes": "{source: 'synthetic:moons', validation: 0.3}",
    "numbers": "{source: 'synthetic:sine', validation: 0.3}",
}
RULES = {metric: targets for targets in SOURCES for metric, entry in metrics.items() if targets in entry.fits}


def final_figures(run, experiments):
    """The figures of a run's final networks, by split."""
    return evaluate_members(run.networks(experiments), run.data.datasets, run.pool)


def spec(targets, *overrides):
    text = f"data: {SOURCES[targets]}\nmodel: {{hidden: [6]}}\nbackend: {{threads: 1}}\n"
    return experiment(text, "training.epochs=4", "training.batch_size=32", *overrides)


@pytest.mark.parametrize(("metric", "targets"), RULES.items())
def test_every_metric_is_watched(metric, targets):
    stopping = f"training.early_stopping={{monitor: val_{metric}, patience: 99}}"
    specs = [spec(targets, stopping, f"model.seed={seed}") for seed in range(3)]
    together = trained(specs)
    for member, alone in enumerate(specs):
        single = trained([alone])
        assert single.history() == together.history(member)
        assert single.weights().tobytes() == together.weights(member).tobytes()
        values = [float(event.figures[f"val_{metric}"][member]) for event in together.epochs]
        best = np.argmax(values) if metrics[metric].goal == "maximize" else np.argmin(values)
        assert int(best) + 1 == together.stopped[member].best_epoch
        # the restored weights' figure is the best one; quick metrics come from float32 while training
        final = final_figures(together.run, resolved_with_data(specs))["validation"][metric][member]
        assert pytest.approx(values[int(best)], rel=1e-5) == final


def test_figures_of_an_epoch_are_the_quick_ones_and_the_one_that_is_watched():
    told = list(trained([spec("two classes")]).epochs[0].figures)
    assert ["train_loss", "objective", "val_loss", "val_accuracy"] == told
    watched = spec("two classes", "training.early_stopping.monitor=val_f1")
    assert [*told, "val_f1"] == list(trained([watched]).epochs[0].figures)


def test_final_figures_do_not_depend_on_the_other_members():
    specs = [spec("two classes", f"model.seed={seed}") for seed in range(3)]
    together = trained(specs)
    figures = final_figures(together.run, resolved_with_data(specs))
    assert {*metrics_for(together.run.model.task), "loss", "threshold", "threshold_f1"} == set(
        figures["validation"]
    )
    for member, alone in enumerate(specs):
        single = final_figures(trained([alone]).run, resolved_with_data([alone]))
        for part, named in single.items():
            assert {name: float(values[0]) for name, values in named.items()} == {
                name: float(values[member]) for name, values in figures[part].items()
            }


def test_the_rmse_of_several_targets_is_the_mean_of_theirs(tmp_path):
    lines = [f"{a},{2 * a},{1000 * a * a}" for a in np.linspace(-1, 1, 60)]
    (tmp_path / "rows.csv").write_text("x,small,large\n" + "\n".join(lines))
    text = f"data: {{source: '{tmp_path}/rows.csv', target: [small, large], validation: 0.3}}"
    done = trained([experiment(text, "training.epochs=2", "training.batch_size=16")])
    run = done.run
    final = final_figures(run, [run.experiment])["validation"]["rmse"][0]
    told = done.epochs[-1].figures["val_rmse"][0]
    # the two targets' errors differ by a factor near 1000: their root mean square would be 1.4 times it
    scale = np.array(run.model.task.scale)
    dataset = run.data.datasets["validation"]
    assert scale[1] > 100 * scale[0]
    assert pytest.approx(told, rel=1e-6) == final
    assert (2, 18) == (len(scale), len(dataset.targets))


def test_a_metric_that_the_validation_rows_do_not_define_is_refused(tmp_path):
    rows = [f"{k},{'yes' if k < 30 else 'no'}" for k in range(60)]
    (tmp_path / "rows.csv").write_text("a,b\n" + "\n".join(rows))
    (tmp_path / "held.csv").write_text("a,b\n" + "\n".join(rows[:9]))
    text = f"data: {{source: '{tmp_path}/rows.csv', validation: '{tmp_path}/held.csv'}}"
    one = experiment(text, "training.early_stopping.monitor=val_roc_auc")
    expected = '^training.early_stopping.monitor: "val_roc_auc" needs rows of both classes among the validation rows$'
    with pytest.raises(DataError, match=expected):
        resolve_with_data(one, prepared(one))


def test_a_metric_of_other_targets_is_refused():
    one = spec("numbers", "training.early_stopping.monitor=val_f1")
    with pytest.raises(SpecError, match='"val_f1" is not for numbers'):
        resolve_with_data(one, prepared(one))
