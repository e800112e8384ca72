"""`nettrain lr-find`: the table, the override, the picture; and learning_rate: auto in train."""

import json

import pytest
import yaml

from tests.cli.command import CONFIGS, inside, nettrain

pytestmark = pytest.mark.usefixtures("without_drawing")

IRIS = CONFIGS / "iris.yaml"
QUICK = ("--rates", "12", "--steps", "60")
SPEC = """
experiment: small
data: {source: builtin:iris, validation: 0.2}
model: {hidden: [8]}
optimizer: {name: sgd, learning_rate: auto}
training: {epochs: 5, batch_size: 16}
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.yaml").write_text(SPEC)
    return tmp_path


def override_in(text):
    """The override of the last line."""
    return text.splitlines()[-1].split()[0]


def test_the_table_has_every_rate_and_the_override_can_be_pasted(tmp_path):
    done = nettrain(tmp_path, "lr-find", IRIS, *QUICK)
    assert (0, "") == (done.code, done.err)
    assert 12 == sum(line.endswith(("good", "too low", "too high", "rises", "diverged"))
                     for line in map(str.rstrip, done.out.splitlines()))  # fmt: skip
    assert "loss by learning rate" in done.out
    override = override_in(done.out)
    assert 1e-4 < float(override.removeprefix("optimizer.learning_rate=")) < 10
    assert 0 == inside(tmp_path, "train", IRIS, override, "training.epochs=1", "--quiet", "--no-figures").code
    assert b"\x89PNG" == (tmp_path / "learning_rate.png").read_bytes()[:4]


def test_the_same_command_has_the_same_answer(tmp_path):
    first, second = (json.loads(inside(tmp_path, "lr-find", IRIS, *QUICK, "--json").out) for _ in range(2))
    assert first | {"seconds": 0} == second | {"seconds": 0}


def test_rates_that_diverge_are_no_warnings_and_exit_with_1(tmp_path):
    done = nettrain(tmp_path, "lr-find", IRIS, "optimizer=sgd", "--from", "1e20", "--to", "1e30", *QUICK)
    assert (1, "") == (done.code, done.err)
    assert "no suggestion: no value lowers the loss" in done.out


def test_another_number_is_judged_by_the_validation_loss(tmp_path):
    done = inside(
        tmp_path, "lr-find", IRIS, "--parameter", "training.weight_decay", "--json", *QUICK, "--quiet"
    )
    report = json.loads(done.out)
    assert ("validation", 12) == (report["judged_by"], len(report["values"]))
    assert report["override"].startswith("training.weight_decay=")
    assert (tmp_path / "weight_decay.png").is_file()


def test_the_ramp(tmp_path):
    done = inside(tmp_path, "lr-find", IRIS, "--method", "ramp", "--no-figures")
    assert (0, "") == (done.code, done.err)
    assert "one network, whose learning rate grew" in done.out
    assert not list(tmp_path.iterdir())


def test_a_schedule_is_left_out_and_said(tmp_path):
    done = inside(tmp_path, "lr-find", IRIS, "schedule=cosine", *QUICK)
    assert "without the schedule cosine" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parameter", "optimizer.lerning_rate"], 'did you mean "optimizer.learning_rate"?'),
        (["--parameter", "training.epochs"], "training.epochs is no number that networks"),
        (["--parameter", "optimizer.epsilon"], "--from, --to: optimizer.epsilon has no usual range"),
        (["--parameter", "model.dropout", "--to", "1.5"], "--to: model.dropout: 1.5 is not below 1"),
        (["--from", "0"], "--from: optimizer.learning_rate: 0.0 is not above 0"),
        (["--from", "1", "--to", "0.1"], "--to: 0.1 is not above 1"),
        (["--rates", "2"], "--rates: 2 is not at least 3"),
        (["--steps", "9"], "--steps: 9 is not at least 10"),
        (["--to", "inf"], "--to: optimizer.learning_rate: .inf is not a finite number"),
        (["--method", "ramp", "--rates", "9"], "--rates: does not go with --method ramp"),
        (["--method", "ramp", "--parameter", "regularization.l2"], "--method: ramp raises"),
        (["optimizer=lbfgs", "training.batch_size=full", "backend.dtype=float64"], "lbfgs has none"),
        (["--out", "rates.txt"], "--out: rates.txt: is not a name for a picture"),
        (
            ["--parameter", "training.weight_decay", "optimizer=adamw"],
            "training.weight_decay: adamw has its own, optimizer.weight_decay",
        ),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_what_cannot_be_tried_is_one_line(tmp_path, arguments, message):
    done = inside(tmp_path, "lr-find", IRIS, *arguments)
    assert (2, "", 1) == (done.code, done.out, done.err.count("\n")), done.err
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_an_input_is_not_overwritten(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n" * 30)
    (tmp_path / "f.yaml").write_text("data: {source: rows.csv}")
    (tmp_path / "rates.png").symlink_to("rows.csv")
    done = inside(tmp_path, "lr-find", "f.yaml", "--out", "rates.png")
    assert 2 == done.code
    assert "holds data, and is not overwritten" in done.err


def test_auto_becomes_a_number_in_the_config(small):
    found = json.loads(inside(small, "lr-find", "small.yaml", "--json", "--quiet", "--no-figures").out)
    done = inside(small, "train", "small.yaml", "--no-figures")
    assert (0, "") == (done.code, done.err)
    config = yaml.safe_load((small / "runs" / "small" / "config.yaml").read_text())
    assert found["suggestion"] == config["optimizer"]["learning_rate"]
    note = f"learning_rate: auto is {found['suggestion']:g}, the middle of the best of 32 rates"
    assert note in " ".join(done.out.split())


def test_a_run_with_auto_repeats_and_resumes_to_the_bit(small):
    for folder, arguments in (("once", ()), ("halves", ("training.epochs=2",))):
        assert 0 == inside(small, "train", "small.yaml", *arguments, "--quiet", "--out", folder).code
    config = "once/small/config.yaml"
    assert 0 == inside(small, "train", config, "--quiet", "--out", "again").code
    assert (small / config).read_text() == (small / "again/small/config.yaml").read_text()
    weights = [(small / one / "small/model.safetensors").read_bytes() for one in ("once", "again")]
    assert weights[0] == weights[1]
    rate = yaml.safe_load((small / "halves/small/config.yaml").read_text())["optimizer"]["learning_rate"]
    whole = inside(
        small, "train", "small.yaml", f"optimizer.learning_rate={rate}", "--quiet", "--out", "whole"
    )
    resumed = inside(small, "resume", "halves/small", "training.epochs=5", "--quiet")
    assert (0, 0) == (whole.code, resumed.code)
    weights = [(small / one / "small/model.safetensors").read_bytes() for one in ("whole", "halves")]
    assert weights[0] == weights[1]


def test_auto_is_refused_where_it_would_change_what_was_done(small):
    assert 0 == inside(small, "train", "small.yaml", "--quiet", "--no-figures").code
    done = inside(small, "resume", "runs/small", "training.epochs=9", "optimizer.learning_rate=auto")
    assert (2, 1) == (done.code, done.err.count("\n"))
    assert "optimizer.learning_rate: auto may change the steps so far" in done.err


def test_a_sweep_refuses_auto_unless_it_searches_the_rate(small):
    refused = inside(
        small, "sweep", "small.yaml", "sweep={parameters: {model.hidden: {values: [[4], [8]]}}, method: grid}"
    )
    assert 2 == refused.code
    assert "optimizer.learning_rate: auto tests 32 rates for each network" in refused.err
    done = inside(small, "sweep", "small.yaml", "--trials", "2", "--jobs", "1", "--quiet")
    assert (0, "") == (done.code, done.err)


def test_auto_that_finds_nothing_is_one_line(small):
    done = inside(small, "train", "small.yaml", "model.init=zeros", "model.hidden=[4,4]")
    assert (2, 1) == (done.code, done.err.count("\n"))
    assert done.err.startswith("small.yaml:5: optimizer.learning_rate: auto found none")


@pytest.mark.parametrize("command", [("gradcheck",), ("show",), ("check", "--only", "initial_loss")])
def test_other_commands_take_auto(small, command):
    done = inside(small, command[0], "small.yaml", *command[1:])
    assert 0 == done.code, done.err
