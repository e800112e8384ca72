"""Experiment files: nodes, and what only YAML has, such as aliases, tags, directives and complex keys."""

import json
from random import Random
from typing import Any

import yaml

from fuzzing import hostile
from fuzzing.mutation import mutation
from fuzzing.trees import mutate_as_trees

KIND = "yaml"
LOADER, DUMPER = yaml.CSafeLoader, yaml.CSafeDumper  # ten times as fast


def written(tree: Any, before: bytes) -> bytes:
    """The document as YAML, raw text included."""
    text = yaml.dump(tree, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=10**9)
    return hostile.with_raw_text(text).encode(errors="surrogatepass")


def read(data: bytes) -> Any:
    """The document, by PyYAML. Raises ValueError when it is none."""
    try:
        return yaml.load(data, LOADER)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


mutate_as_trees(KIND, read, written)


def _at_a_line(data: bytes, draw: Random, text: str) -> bytes:
    lines = data.split(b"\n")
    lines.insert(draw.randrange(len(lines) + 1), text.encode(errors="surrogatepass"))
    return b"\n".join(lines)


def _with_value(data: bytes, draw: Random, value: str) -> bytes:
    """One `key: value` of the text with another value."""
    lines = data.decode(errors="replace").split("\n")
    places = [k for k, line in enumerate(lines) if ": " in line]
    if places:
        at = draw.choice(places)
        lines[at] = f"{lines[at].partition(': ')[0]}: {value}"
    return "\n".join(lines).encode(errors="surrogatepass")


@mutation(KIND)
def aliases_multiply(data: bytes, draw: Random) -> bytes:
    """Lists of lists of aliases: some bytes stand for 10^6 to 10^12 nodes."""
    depth, width = draw.choice([(6, 10), (9, 10), (12, 10), (30, 2), (40, 2)])
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * width)}]" for k in range(1, depth)]
    if draw.random() < 0.5:
        return _with_value("\n".join(lines).encode() + b"\n" + data, draw, f"*a{depth - 1}")
    return "\n".join([*lines, f"model: {{hidden: *a{depth - 1}}}"]).encode()


@mutation(KIND)
def an_alias_contains_itself(data: bytes, draw: Random) -> bytes:
    """`&a [*a]`."""
    return _with_value(data, draw, draw.choice(["&a [*a]", "&a {a: *a}", "&a [1, {b: *a}]"]))


@mutation(KIND)
def an_alias_has_no_anchor(data: bytes, draw: Random) -> bytes:
    """`*nowhere`, or an anchor without a value."""
    return _with_value(data, draw, draw.choice(["*nowhere", "&a", "*", "&", "&a &b 1", "&a *a"]))


@mutation(KIND)
def mappings_are_merged(data: bytes, draw: Random) -> bytes:
    """`<<`, of mappings and of what is none."""
    merged = draw.choice(["{epochs: 3}", "1", "[1]", "[{a: 1}, {b: 2}]", "null", "*x", "{<<: {a: 1}}"])
    return _at_a_line(data, draw, f"<<: {merged}")


@mutation(KIND)
def a_value_has_a_tag(data: bytes, draw: Random) -> bytes:
    """Tags of Python, of YAML, and unknown ones, with values that do not fit."""
    tags = (
        "!!python/object/apply:os.system ['touch executed']",
        "!!python/name:os.system",
        "!!binary aGVsbG8=",
        "!!binary '!!!'",
        "!!set {a, b}",
        "!!omap [a: 1]",
        "!!pairs [a: 1]",
        "!!timestamp 2001-13-45",
        "!!int x",
        "!!float x",
        "!!int 0x",
        "!!bool 3",
        "!!null x",
        "!!str 3",
        "!!seq {}",
        "!!map []",
        "!local x",
        "!<x> 1",
        "! 3",
    )
    return _with_value(data, draw, draw.choice(tags))


