"""What pictures a run leaves behind, and that a run does not fail for want of one."""

import pytest

from tests.cli.command import CONFIGS, inside


def pictures(folder, *arguments):
    ended = inside(folder, "train", *arguments, "--quiet", "training.epochs=3")
    found = sorted(path.name for path in (folder / "runs").glob("*/*.png"))
    return ended.code, found


@pytest.mark.parametrize(
    ("config", "changes", "expected"),
    [
        ("iris", [], ["confusion.png", "curves.png"]),
        ("iris", ["data.test=0"], ["confusion.png", "curves.png"]),
        ("sine", [], ["boundary.png", "curves.png", "residuals.png"]),
        ("xor", [], ["boundary.png", "confusion.png", "curves.png"]),
        ("digits", [], ["confusion.png", "curves.png", "weights.png"]),
        (
            "iris",
            ["training.diagnostics=true", "training.history=step", "--tensorboard", "logs"],
            ["confusion.png", "curves.png", "diagnostics.png"],
        ),
        ("iris", ["--no-figures"], []),
        ("iris", ["optimizer.learning_rate=1e30", "optimizer.name=sgd"], ["confusion.png", "curves.png"]),
    ],
)
def test_a_run_leaves_pictures(config, changes, expected, tmp_path):
    code, found = pictures(tmp_path, CONFIGS / f"{config}.yaml", *changes)
    assert (expected, int("1e30" in str(changes))) == (found, code)


def test_the_same_run_draws_the_same_pictures(tmp_path):
    pictures(tmp_path, CONFIGS / "iris.yaml")
    pictures(tmp_path, CONFIGS / "iris.yaml")
    for name in ("curves.png", "confusion.png"):
        one, two = ((tmp_path / "runs" / run / name).read_bytes() for run in ("iris", "iris-2"))
        assert one == two


def test_a_picture_that_fails_is_a_note(tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise OSError("no room")

    monkeypatch.setattr("nettrain.output.figures.curves.curves_picture", broken)
    ended = inside(tmp_path, "train", CONFIGS / "iris.yaml", "training.epochs=1", "--quiet")
    assert (0, "", "curves.png could not be drawn: no room\n") == (ended.code, ended.out, ended.err)
    assert (tmp_path / "runs" / "iris" / "confusion.png").exists()
