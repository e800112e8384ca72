"""`train --animate`: a GIF in the run folder, and one line where there can be none."""

import pytest

from tests.cli.command import CONFIGS, inside


def test_train_and_resume_animate(tmp_path):
    small = [CONFIGS / "moons.yaml", "training.epochs=3", "model.hidden=[4]", "--quiet"]
    first = inside(tmp_path, "train", *small, "--animate")
    gif = tmp_path / "runs" / "moons" / "boundary.gif"
    before = gif.read_bytes()
    assert (0, "", b"GIF89a") == (first.code, first.err, before[:6])
    inside(tmp_path, "train", *small, "--animate")
    assert before == (tmp_path / "runs" / "moons-2" / "boundary.gif").read_bytes()
    inside(tmp_path, "train", *small, "--no-figures")
    weights = [tmp_path / "runs" / name / "model.safetensors" for name in ("moons", "moons-3")]
    assert weights[0].read_bytes() == weights[1].read_bytes(), "watching changes nothing"
    again = inside(tmp_path, "resume", gif.parent, "training.epochs=5", "--animate", "--quiet")
    assert (0, False) == (again.code, before == gif.read_bytes())


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ("iris", [], "--animate: needs one or two columns of numbers as inputs, and there are 4\n"),
        ("moons", ["--no-figures"], "--animate: does not go with --no-figures\n"),
    ],
)
def test_what_cannot_be_animated_is_one_line_and_no_run(config, options, message, tmp_path):
    done = inside(tmp_path, "train", CONFIGS / f"{config}.yaml", "--animate", *options)
    assert (2, message, []) == (done.code, done.err, list(tmp_path.iterdir()))