@mutation(KIND)
def a_value_is_spelled_oddly(data: bytes, draw: Random) -> bytes:
    """What YAML 1.1 or 1.2, or people, take for numbers, dates, truth and nothing."""
    values = (
        "0x10",
        "0o17",
        "017",
        "0b11",
        "1_000",
        "1:30",
        "1e3",
        "1.e3",
        ".5",
        "+.inf",
        "-.INF",
        ".NaN",
        "1,5",
        "½",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "~",
        "Null",
        "TRUE",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "0x",
        "1e",
        '"\\x1b[2J"',
        '"\\ud800"',
        '"\\U0001F642"',
        '"\\0"',
        '"\\q"',
        "'it''s'",
        "|",
        ">",
        "|2-\n  x",
        ">+\n\n",
        "|99",
        "? x",
        "- x",
        "[",
        "]",
        "{",
        "}",
        "[,]",
        "{,}",
        "{a}",
        "{a: }",
        "[a: 1]",
        "@x",
        "`x`",
        "%x",
        "!",
        "&",
        "*",
    )
    return _with_value(data, draw, draw.choice(values))


@mutation(KIND)
def a_key_is_complex(data: bytes, draw: Random) -> bytes:
    """A mapping, a list, a number, nothing or a date as a key."""
    keys = (
        "? {a: b}\n: c",
        "? [a, b]\n: c",
        "[a, b]: c",
        "{a: b}: c",
        "3: x",
        "null: x",
        "~: x",
        "true: x",
        "1.5: x",
        "2001-01-01: x",
        ": x",
        "? ",
        "? |\n  long\n: x",
        "? &a x\n: *a",
        '"": x',
        "? - a\n  - b\n: - c",
        ".nan: x",
    )
    return _at_a_line(data, draw, draw.choice(keys))


@mutation(KIND)
def a_key_is_there_twice(data: bytes, draw: Random) -> bytes:
    """A top-level line, or a whole block, comes again."""
    lines = data.split(b"\n")
    return data + b"\n" + draw.choice(lines) + b"\n" if draw.random() < 0.7 else data + b"\n" + data


@mutation(KIND)
def there_are_several_documents(data: bytes, draw: Random) -> bytes:
    """Documents, directives and ends of documents in the middle."""
    marks = [
        "---",
        "...",
        "--- x",
        "%YAML 1.1\n---",
        "%YAML 9.9\n---",
        "%TAG ! tag:x,2000:\n---",
        "%FOO bar\n---",
        "--- |",
    ]
    return _at_a_line(data, draw, draw.choice(marks))


@mutation(KIND)
def indentation_changes(data: bytes, draw: Random) -> bytes:
    """A line with a blank more or less, or a tab."""
    lines = data.split(b"\n")
    at = draw.randrange(len(lines))
    lines[at] = draw.choice(
        [b" " + lines[at], lines[at][1:], b"\t" + lines[at], lines[at].lstrip(), b"      " + lines[at]]
    )
    return b"\n".join(lines)


@mutation(KIND)
def sizes_are_exaggerated(data: bytes, draw: Random) -> bytes:
    """Millions of keys, of entries, of characters, of levels, of lines."""
    count = draw.choice([1000, 30_000, 300_000])
    hugest = [
        "".join(f"key{k}: {k}\n" for k in range(count)),
        f"notes: {'x' * 10 * count}",
        f"model: {{hidden: [{'3, ' * count}3]}}",
        f"experiment: {'[' * count}",
        f"experiment: {'{a: ' * count}",
        "- " * count,
        "#" * 10 * count,
        "\n" * 10 * count,
        f"data: {{names: [{', '.join(map(str, range(count)))}]}}",
        f"experiment: {'9' * count}",
        f"experiment: &{'a' * count} x",
        'experiment: "' + "\\x41" * count + '"',
    ]
    return data + b"\n" + draw.choice(hugest).encode() + b"\n"


