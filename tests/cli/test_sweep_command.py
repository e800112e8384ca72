"""`nettrain sweep` as a person meets it: what it shows and leaves, how it ends and goes on."""

import json
import signal
import subprocess
from statistics import mean, stdev
from time import monotonic, sleep

import polars as pl
import pytest

from tests.cli.command import COMMAND, ENVIRONMENT, inside, nettrain

pytestmark = pytest.mark.usefixtures("without_drawing")

SMALL = """experiment: small
data: {source: 'builtin:iris'}
training: {epochs: 20, batch_size: 16}
sweep:
  trials: 8
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    model.hidden: {values: [[4], [8]]}
"""
LONG = (
    SMALL.replace("epochs: 20", "epochs: 200")
    .replace("trials: 8", "trials: 24")
    .replace("[8]]", "[8], [5], [6], [7]]")
)
FILES = ["best.yaml", "journal.jsonl", "parameters.png", "summary.json", "timing.csv", "trials.csv"]


def running(folder, *options):
    """A sweep in a process of its own."""
    command = [*COMMAND, "sweep", "small.yaml", "--quiet", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, text=True, **pipes)  # type: ignore[call-overload]


def when_trials_are_done(folder, process, more_than=0):
    """Wait until the journal tells of a result."""
    journal, until = folder / "sweeps" / "small" / "journal.jsonl", monotonic() + 60
    while not (journal.exists() and b'"trial"' in journal.read_bytes()[more_than:]):
        assert process.poll() is None, process.communicate()
        assert monotonic() < until
        sleep(0.002)


def when_it_has_workers(process):
    """Numbers of the processes below this one, once there are two workers."""
    until = monotonic() + 60
    while True:
        found = subprocess.run(
            ["pgrep", "-f", "-P", str(process.pid), "spawn_main"], capture_output=True, check=False
        )
        workers = [int(pid) for pid in found.stdout.split()]
        if len(workers) == 2:
            return workers
        assert monotonic() < until
        sleep(0.01)


def ended(processes):
    """Whether all of them end soon."""
    until = monotonic() + 30
    while any(state(pid) != "Z" for pid in processes):
        if monotonic() > until:
            return False
        sleep(0.01)
    return True


def state(pid):
    """The letter for what a process does; Z also when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """The table of an undisturbed sweep."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "small.yaml").write_text(LONG)
    assert inside(folder, "sweep", "small.yaml", "--quiet", "--jobs", 1).code == 0
    return (folder / "sweeps" / "small" / "trials.csv").read_bytes()


