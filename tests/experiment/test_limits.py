"""Experiment files without end: refused in a moment, by line, with what would be allowed; devices are no files."""

import json
import os
import socket
import time

import pytest
import yaml

from nettrain.errors import SpecError
from nettrain.experiment import yaml_nodes
from nettrain.experiment.document import parse
from nettrain.experiment.load import load, to_yaml
from nettrain.experiment.problems import MOST_PROBLEMS
from nettrain.experiment.yaml_nodes import LONG, MOST_CHARACTERS
from tests.cli.command import CONFIGS, inside

DATA = "data: {source: builtin:iris}\n"


def refusal(folder, text):
    """The problems of an experiment file with this text, and the seconds it took to find them."""
    (folder / "e.yaml").write_text(text)
    started = time.process_time()
    with pytest.raises(SpecError) as caught:
        load(folder / "e.yaml")
    return [line.replace(str(folder / "e.yaml"), "F") for line in caught.value.problems], (
        time.process_time() - started
    )


def doubling(kind, first, times):
    """Anchors of which each holds the one before it several times."""
    lines = [f"a0: &a0 {first}"]
    return "\n".join([*lines, *(f"a{i}: &a{i} {kind.format(f'*a{i - 1}')}" for i in range(1, times))])


@pytest.mark.parametrize(
    ("text", "line", "values"),
    [
        (doubling("[{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]", "[1, 1, 1]", 30), 6, "411,111"),
        (doubling("{{x: {0}, y: {0}}}", "{x: 1}", 60), 17, "393,213"),
    ],
)
def test_aliases_that_multiply_are_counted_not_written_out(tmp_path, text, line, values):
    problems, seconds = refusal(tmp_path, text)
    expected = f"F:{line}: holds {values} values, aliases written out, at most 250,000 are allowed"
    assert [expected] == problems
    assert seconds < 1


def test_aliases_of_a_long_text_are_counted_by_its_characters(tmp_path):
    text = f"a: &a {'x' * 1000}\nb: &b [{', '.join(['*a'] * 100)}]\nc: [{', '.join(['*b'] * 100)}]\n"
    expected = f"F:3: has 10,000,000 characters, an experiment file has at most {MOST_CHARACTERS:,}"
    assert [expected] == refusal(tmp_path, text)[0]


def test_an_alias_inside_its_own_anchor_has_no_end(tmp_path):
    assert ["F: nested too deeply"] == refusal(tmp_path, "a: &a [*a]\n")[0]


@pytest.mark.parametrize("text", ["k{}: 1\n", "x", '"\\x41', "# a comment\n", "[", "- "])
def test_a_text_of_5_mb_is_not_read(tmp_path, text):
    long = "".join(text.format(i) for i in range(5_000_000 // len(text)))
    problems, seconds = refusal(tmp_path, long)
    expected = f"F: has {len(long):,} characters, an experiment file has at most {MOST_CHARACTERS:,}"
    assert [expected] == problems
    assert seconds < 1


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    (tmp_path / "e.yaml").touch()
    os.truncate(tmp_path / "e.yaml", 50_000_000_000)
    with pytest.raises(SpecError, match=r"is 50\.0 GB, an experiment file has at"):
        load(tmp_path / "e.yaml")


def test_names_of_very_many_columns_are_no_problem(tmp_path):
    names = ", ".join(f"column_{i}" for i in range(20_000))
    (tmp_path / "e.yaml").write_text(f"data: {{source: x.csv, names: [{names}]}}\n")
    started = time.process_time()
    assert 20_000 == len(load(tmp_path / "e.yaml").experiment.data.names)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("key", ["hidden", "layers"])
def test_a_network_has_no_more_layers_than_can_be_prepared(tmp_path, key):
    one = "4" if key == "hidden" else "{units: 4}"
    problems, _ = refusal(tmp_path, f"{DATA}model: {{{key}: [{', '.join([one] * 1001)}]}}\n")
    assert [f"F:2: model.{key}: has 1,001 of them, at most 1,000 are allowed"] == problems


def test_problems_without_number_are_counted(tmp_path):
    problems, seconds = refusal(tmp_path, DATA + "".join(f"key{i}: [1,\n2]\n" for i in range(3000)))
    assert MOST_PROBLEMS + 1 == len(problems)
    assert problems[0].startswith("F:2: key0: unknown key (allowed: experiment, seed, ")
    assert "and 2,950 more problems" == problems[-1]
    assert seconds < 5


def test_long_keys_and_values_are_shortened_in_messages(tmp_path):
    key, value = "k" * 50_000, "v " * 25_000
    problems, _ = refusal(tmp_path, f"{DATA}? {key}\n: 1\nseed: {value}\nloss: [{value}]\n")
    assert 3 == len(problems)
    assert max(map(len, problems)) < 400


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('experiment: "\\U00110000"', "F:2: not valid YAML: a number that is too large for what it is"),
        ('experiment: "\\UFFFFFFFF"', "F:2: not valid YAML: a number that is too large for what it is"),
        ('experiment: "\\ud800"', "F:2: experiment: the character U+D800 is not allowed"),
        ('"\\ud800": 1', "F:2: the character U+D800 is not allowed"),
        ('data: {source: "\\0"}', "F:2: data.source: the character U+0000 is not allowed"),
        ("{a: 1}: 2", "F:2: a key must be plain text"),
        ("? [a]\n: 2", "F:2: a key must be plain text"),
    ],
)
def test_characters_and_keys_that_are_none(tmp_path, text, problem):
    assert problem in refusal(tmp_path, f"\n{text}\n")[0]


