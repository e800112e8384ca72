"""`calibration` and `threshold`: fitted on validation rows, stored with the run, applied wherever it predicts.

The oracle is NumPy on the predictions of the same network without them.
"""

import csv
import io
import json
import math
import shutil

import numpy as np
import pytest

import nettrain
from nettrain.cli.json_output import json_output_of
from nettrain.store.postprocessing import postprocessing_json
from tests.cli.command import COMMAND, ended, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SURE = """\
experiment: plain
data: {source: noisy.csv, target: bought, positive: "yes", validation: 300, test: 500}
model: {hidden: [64]}
optimizer: {name: adam, learning_rate: 0.02}
training: {epochs: 100, batch_size: 32}
"""
RULES = {"warm": ("temperature", "f1"), "curve": ("isotonic", "youden"), "given": ("none", "0.3")}
LABELS = ("data.source=labels.csv", "data.target=[wet, cold]", "data.positive=null", "training.epochs=30")
THREE = ("data.source=three.csv", "data.target=kind", "data.positive=null", "training.epochs=30")


def write_tables(folder):
    """Rows whose classes follow their columns with noise that a network of 64 units learns by heart."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1000, 3)).round(3)
    p = 1 / (1 + np.exp(-2 * x[:, :2] + x[:, [2]] + 0.8))
    y = (rng.random((1000, 2)) < p).astype(int)
    kinds = (np.column_stack([x[:, 0], x[:, 1], -x[:, 0]]) + rng.gumbel(size=(1000, 3))).argmax(axis=1)
    targets = {
        "noisy": (["bought"], [["no", "yes"][one] for one in y[:, 0]]),
        "labels": (["wet", "cold"], y.tolist()),
        "three": (["kind"], ["abc"[one] for one in kinds]),
    }
    for name, (names, values) in targets.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["a", "b", "c", *names])
            writer.writerows(
                [*row, *(one if isinstance(one, list) else [one])]
                for row, one in zip(x.tolist(), values, strict=True)
            )


def trained(folder, name, *overrides):
    done = inside(folder, "train", "sure.yaml", f"experiment={name}", *overrides, "--quiet", "--no-figures")
    assert 0 == done.code, done.err
    return folder / "runs" / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    write_tables(folder)
    (folder / "sure.yaml").write_text(SURE)
    trained(folder, "plain")
    for name, (calibration, threshold) in RULES.items():
        trained(folder, name, f"calibration={calibration}", f"threshold={threshold}")
    return folder


def summary_of(folder, name):
    return json.loads((folder / "runs" / name / "summary.json").read_text())


def fitted(folder, name):
    return json.loads((folder / "runs" / name / "postprocessing.json").read_text())


def predictions(folder, name, part, *more):
    """The predicted classes, and the probabilities (N, K) of all of them."""
    done = inside(folder, "predict", f"runs/{name}", "--part", part, *more)
    assert 0 == done.code, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    columns = [column for column in rows[0] if column.startswith("probability_")]
    return list(rows[0]), rows, np.array([[float(row[column]) for column in columns] for row in rows])


def truth(folder, name, part, target="bought"):
    """The true classes of the rows of a split."""
    _, rows, _ = predictions(folder, name, part, "--keep", target)
    return [row[f"true_{target}"] for row in rows]


def positives(folder, name, part):
    return np.array(truth(folder, name, part)) == "yes"


def log_loss(p, y):
    return float(-np.log(np.where(y, p, 1 - p)).mean())


def f1(y, called):
    right = (y & called).sum()
    return 2 * right / (2 * right + (y & ~called).sum() + (~y & called).sum())


def youden(y, called):
    return called[y].mean() - called[~y].mean()


def test_neither_changes_a_training(folder):
    for name in RULES:
        for file in ("model.safetensors", "history.csv"):
            assert (folder / "runs/plain" / file).read_bytes() == (folder / "runs" / name / file).read_bytes()
        assert summary_of(folder, "plain")["best_epoch"] == summary_of(folder, name)["best_epoch"]
    assert not (folder / "runs/plain/postprocessing.json").exists()


def test_the_temperature_has_the_smallest_log_loss_on_validation_rows(folder):
    y, (_, _, p) = positives(folder, "plain", "validation"), predictions(folder, "plain", "validation")
    temperature = fitted(folder, "warm")["networks"][0]["calibrators"][0]["temperature"]
    logit = np.log(p[:, 1] / p[:, 0])

    def loss(t):
        return log_loss(1 / (1 + np.exp(-logit / t)), y)

    grid = np.exp(np.linspace(-2, 4, 601))
    assert grid[np.argmin([loss(t) for t in grid])] == pytest.approx(temperature, rel=0.01)
    assert loss(temperature) < min(loss(temperature * 0.999), loss(temperature * 1.001), loss(1))
    assert temperature > 1.5  # the network is too sure


def test_predictions_are_powers_of_the_networks_own(folder):
    temperature = fitted(folder, "warm")["networks"][0]["calibrators"][0]["temperature"]
    for part in ("train", "validation", "test"):
        _, _, p = predictions(folder, "plain", part)
        powers = p ** (1 / temperature)
        _, _, calibrated = predictions(folder, "warm", part)
        np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), calibrated, rtol=1e-9)


def test_calibrated_probabilities_are_nearer_to_what_happens(folder):
    y, (_, _, before) = positives(folder, "plain", "test"), predictions(folder, "plain", "test")
    for name in ("warm", "curve"):
        _, _, after = predictions(folder, name, "test")
        metrics, plain = summary_of(folder, name)["metrics"]["test"], summary_of(folder, "plain")["metrics"]
        assert metrics["calibration_error"] < 0.6 * plain["test"]["calibration_error"]
        # isotonic probabilities of 0 and 1 cost much where they are wrong
        assert (metrics["log_loss"] < plain["test"]["log_loss"]) == (name == "warm")
        clipped = np.clip(after[:, 1], 2.0**-52, 1 - 2.0**-52)
        assert metrics["log_loss"] == pytest.approx(log_loss(clipped, y), rel=1e-9)
        applied = summary_of(folder, name)["postprocessing"]
        for figure, value in applied["uncalibrated"]["test"].items():
            assert plain["test"][figure] == value
    assert log_loss(before[:, 1], y) == pytest.approx(plain["test"]["log_loss"], rel=1e-6)


def test_isotonic_probabilities_rise_with_the_networks_own(folder):
    _, _, p = predictions(folder, "plain", "test")
    _, _, calibrated = predictions(folder, "curve", "test")
    order = np.argsort(p[:, 1])
    assert (np.diff(calibrated[order, 1]) >= 0).all()
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-12)
    # the shares that validation rows have are theirs
    y, (_, _, known) = positives(folder, "curve", "validation"), predictions(folder, "curve", "validation")
    for share in np.unique(known[:, 1]):
        assert y[known[:, 1] == share].mean() == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(("name", "gain"), [("warm", f1), ("curve", youden)])
def test_no_cut_of_the_validation_rows_is_better_than_the_threshold(folder, name, gain):
    y, (_, _, p) = positives(folder, name, "validation"), predictions(folder, name, "validation")
    scores = np.unique(p[:, 1])
    gains = [gain(y, p[:, 1] >= score) for score in scores]
    best = int(np.argmax(np.round(gains, 12)))  # of equal ones the smallest
    threshold = fitted(folder, name)["networks"][0]["thresholds"][0]
    below = scores[best - 1] if best else scores[best]
    assert (below + scores[best]) / 2 == pytest.approx(threshold, rel=1e-12)
    assert gain(y, p[:, 1] >= threshold) == gains[best]


@pytest.mark.parametrize("name", RULES)
def test_classes_and_decisions_follow_the_threshold(folder, name):
    threshold = fitted(folder, name)["networks"][0]["thresholds"][0]
    y, (_, rows, p) = positives(folder, name, "test"), predictions(folder, name, "test")
    called = p[:, 1] >= threshold
    assert [["no", "yes"][int(one)] for one in called] == [row["bought"] for row in rows]
    assert (called != (p[:, 1] > 0.5)).any()
    metrics = summary_of(folder, name)["metrics"]["test"]
    assert metrics["accuracy"] == pytest.approx((called == y).mean())
    assert metrics["f1"] == pytest.approx(f1(y, called))
    assert metrics["recall"] == pytest.approx(called[y].mean())
    told = json.loads(inside(folder, "evaluate", f"runs/{name}", "--json").out)
    assert metrics == told["metrics"]
    matrix = [[(~y & ~called).sum(), (~y & called).sum()], [(y & ~called).sum(), (y & called).sum()]]
    assert np.array(matrix, float).tolist() == told["confusion"]["bought"]["matrix"]
    wrong = [row for row in told["worst"] if row["true"] != row["predicted"]]
    assert all((row["probability"] >= threshold) == (row["true"]["bought"] == "no") or wrong for row in wrong)


def test_the_loss_and_the_baseline_are_what_they_were(folder):
    plain = summary_of(folder, "plain")
    for name in RULES:
        summary = summary_of(folder, name)
        assert plain["baseline"] == summary["baseline"]
        for split, metrics in summary["metrics"].items():
            assert plain["metrics"][split]["loss"] == metrics["loss"]
            assert plain["metrics"][split]["roc_auc"] == pytest.approx(metrics["roc_auc"], abs=0.02)
    assert plain["metrics"]["test"]["roc_auc"] == summary_of(folder, "warm")["metrics"]["test"]["roc_auc"]


def test_the_best_f1_of_validation_rows_is_that_of_the_threshold(folder):
    metrics = summary_of(folder, "warm")["metrics"]["val"]
    assert metrics["best_f1"] == metrics["f1"]
    assert [metrics["best_f1_threshold"]] == fitted(folder, "warm")["networks"][0]["thresholds"]


def test_what_was_done_is_said(folder):
    temperature = fitted(folder, "warm")["networks"][0]["calibrators"][0]["temperature"]
    calibrated = f"calibrated: temperature {temperature:.4g}, by 300 validation rows (not the loss)"
    threshold = fitted(folder, "warm")["networks"][0]["thresholds"][0]
    decided = f"“yes” from threshold {threshold:#.4g} on: best F1 of 300 validation rows"
    evaluated = inside(folder, "evaluate", "runs/warm").out.splitlines()
    assert [calibrated, decided] == [line.strip() for line in evaluated[1:3]]
    assert {calibrated, decided} <= {*inside(folder, "predict", "runs/warm").err.splitlines()}
    assert "“yes” from threshold 0.3000 on" in inside(folder, "predict", "runs/given").err.splitlines()
    report = json.loads(inside(folder, "predict", "runs/warm", "--json").out)["postprocessing"]
    assert report == json.loads(inside(folder, "evaluate", "runs/warm", "--json").out)["postprocessing"]
    assert {"bought": threshold} == report["thresholds"]
    assert "calibrated" not in inside(folder, "evaluate", "runs/plain").out


def test_what_is_printed_as_json_has_its_schema(folder):
    outputs = {
        "train": ("train", "sure.yaml", "experiment=as_json", "calibration=isotonic", "threshold=f1"),
        "evaluate": ("evaluate", "runs/warm"),
        "predict": ("predict", "runs/warm"),
    }
    for command, arguments in outputs.items():
        done = inside(folder, *arguments, "--json")
        assert 0 == done.code, done.err
        json_output_of(command).model_validate(json.loads(done.out))
        assert json.loads(done.out)["postprocessing"]["calibration"] in ("isotonic", "temperature")


def test_training_says_so_through_the_real_entry_point(folder):
    arguments = ("experiment=said", "calibration=isotonic", "threshold=youden", "--no-figures")
    early = ("training.epochs=5", "training.early_stopping={}", "data.validation=80")
    done = ended([*COMMAND, "train", "sure.yaml", *arguments, *early], folder)
    assert 0 == done.code, done.err
    text = " ".join(done.out.split())
    assert (
        "80 validation rows are few: calibration: isotonic takes 1,000 or more, threshold: youden takes 100 or"
        " more" in text
    )
    assert "are fitted on validation rows, which choose the epoch too: their own figures flatter" in text
    assert "predicts calibrated: isotonic, by 80 validation rows (not the loss) “yes” from threshold" in text
    assert "val log loss" in text
    assert "calibration is no help to test rows: take temperature, or more validation rows" in text


@pytest.mark.parametrize("kind", ["temperature", "isotonic"])
def test_several_classes(folder, kind):
    trained(folder, "three", *THREE)
    trained(folder, kind, *THREE, f"calibration={kind}")
    y = np.array([["a", "b", "c"].index(one) for one in truth(folder, "three", "test", "kind")])
    _, _, before = predictions(folder, "three", "test")
    _, rows, after = predictions(folder, kind, "test")
    np.testing.assert_allclose(after.sum(axis=1), 1, rtol=1e-12)
    assert ["abc"[k] for k in after.argmax(axis=1)] == [row["kind"] for row in rows]
    metrics = [summary_of(folder, name)["metrics"]["val"] for name in ("three", kind)]
    assert metrics[1]["log_loss"] < metrics[0]["log_loss"]
    if kind == "temperature":
        temperature = fitted(folder, kind)["networks"][0]["calibrators"][0]["temperature"]
        powers = before ** (1 / temperature)
        np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), after, rtol=1e-9)
        assert metrics[0]["accuracy"] == metrics[1]["accuracy"]
    else:
        assert 3 == len(fitted(folder, kind)["networks"][0]["calibrators"][0]["curves"])
    likelihood = np.maximum(after[np.arange(len(y)), y], 2.0**-52)
    log_losses = summary_of(folder, kind)["metrics"]["test"]["log_loss"]
    assert log_losses == pytest.approx(float(-np.log(likelihood).mean()), rel=1e-9)
    shutil.rmtree(folder / "runs/three")
    shutil.rmtree(folder / "runs" / kind)


def test_each_label_has_a_temperature_and_a_threshold(folder):
    trained(folder, "labels", *LABELS)
    trained(folder, "warm_labels", *LABELS, "calibration=temperature", "threshold=f1")
    rule = fitted(folder, "warm_labels")["networks"][0]
    _, _, before = predictions(folder, "labels", "validation")
    _, rows, after = predictions(folder, "warm_labels", "validation")
    for k, name in enumerate(("wet", "cold")):
        y = np.array(truth(folder, "labels", "validation", name)) == "1"
        logit = np.log(before[:, k] / (1 - before[:, k])) / rule["calibrators"][k]["temperature"]
        np.testing.assert_allclose(1 / (1 + np.exp(-logit)), after[:, k], rtol=1e-8)
        slope = ((1 / (1 + np.exp(-logit)) - y) * logit).mean()  # of the log loss by 1/T, times T
        assert abs(slope) < 1e-9
        called = after[:, k] >= rule["thresholds"][k]
        assert [str(int(one)) for one in called] == [row[name] for row in rows]
        assert f1(y, called) == max(f1(y, after[:, k] >= score) for score in after[:, k])


def test_members_of_a_repeat_have_their_own_and_are_what_they_would_be_alone(folder):
    trained(
        folder, "repeat", "training.repeat=2", "training.epochs=20", "calibration=isotonic", "threshold=f1"
    )
    seeds = ("seed=1", "data.seed=0")
    trained(folder, "alone", "training.epochs=20", "calibration=isotonic", "threshold=f1", *seeds)
    assert fitted(folder, "repeat")["networks"][1] == fitted(folder, "alone")["networks"][0]
    assert fitted(folder, "repeat")["together"] is None
    assert summary_of(folder, "repeat")["members"][1]["metrics"] == summary_of(folder, "alone")["metrics"]
    told = [
        json.loads(inside(folder, "evaluate", *arguments, "--json").out)
        for arguments in (("runs/repeat", "--member", "1"), ("runs/alone",))
    ]
    assert told[0]["metrics"] == told[1]["metrics"]
    assert told[0]["postprocessing"] == told[1]["postprocessing"]


def test_an_ensemble_calibrates_the_mean_of_its_networks(folder):
    settings = ("training.ensemble=3", "training.epochs=20")
    trained(folder, "mean", *settings)
    trained(folder, "warm_mean", *settings, "calibration=temperature", "threshold=youden")
    _, _, before = predictions(folder, "mean", "test")
    _, _, after = predictions(folder, "warm_mean", "test")
    together = fitted(folder, "warm_mean")["together"]
    powers = before ** (1 / together["calibrators"][0]["temperature"])
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), after, rtol=1e-9)
    told = json.loads(inside(folder, "evaluate", "runs/warm_mean", "--json").out)
    assert summary_of(folder, "warm_mean")["metrics"]["test"] == told["metrics"]
    assert [told["postprocessing"]["thresholds"]["bought"]] == together["thresholds"]
    alone = json.loads(inside(folder, "evaluate", "runs/warm_mean", "--member", "2", "--json").out)
    own = fitted(folder, "warm_mean")["networks"][2]["thresholds"]
    assert [alone["postprocessing"]["thresholds"]["bought"]] == own
    assert summary_of(folder, "warm_mean")["members"][2]["metrics"]["test"] == alone["metrics"]


def test_a_longer_run_is_fitted_at_its_end(folder):
    settings = ("calibration=temperature", "threshold=f1")
    trained(folder, "short", "training.epochs=10", *settings)
    trained(folder, "long", "training.epochs=20", *settings)
    done = inside(folder, "resume", "runs/short", "training.epochs=20", "--quiet", "--no-figures")
    assert 0 == done.code, done.err
    assert fitted(folder, "long") == fitted(folder, "short")
    assert summary_of(folder, "long")["metrics"] == summary_of(folder, "short")["metrics"]


def test_a_run_that_has_ended_is_calibrated_by_resume(folder):
    shutil.copytree(folder / "runs/plain", folder / "runs/later")
    changes = ("calibration=temperature", "threshold=f1", "--no-figures")
    done = inside(folder, "resume", "runs/later", *changes)
    assert 0 == done.code, done.err
    assert fitted(folder, "warm") == fitted(folder, "later")
    assert summary_of(folder, "warm")["metrics"] == summary_of(folder, "later")["metrics"]
    again = inside(folder, "resume", "runs/later", *changes)
    assert "nothing to do" in again.out + again.err
    done = inside(folder, "resume", "runs/later", "calibration=none", "threshold=none", "--no-figures")
    assert 0 == done.code, done.err
    assert not (folder / "runs/later/postprocessing.json").exists()
    assert summary_of(folder, "plain")["metrics"] == summary_of(folder, "later")["metrics"]


def test_python_applies_it_in_memory_and_saves_it(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    run = nettrain.train("sure.yaml", "calibration=temperature", "threshold=f1")
    assert summary_of(folder, "warm")["postprocessing"] == run.summary["postprocessing"]
    _, rows, p = predictions(folder, "warm", "test")
    assert [row["bought"] for row in rows] == run.predict().tolist()
    assert p.tolist() == run.predict_proba().tolist()
    saved = run.save(tmp_path / "saved")
    assert fitted(folder, "warm") == json.loads((saved / "postprocessing.json").read_text())
    copied = nettrain.open_run(nettrain.open_run(saved).save(tmp_path / "copied"))
    assert p.tolist() == copied.predict_proba().tolist()
    assert run.evaluate().metrics == copied.evaluate().metrics


def test_a_report_shows_the_threshold_that_decides(folder):
    page = nettrain.report(folder / "runs/warm", folder / "page.html").read_text()
    threshold = fitted(folder, "warm")["networks"][0]["thresholds"][0]
    assert f"The run decides by the marked threshold, “yes” from threshold {threshold:#.4g} on" in page
    assert "Its probabilities are calibrated: temperature" in page
    assert "Predictions are calibrated: temperature" in page


def test_compared_runs_end_as_if_they_had_been_trained_alone(folder, monkeypatch):
    monkeypatch.chdir(folder)
    compared = nettrain.compare(
        "sure.yaml", vary={"calibration": ["none", "temperature"]}, overrides=["threshold=f1"]
    )
    (plain,), (warm,) = ([one.run for one in entry.runs] for entry in compared.entries)
    assert fitted(folder, "warm") == postprocessing_json(warm.trained.postprocessing)
    assert summary_of(folder, "warm")["metrics"] == warm.summary["metrics"]
    assert plain.metrics["val"]["loss"] == warm.metrics["val"]["loss"]


def test_folds_calibrate_their_own_and_decide_by_a_mean_threshold(folder):
    settings = ("training.epochs=10", "calibration=temperature", "threshold=f1")
    done = inside(folder, "train", "sure.yaml", "experiment=folds", "--folds", "3", *settings, "--no-figures")
    assert 0 == done.code, done.err
    rules = [fitted(folder, f"folds/folds/{k}")["networks"][0] for k in (1, 2, 3)]
    threshold = np.mean([rule["thresholds"][0] for rule in rules])
    _, rows, p = predictions(folder, "folds", "test")
    each = [predictions(folder, f"folds/folds/{k}", "test")[2] for k in (1, 2, 3)]
    np.testing.assert_allclose(np.mean(each, axis=0), p, rtol=1e-12)
    assert [["no", "yes"][int(one >= threshold)] for one in p[:, 1]] == [row["bought"] for row in rows]
    told = json.loads(inside(folder, "evaluate", "runs/folds", "--json").out)
    assert {"bought": pytest.approx(threshold)} == told["postprocessing"]["thresholds"]
    assert summary_of(folder, "folds")["metrics"]["test"] == told["metrics"]
    summary = summary_of(folder, "folds")["postprocessing"]
    assert summary["thresholds"] == told["postprocessing"]["thresholds"]
    assert 3 == len(summary["calibrators"])
    powers = [one ** rule["calibrators"][0]["temperature"] for one, rule in zip(each, rules, strict=True)]
    before = np.mean([one / one.sum(axis=1, keepdims=True) for one in powers], axis=0)
    positive = np.array(truth(folder, "folds", "test")) == "yes"
    log_loss = -np.log(np.where(positive, before[:, 1], before[:, 0])).mean()
    assert pytest.approx(log_loss, rel=1e-6) == summary["uncalibrated"]["test"]["log_loss"]
    assert f"test log loss {log_loss:#.4g} → {told['metrics']['log_loss']:#.4g}," in " ".join(
        done.out.split()
    )
    listed = ", ".join(words.removeprefix("temperature ") for words in summary["calibrators"])
    assert f"calibrated: temperature {listed}, by" in " ".join(done.out.split())
    assert f"“yes” from threshold {threshold:#.4g} on" in " ".join(done.out.split())


REFUSED = [
    (
        ("loss=hinge", "calibration=temperature"),
        "calibration: temperature needs probabilities, hinge gives scores;",
    ),
    (("loss=mse", "calibration=isotonic"), "calibration: isotonic needs probabilities, mse gives scores;"),
    (("data.validation=0", "calibration=isotonic"), "calibration: isotonic needs validation rows, but"),
    (("data.validation=0", "threshold=f1"), "threshold: f1 needs validation rows, but data.validation is 0"),
    (("calibration=temprature",), 'calibration: unknown "temprature", did you mean "temperature"?'),
    (("threshold=f2",), 'threshold: "f2" is not none, f1, youden or a number such as 0.3'),
    (("threshold=1.5",), "threshold: 1.5 is no probability, which is from 0 to 1"),
    (("threshold=true",), "threshold: true is not none, f1, youden or a number such as 0.3"),
    ((*THREE, "threshold=f1"), 'threshold: f1 is for two classes and labels, "kind" has 3 classes'),
    ((*THREE, "threshold=0.5"), 'threshold: 0.5 is for two classes and labels, "kind" has 3 classes'),
    (
        ("data.target=a", "data.positive=null", "calibration=temperature"),
        "calibration: temperature is for classes and labels, the targets are numbers",
    ),
    (
        ("data.target=a", "data.positive=null", "threshold=youden"),
        "threshold: youden is for two classes and labels, the targets are numbers",
    ),
]


@pytest.mark.parametrize(("overrides", "expected"), REFUSED)
def test_what_cannot_be_done_is_one_line_with_its_place(folder, overrides, expected):
    done = inside(folder, "train", "sure.yaml", *overrides)
    assert 2 == done.code
    (line,) = done.err.splitlines()
    assert f'override "{overrides[-1]}": {expected}' in line


@pytest.mark.parametrize(
    ("threshold", "class_", "lacking"),
    [
        ("f1", "no", "positive rows"),
        ("youden", "no", "rows of both classes"),
        ("youden", "yes", "rows of both classes"),
    ],
)
def test_a_threshold_needs_validation_rows_of_what_it_weighs(tmp_path, threshold, class_, lacking):
    rows = [f"{k},{'yes' if k % 3 else 'no'}" for k in range(30)]
    (tmp_path / "few.csv").write_text("\n".join(["a,bought", *rows]))
    (tmp_path / "others.csv").write_text("\n".join(["a,bought", f"1,{class_}", f"2,{class_}"]))
    data = "{source: few.csv, target: bought, positive: 'yes', validation: others.csv}"
    (tmp_path / "few.yaml").write_text(f"data: {data}\nthreshold: {threshold}\n")
    done = inside(tmp_path, "train", "few.yaml")
    assert (3, f"few.yaml:2: threshold: {threshold} needs {lacking} among the validation rows\n") == (
        done.code,
        done.err,
    )


def test_the_place_is_the_line_of_the_file(folder):
    (folder / "wrong.yaml").write_text(SURE + "calibration: temperature\nloss: hinge\n")
    done = inside(folder, "train", "wrong.yaml")
    assert 2 == done.code
    assert done.err.startswith("wrong.yaml:6: calibration: temperature needs probabilities")


def test_scores_have_thresholds_too(folder):
    trained(folder, "scores", "loss=hinge", "threshold=youden", "training.epochs=20")
    y = positives(folder, "scores", "validation")
    done = inside(folder, "predict", "runs/scores", "--part", "validation")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    scores = np.array([float(row["score_yes"]) for row in rows])
    called = np.array([row["bought"] == "yes" for row in rows])
    assert youden(y, called) == pytest.approx(max(youden(y, scores >= score) for score in scores))
    assert (called == (scores >= fitted(folder, "scores")["networks"][0]["thresholds"][0])).all()


DAMAGE = [
    (lambda content: content.update(rows=-1), ":4: rows: -1 is not at least 0"),
    (lambda content: content.update(row=1), ": row: unknown key"),
    (lambda content: content.update(calibration="isotonic"), "networks.0.calibrators.0.curves: missing"),
    (lambda content: content.update(threshold="youden"), ":3: threshold: youden, but config.yaml says f1"),
    (
        lambda content: content.update(
            calibration="temprature", networks=[{"calibrators": [], "thresholds": []}]
        ),
        ':2: calibration: unknown "temprature", did you mean "temperature"?',
    ),
    (
        lambda content: content.update(networks=content["networks"] * 2),
        ":5: networks: 2 rules, but the run has 1",
    ),
    (
        lambda content: content["networks"][0]["calibrators"][0].update(temperature=-2),
        ":9: networks.0.calibrators.0.temperature: -2 is not at least 0.01",
    ),
    (
        lambda content: content["networks"][0].update(thresholds=[]),
        "networks.0.thresholds: 0 of them, but the run takes 1",
    ),
    (
        lambda content: content["networks"][0].update(thresholds=["0.5"]),
        'networks.0.thresholds.0: "0.5" is not a number',
    ),
    (
        lambda content: content.update(together=content["networks"][0]),
        "together: the networks of this run do not predict together",
    ),
]


@pytest.mark.parametrize("number", range(len(DAMAGE)))
def test_a_damaged_file_is_refused_with_place_and_key(folder, number):
    damage, expected = DAMAGE[number]
    copy = folder / "runs" / f"damaged{number}"
    shutil.copytree(folder / "runs/warm", copy)
    content = json.loads((copy / "postprocessing.json").read_text())
    damage(content)
    (copy / "postprocessing.json").write_text(json.dumps(content, indent=2))
    done = inside(folder, "predict", copy.relative_to(folder))
    assert (3, "") == (done.code, done.out)
    assert done.err.splitlines()[0].startswith(f"runs/damaged{number}/postprocessing.json:")
    assert expected in done.err


def test_curves_that_fall_are_refused(folder):
    copy = folder / "runs/falling"
    shutil.copytree(folder / "runs/curve", copy)
    content = json.loads((copy / "postprocessing.json").read_text())
    curve = content["networks"][0]["calibrators"][0]["curves"][0]
    curve["y"].reverse()
    (copy / "postprocessing.json").write_text(json.dumps(content))
    done = inside(folder, "predict", "runs/falling")
    assert 3 == done.code
    assert "postprocessing.json:1: networks.0.calibrators.0.curves.0: " in done.err
    assert done.err.endswith("needs rising x, and y that do not fall, from 0 to 1\n")


def test_a_missing_file_is_named(folder):
    shutil.copytree(folder / "runs/warm", folder / "runs/lost")
    (folder / "runs/lost/postprocessing.json").unlink()
    done = inside(folder, "evaluate", "runs/lost")
    assert (3, "runs/lost: postprocessing.json is missing, which the run predicts by\n") == (
        done.code,
        done.err,
    )


def test_networks_that_diverge_have_no_rule(folder):
    settings = ("training.repeat=2", "training.epochs=3", "optimizer=sgd")
    done = inside(
        folder,
        *("train", "sure.yaml", "experiment=lost2", *settings, "optimizer.learning_rate=1e30"),
        *("calibration=temperature", "threshold=f1", "--quiet", "--no-figures"),
    )
    assert 1 == done.code
    rules = fitted(folder, "lost2")["networks"]
    assert all(math.isfinite(one["temperature"]) for rule in rules for one in rule["calibrators"])
