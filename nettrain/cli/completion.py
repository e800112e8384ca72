"""What the shell suggests when Tab is pressed. Nothing here may print, fail or take long."""

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from nettrain.experiment.reference.json_schema import JsonSchema

Suggestion = tuple[str, str]  # a word, and its meaning
POSITION = re.compile(r"(?<=\.)\d+(?=\.|$)")  # in a list of blocks
SOURCES = ("data.source", "data.test", "data.validation")


def complete_kind(incomplete: str) -> list[str]:
    """Kinds for `nettrain list`."""
    from nettrain.experiment.reference.kinds import kinds

    return [kind for kind in kinds() if kind.startswith(incomplete)]


def complete_lesson(incomplete: str) -> list[Suggestion]:
    """Lessons of `nettrain lessons`, in the order of the course."""
    from nettrain.lessons import course

    return [(one.name, one.title) for one in course() if one.name.startswith(incomplete)]


def complete_variant(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Variants of the kind that `nettrain list` is given."""
    from nettrain.errors import NettrainError
    from nettrain.experiment.reference.kinds import entries

    with suppress(NettrainError):
        variants = entries(str(ctx.params.get("kind") or ""))
        return [(entry.name, entry.meaning) for entry in variants if entry.name.startswith(incomplete)]
    return []


def complete_command(incomplete: str) -> list[str]:
    """Commands whose --json has a schema."""
    from nettrain.cli.json_output import JSON_OUTPUTS

    return [name for name in JSON_OUTPUTS if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Run folders: those below runs/, or below what has been typed."""
    return _runs(incomplete, "summary.json")


def complete_file_or_run(incomplete: str) -> list[str]:
    """Experiment files, and run folders."""
    return [*complete_file(incomplete), *complete_run(incomplete)]


def complete_started_run(incomplete: str) -> list[str]:
    """Run folders, including those of runs that have not finished."""
    return _runs(incomplete, "config.yaml")


def complete_report(incomplete: str) -> list[str]:
    """Folders of runs, finished or not, and of sweeps."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    sweeps = _folders_with("journal.jsonl", folder, incomplete)
    return [
        *complete_started_run(incomplete),
        *(sweeps or _folders_with("journal.jsonl", Path("sweeps"), incomplete)),
    ]


def _runs(incomplete: str, file: str) -> list[str]:
    """Folders with such a file below what has been typed, otherwise below runs/."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    return _folders_with(file, folder, incomplete) or _folders_with(file, Path("runs"), incomplete)


def _folders_with(file: str, folder: Path, incomplete: str) -> list[str]:
    """Subfolders with such a file, as far as they go with what has been typed."""
    with suppress(OSError):
        paths = [str(path.parent) for path in folder.glob(f"*/{file}")]
        return sorted(path for path in paths if path.startswith(incomplete) or incomplete in path)
    return []


def complete_file(incomplete: str) -> list[str]:
    """Experiment files, and folders that may contain some."""
    return _entries(incomplete, (".yaml", ".yml"))


def complete_tunable(incomplete: str) -> list[str]:
    """Experiment files and tables, and folders that may contain some."""
    from nettrain.data.reading.formats import FORMATS

    return _entries(incomplete, (".yaml", ".yml", *FORMATS))


def complete_compared(incomplete: str) -> list[Suggestion]:
    """Experiment files and run folders for `nettrain compare` and, where there are none, keys to change."""
    runs = complete_run(incomplete)
    files = [path for path in complete_file(incomplete) if path.removesuffix("/") not in runs]
    return [(path, "") for path in (*files, *runs)] or complete_override(incomplete)


def _entries(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Files with these endings, and folders, as far as they go with what has been typed."""
    path = Path(incomplete)
    folder = path if incomplete.endswith("/") or not incomplete else path.parent
    with suppress(OSError):
        names = sorted(
            f"{entry}/" if entry.is_dir() else str(entry)
            for entry in folder.iterdir()
            if (entry.is_dir() and not entry.name.startswith(".")) or entry.name.lower().endswith(endings)
        )
        return [name for name in names if name.startswith(incomplete)]
    return []


def complete_column(ctx: typer.Context, incomplete: str) -> list[str]:
    """Columns of the data that `nettrain init` is given, or of the file of `nettrain tune`."""
    from nettrain.errors import NettrainError
    from nettrain.workflow.columns import named_columns

    with suppress(NettrainError, OSError, ValueError):
        arguments = _arguments(ctx)
        names = named_columns(str(arguments.get("data") or arguments.get("file")))
        return [name for name in names if name.startswith(incomplete)]
    return []


def _arguments(ctx: typer.Context) -> dict[str, Any]:
    """The arguments in front of the option whose value is completed, which Click has not parsed yet.

    Raises ValueError where the shell has not closed a quote.
    """
    words = shlex.split(os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", ""))
    options = [number for number, word in enumerate(words) if word.startswith("--")]
    before = words[2 : options[-1]] if options else []
    return ctx.command.make_context(ctx.info_name, before, resilient_parsing=True).params


def complete_sort(ctx: typer.Context, incomplete: str) -> list[str]:
    """What the runs of `nettrain runs` can be sorted by: columns of the table, and their figures."""
    from nettrain.errors import NettrainError
    from nettrain.store.run_overview import COLUMNS, find_runs

    figures: dict[str, None] = {}
    with suppress(NettrainError, OSError, ValueError):
        for run in find_runs(_arguments(ctx)["patterns"] or ["runs"]):
            figures |= dict.fromkeys(run.figures)
    return [name for name in (*COLUMNS, *figures) if name.startswith(incomplete)]


def complete_metric(incomplete: str) -> list[Suggestion]:
    """Metrics of `nettrain evaluate`."""
    from nettrain.catalogue.metrics import metrics
    from nettrain.catalogue.registry import meaning

    return [(name, meaning(entry)) for name, entry in metrics.items() if name.startswith(incomplete)]


def complete_backend(incomplete: str) -> list[str]:
    """Backends, as `backend.name` takes them."""
    return [word.partition("=")[2] for word, _ in complete_override(f"backend.name={incomplete}")]


def complete_override(incomplete: str) -> list[Suggestion]:
    """KEY= for every key of the experiment file; after the equals sign, the words that are allowed.

    Positions in lists stand for each other: what is known of `model.layers.0` goes for `model.layers.7`.
    """
    from nettrain.experiment.reference.schema import experiment_schema

    schema = experiment_schema()
    key, equals, value = incomplete.partition("=")
    known = POSITION.sub("0", key)
    fields = dict(_keys(schema, schema))
    if equals:
        words = [*_values(known, fields[known], value)] if known in fields else []
        return [(f"{key}={word}", meaning) for word, meaning in words if word.startswith(value)]
    # positions as typed, which come first in what follows
    names = (name for name in fields if name.startswith(known) and name.count(".") <= known.count(".") + 1)
    return [(f"{key}{name[len(known) :]}=", str(fields[name].get("description", ""))) for name in names]


def complete_number(incomplete: str) -> list[Suggestion]:
    """Numbers with a usual range, for `nettrain lr-find --parameter`."""
    from nettrain.catalogue.settings import varied
    from nettrain.checks.range_test.varied_number import RANGES
    from nettrain.experiment.keys import fields_of
    from nettrain.experiment.settings import Experiment

    fields = fields_of(Experiment)
    keys = ((offer.removesuffix("="), meaning) for offer, meaning in complete_override(incomplete))
    return [
        (key, meaning)
        for key, meaning in keys
        if "." not in key or (key.rpartition(".")[2] in RANGES and varied(fields[key]))
    ]


def _values(key: str, field: "JsonSchema", value: str) -> Iterator[Suggestion]:
    """What a key may be set to: words, sources, or else its default."""
    words = [*_words(field)]
    yield from words
    if key in SOURCES:
        yield from ((path, "") for path in _sources(value))
    default = field.get("default")
    if not words and key not in SOURCES and isinstance(default, int | float):
        yield str(default), "the default"


def _sources(incomplete: str) -> list[str]:
    """Files that can be read as tables, and folders."""
    from nettrain.data.reading.formats import FORMATS

    return _entries(incomplete, tuple(FORMATS))


def _keys(block: "JsonSchema", schema: "JsonSchema", prefix: str = "") -> Iterator[tuple[str, "JsonSchema"]]:
    """Dotted keys that take a value, each with its schema."""
    for name, field in block.get("properties", {}).items():
        if "const" in field:  # the name of a variant
            continue
        forms = _forms(field, schema)
        inner = [form for form in forms if "properties" in form]
        if not inner or len(forms) > len(inner):
            yield f"{prefix}{name}", field
        variants = [form for form in forms if "enumDescriptions" in form]
        if variants:
            yield f"{prefix}{name}.name", {**field, "anyOf": _variants_only(variants)}
        seen = {f"{prefix}{name}.name"} if variants else set[str]()
        for form in inner:
            for key, value in _keys(form, schema, f"{prefix}{name}."):
                if key not in seen:
                    seen.add(key)
                    yield key, value
        for form in forms:
            entry = _forms(form.get("items", {}), schema)[0]
            yield from _keys(entry, schema, f"{prefix}{name}.0.")


def _variants_only(forms: Iterable["JsonSchema"]) -> "list[JsonSchema]":
    """Enumerations without `auto`, which is no name of a variant."""
    pairs = [[*zip(form["enum"], form["enumDescriptions"], strict=True)] for form in forms]
    kept = [[(word, text) for word, text in pair if word != "auto"] for pair in pairs]
    return [
        {"enum": [word for word, _ in one], "enumDescriptions": [text for _, text in one]} for one in kept
    ]


def _forms(field: "JsonSchema", schema: "JsonSchema") -> list["JsonSchema"]:
    """The alternatives of a field, references resolved."""
    names = [form.get("$ref", "").rpartition("/")[2] for form in field.get("anyOf", [field])]
    forms = zip(names, field.get("anyOf", [field]), strict=True)
    return [schema["$defs"][name] if name else form for name, form in forms]


def _words(field: "JsonSchema") -> Iterator[Suggestion]:
    """The words that a field may be."""
    for form in field.get("anyOf", [field]):
        words = [word for word in form.get("enum", []) if word is not None]
        meanings = form.get("enumDescriptions", [""] * len(words))
        yield from zip(map(str, words), meanings, strict=True)
        if form.get("type") == "boolean":
            yield from (("true", ""), ("false", ""))
        if "const" in form:
            yield str(form["const"]), ""
        if form.get("type") == "null":
            yield "null", ""