def test_it_tells_leaves_and_repeats_its_best(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    done = nettrain(tmp_path, "sweep", "small.yaml", "--jobs", 1)
    assert (done.code, done.err) == (0, "")
    for told in (
        "random, 8 trials, by val loss",
        "trial 8/8",
        "what mattered",
        "learning_rate",
        "8 finished of 8",
    ):
        assert told in done.out
    folder = tmp_path / "sweeps" / "small"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert (folder / "parameters.png").read_bytes().startswith(b"\x89PNG")
    summary = json.loads((folder / "summary.json").read_text())
    again = json.loads(inside(tmp_path, "train", folder / "best.yaml", "--json", "--quiet").out)
    assert again["metrics"]["val"]["loss"] == summary["best"]["metrics"]["val_loss"]

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    second = inside(tmp_path, "sweep", "small.yaml", "--json")
    assert "all 8 trials are done; --trials N adds more" in second.err
    answer = json.loads(second.out)
    assert ["there are too few trials"] == [one["missing"] for one in answer.pop("importance")]
    assert answer == {"folder": "sweeps/small", **summary}
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_goes_on_after_ctrl_c_and_after_kill_9_and_ends_the_same(tmp_path, long):
    (tmp_path / "small.yaml").write_text(LONG)
    folder = tmp_path / "sweeps" / "small"
    with running(tmp_path, "--jobs", "2") as first:
        when_trials_are_done(tmp_path, first)
        first.send_signal(signal.SIGINT)
        _, errors = first.communicate(timeout=60)
    assert (130, "interrupted; go on with: nettrain sweep small.yaml --quiet --jobs 2\n") == (
        first.returncode,
        errors,
    )
    assert json.loads((folder / "summary.json").read_text())["status"] == "interrupted"
    assert not (folder / ".data").exists()

    journal = (folder / "journal.jsonl").read_bytes()
    with running(tmp_path, "--jobs", "2") as second:
        workers = when_it_has_workers(second)
        when_trials_are_done(tmp_path, second, more_than=len(journal))
        second.kill()
    assert ended(workers)
    assert (folder / "journal.jsonl").read_bytes().startswith(journal)

    assert inside(tmp_path, "sweep", "small.yaml", "--quiet", "--jobs", 1).code == 0
    assert long == (folder / "trials.csv").read_bytes()


def test_a_search_in_which_nobody_gets_to_the_end_fails(tmp_path):
    text = SMALL.replace("min: 1.0e-4, max: 1.0e-1", "min: 1.0e+30, max: 1.0e+38")
    (tmp_path / "small.yaml").write_text(text.replace("training:", "optimizer: sgd\ntraining:"))
    done = inside(tmp_path, "sweep", "small.yaml", "--quiet", "--jobs", 1)
    assert (done.code, done.err) == (1, "no trial of sweeps/small came to its end\n")
    assert not (tmp_path / "sweeps" / "small" / "best.yaml").exists()


def test_a_file_without_a_search_is_searched_in_the_usual_ranges_and_the_note_says_so(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL.partition("sweep:")[0])
    done = inside(tmp_path, "sweep", "small.yaml", "--trials", 4, "--jobs", 1)
    assert (done.code, done.err) == (0, "")
    note = "no sweep block, so the usual ranges are searched: optimizer.learning_rate 0.0001 to 0.01;"
    assert note in " ".join(done.out.split())
    trials = pl.read_csv(tmp_path / "sweeps" / "small" / "trials.csv")
    assert 4 == len(trials)
    assert trials["optimizer.learning_rate"].is_between(1e-4, 1e-2).all()
    again = inside(tmp_path, "sweep", "small.yaml", "--trials", 4, "--jobs", 1)
    assert (again.code, again.err) == (0, "")
    summary = tmp_path / "sweeps" / "small" / "summary.json"
    content = json.loads(summary.read_text())
    content["timing"]["total_seconds"] = 1000.0
    summary.write_text(json.dumps(content))
    assert 0 == inside(tmp_path, "sweep", "small.yaml", "--trials", 5, "--jobs", 1).code
    assert json.loads(summary.read_text())["timing"]["total_seconds"] > 1000  # of both parts


def test_folds_make_each_figure_a_mean_of_runs_that_take_one_fold(tmp_path):
    text = SMALL.replace("'builtin:iris'", "'builtin:iris', validation: 0.1").replace(
        "trials: 8", "trials: 2"
    )
    (tmp_path / "small.yaml").write_text(text)
    done = inside(tmp_path, "sweep", "small.yaml", "--folds", "3", "--jobs", 1)
    assert (done.code, done.err) == (0, "")
    for told in ("random, 2 trials, by mean val loss of 3 folds", "6 networks in", " ±0."):
        assert told in done.out
    folder = tmp_path / "sweeps" / "small"
    best = json.loads((folder / "summary.json").read_text())["best"]
    run = inside(tmp_path, "train", folder / "best.yaml", "data.folds.take=2", "--json", "--quiet")
    losses = [fold["val_loss"] for fold in best["folds"]]
    assert losses[1] == json.loads(run.out)["metrics"]["val"]["loss"]
    table = pl.read_csv(folder / "trials.csv").row(best["trial"] - 1, named=True)
    assert (table["val_loss"], table["val_loss_sd"]) == pytest.approx((mean(losses), stdev(losses)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "data: {source: 'builtin:iris', folds: 3, validation: 0.1}",
            "data.validation: 0.1 does not go with",
        ),
        ("data: {source: 'builtin:iris', folds: 200}", "data.folds: 150 rows cannot be 200 folds"),
        ("data: {source: gone.csv}", "data.source: "),  # as each of its trials finds out
    ],
)
def test_data_that_cannot_be_used_are_refused_with_their_line_and_leave_nothing(tmp_path, line, message):
    (tmp_path / "small.yaml").write_text(SMALL.replace("data: {source: 'builtin:iris'}", line))
    done = inside(tmp_path, "sweep", "small.yaml")
    assert 2 == done.code
    assert done.err.startswith(f"small.yaml:2: {message}")
    assert 1 == len(done.err.splitlines())
    assert not (tmp_path / "sweeps").exists()


def test_without_rows_to_compare_trials_by_there_is_no_usual_search(tmp_path):
    text = SMALL.partition("sweep:")[0].replace("'builtin:iris'", "'builtin:iris', validation: 0")
    (tmp_path / "small.yaml").write_text(text)
    done = inside(tmp_path, "sweep", "small.yaml")
    why = "data.validation is 0, so there are no rows to compare trials by"
    assert (done.code, done.err) == (2, f"small.yaml:1: has no sweep block, and {why}\n")


def test_a_second_interrupt_ends_it_at_once_and_says_how_to_go_on(tmp_path):
    """Workers that do not answer keep the first one from being answered."""
    (tmp_path / "small.yaml").write_text(LONG)
    process = running(tmp_path, "--jobs", "2")
    when_trials_are_done(tmp_path, process)
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        sleep(0.001)
    _, err = process.communicate(timeout=60)
    assert 130 == process.returncode
    assert "go on with: nettrain sweep small.yaml --quiet --jobs 2\n" in err
    assert "Traceback" not in err
    again = inside(tmp_path, "sweep", "small.yaml", "--quiet", "--jobs", 1)
    assert (0, "") == (again.code, again.err)
    assert not (tmp_path / "sweeps/small/.lock").exists()