@mutation(KIND)
def a_setting_wants_too_much(data: bytes, draw: Random) -> bytes:
    """Settings whose numbers are each allowed, and more than a machine has."""
    number = draw.choice(
        ["1e9", "1000000000", "9223372036854775807", "9223372036854775808", "1e30", "100000", "3000000"]
    )
    settings = (
        "model: {{hidden: [{0}]}}",
        "model: {{hidden: [{0}, {0}]}}",
        "training: {{repeat: {0}}}",
        "seed: {0}",
        *("training: {{ensemble: {0}}}", "training: {{epochs: {0}}}", "training: {{batch_size: {0}}}"),
        "backend: {{threads: {0}}}",
        "data: {{source: 'synthetic:moons', test: {0}}}",
        "data: {{folds: {0}}}",
        "model: {{hidden: [3], sub_members: {0}}}",
        "training: {{snapshots: {0}}}",
        "blend: [{{model: {{hidden: [{0}]}}}}]",
        "backend: {{device: {0}}}",
        "model: {{hidden: [3], embeddings: {{name: periodic, frequencies: {0}}}}}",
        "data: {{max_categories: {0}}}",
        "training: {{early_stopping: {{patience: {0}}}}}",
        "sweep: {{trials: {0}, parameters: {{seed: {{min: 0, max: 9}}}}}}",
        "schedule: {{name: step, every: {0}}}",
        "training: {{evaluate_every: {0}}}",
        "training: {{max_seconds: {0}}}",
    )
    tree = read(data) if data.strip() else {}
    extra = yaml.safe_load(draw.choice(settings).format(number))
    if not isinstance(tree, dict):
        return data
    for key, value in extra.items():
        old = tree.get(key)
        tree[key] = {**old, **value} if isinstance(value, dict) and isinstance(old, dict) else value
    return written(tree, data)


@mutation(KIND)
def is_in_another_encoding(data: bytes, draw: Random) -> bytes:
    """UTF-32, Latin-1 with an accent, UTF-7, or UTF-16 without a mark."""
    text = data.decode(errors="replace") + "# café\n"
    return text.encode(draw.choice(["utf-32", "latin-1", "utf-7", "utf-16-be", "cp037"]), errors="replace")


@mutation(KIND, keeps=True)
def comments_are_added(data: bytes, draw: Random) -> bytes:
    """Comments and empty lines around the document."""
    return b"# one\n\n" + data.rstrip(b"\n") + b"\n  # two\n\n\n# three"


@mutation(KIND, keeps=True)
def ends_lines_as_windows_does(data: bytes, draw: Random) -> bytes:
    """CR LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@mutation(KIND, keeps=True)
def is_json(data: bytes, draw: Random) -> bytes:
    """The same document as JSON, in a line or indented."""
    return json.dumps(read(data), indent=draw.choice([None, 1, 4])).encode()


@mutation(KIND, keeps=True)
def keys_are_in_another_order(data: bytes, draw: Random) -> bytes:
    """The blocks of the file, shuffled."""
    items = list(read(data).items())
    draw.shuffle(items)
    return written(dict(items), data)


@mutation(KIND, keeps=True)
def is_written_in_another_style(data: bytes, draw: Random) -> bytes:
    """Flow or block, narrow lines, quotes, an end of the document."""
    return yaml.safe_dump(
        read(data),
        sort_keys=False,
        default_flow_style=draw.choice([True, False]),
        width=draw.choice([20, 80]),
        indent=draw.choice([2, 7]),
        default_style=draw.choice([None, None]),
        explicit_start=draw.random() < 0.5,
        explicit_end=draw.random() < 0.5,
    ).encode()


@mutation(KIND, keeps=True)
def begins_with_a_mark(data: bytes, draw: Random) -> bytes:
    """A byte order mark, as Windows' editors write."""
    return b"\xef\xbb\xbf" + data
