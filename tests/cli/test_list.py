"""`nettrain list KIND NAME --figure`: one variant, pictures, and what has none."""

import json

import pytest

from tests.cli.command import inside


def test_a_variant_by_itself(tmp_path):
    done = inside(tmp_path, "list", "activation", "relu", "--json")
    assert ["relu"] == [entry["name"] for entry in json.loads(done.out)["activation"]]
    text = inside(tmp_path, "list", "activation", "relu").out
    assert (True, False) == ("f(z) = max(0, z)" in text, "leaky_relu" in text)


def test_everything_that_can_be_named(tmp_path):
    done = inside(tmp_path, "list")
    *lines, _ = done.out.splitlines()
    everything = json.loads(inside(tmp_path, "list", "--json").out)
    assert (0, [*everything]) == (done.code, [line for line in lines if line and line[0] != " "])
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert [entry["name"] for entries in everything.values() for entry in entries] == names


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["activation"], "activation.png"),
        (["activation", "relu"], "relu.png"),
        (["schedule"], "schedule.png"),
        (["momentum schedule"], "momentum_schedule.png"),
        (["schedule", "cosine", "--out", "mine.png"], "mine.png"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_kind_has_a_picture(arguments, file, tmp_path):
    done = inside(tmp_path, "list", *arguments, "--figure")
    assert (0, "", f"picture: {file}\n") == (done.code, done.out, done.err)
    assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("variant", [("activation", "relu"), ("schedule", "cosine")], ids="-".join)
def test_a_picture_is_the_same_each_time(variant, tmp_path):
    for name in ("first.png", "second.png"):
        inside(tmp_path, "list", *variant, "--figure", "--out", name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


KINDS = " (allowed: activation, schedule, momentum schedule)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["activation", "rellu"], 'unknown activation "rellu", did you mean "relu"?\n'),
        (["--figure"], f"--figure: name a kind{KINDS}"),
        (["loss", "--figure"], f'--figure: there is no picture of "loss"{KINDS}'),
        (["activation", "--out", "a.png"], "--out: only --figure writes a picture\n"),
        (
            ["activation", "--figure", "--out", "a.jpg"],
            "--out: a.jpg: is not a name for a picture, which ends with .png\n",
        ),
    ],
    ids=["name", "no kind", "no picture", "no figure", "ending"],
)
def test_what_cannot_be_listed_or_drawn(arguments, message, tmp_path):
    done = inside(tmp_path, "list", *arguments)
    assert (2, message, []) == (done.code, done.err, list(tmp_path.iterdir()))