def test_a_version_of_yaml_with_5000_digits(tmp_path):
    problems, _ = refusal(tmp_path, f"%YAML 1.{'1' * 5000}\n---\n{DATA}")
    assert ["F:1: not valid YAML: a number that is too large for what it is"] == problems


def test_json_writes_rare_characters_in_two_halves():
    names = ["\U0001f600", "a\U00010000b"]
    assert {"names": names, names[0]: 1} == parse(json.dumps({"names": names, names[0]: 1}), "e.json").values


@pytest.mark.parametrize("padding", [0, LONG])
@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 'y z', \"q\\n\\x41\"]\nc:\n  - {d: 1e-4, e: ~}\n  - |\n    text\n     more\n  - >-\n    a\n    b\n",
        "a: &x {b: 1}\nc: *x\nd: !!str 5\ne: 017\nf: 0o17\n? g\n: yes\n",
        "{a: [1, [2, {b: null}]], 'k''s': .5, \"\\u00e4\": .inf}",
    ],
)
def test_both_readers_of_yaml_agree(monkeypatch, text, padding):
    padded = text + "#" * padding
    found = parse(padded, "f")
    monkeypatch.setattr(yaml_nodes, "LONG", 0 if not padding else 10**9)
    other = parse(padded, "f")
    assert (found.values, found.locations, found.problems) == (other.values, other.locations, other.problems)


CONFIG = to_yaml(load(CONFIGS / "iris.yaml").experiment)


@pytest.mark.parametrize(
    "text",
    [
        *(
            CONFIG,
            "a: b: c",
            "{a: [1, 2}",
            "a: 'b",
            "a: 1\n b: 2",
            "[a, ', '?', ]",
            "a: [- b]",
            "--- a\n--- b",
        ),
        *("", "#", "...\na", "a:b", "{a:b, 'c':d}", '"a\n\n b": [c,\n d]', "- - a\n  - b\n-", "x: ~\ny: <<"),
    ],
)
def test_what_libyaml_reads_quickly_is_what_pyyaml_reads(monkeypatch, text):
    found = outcome(text)
    monkeypatch.setattr(yaml_nodes, "_quickly_read", lambda text: None)
    assert outcome(text) == found


def outcome(text):
    """What is read from a text, or what is wrong with it."""
    try:
        document = parse(text, "f")
    except SpecError as error:
        return str(error)
    return document.values, document.locations, document.problems


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML has no libyaml")
def test_configs_of_runs_are_read_quickly():
    assert yaml_nodes._quickly_read(CONFIG) is not None
    assert yaml_nodes._quickly_read(CONFIG.replace("iris", "ïris")) is None


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def make_link(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "kind"), [(make_pipe, "a named pipe"), (make_socket, "a socket"), (make_link, "a device")]
)
@pytest.mark.parametrize("command", ["train", "check", "sweep", "show"])
def test_what_may_have_no_end_is_no_experiment_file(tmp_path, monkeypatch, make, kind, command):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "e.yaml")
    done = inside(tmp_path, command, "e.yaml")
    assert (2, f"e.yaml: is {kind}, not an experiment file\n") == (done.code, done.err)
