"""What the shell offers when a person presses Tab. It must never print, fail or take long."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettrain.experiment.reference.json_schema import JsonSchema

Offer = tuple[str, str]  # the word, and what it means


def complete_kind(incomplete: str) -> list[str]:
    """Kinds for `nettrain list`."""
    from nettrain.experiment.reference.kinds import kinds

    return [kind for kind in kinds() if kind.startswith(incomplete)]


def complete_command(incomplete: str) -> list[str]:
    """Commands whose --json has a schema."""
    from nettrain.cli.json_output import ANSWERS

    return [name for name in ANSWERS if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Run folders: those below runs/, or below what has been typed."""
    return _runs(incomplete, "summary.json")


def complete_begun_run(incomplete: str) -> list[str]:
    """The same, those of runs that have not come to their end among them."""
    return _runs(incomplete, "config.yaml")


def _runs(incomplete: str, file: str) -> list[str]:
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    return _with(file, folder, incomplete) or _with(file, Path("runs"), incomplete)


def _with(file: str, folder: Path, incomplete: str) -> list[str]:
    """Folders in this one that have such a file."""
    with suppress(OSError):
        paths = [str(path.parent) for path in folder.glob(f"*/{file}")]
        return sorted(path for path in paths if path.startswith(incomplete) or incomplete in path)
    return []


def complete_file(incomplete: str) -> list[str]:
    """Experiment files and the folders on the way to them."""
    path = Path(incomplete)
    folder = path if incomplete.endswith("/") or not incomplete else path.parent
    with suppress(OSError):
        names = sorted(
            f"{entry}/" if entry.is_dir() else str(entry)
            for entry in folder.iterdir()
            if (entry.is_dir() and not entry.name.startswith(".")) or entry.suffix in (".yaml", ".yml")
        )
        return [name for name in names if name.startswith(incomplete)]
    return []


def complete_override(incomplete: str) -> list[Offer]:
    """KEY= for every key of the experiment file, and the words that it may be behind the equals sign."""
    from nettrain.experiment.reference.schema import experiment_schema

    schema = experiment_schema()
    key, equals, _ = incomplete.partition("=")
    if equals:
        fields = dict(_keys(schema, schema))
        words = _words(fields[key]) if key in fields else ()
        offers = [(f"{key}={word}", meaning) for word, meaning in words]
    else:
        depth = key.count(".")
        offers = [
            (f"{name}=", str(field.get("description", "")))
            for name, field in _keys(schema, schema)
            if name.count(".") <= depth + 1
        ]
    return [offer for offer in offers if offer[0].startswith(incomplete)]


def _keys(block: "JsonSchema", schema: "JsonSchema", prefix: str = "") -> Iterator[tuple[str, "JsonSchema"]]:
    """Dotted keys that take a value, with what the schema says of each."""
    for name, field in block.get("properties", {}).items():
        if "const" in field:  # a variant's own name, or what is not built yet
            continue
        inner = [form for form in _forms(field, schema) if "properties" in form]
        if not inner or len(_forms(field, schema)) > len(inner):
            yield f"{prefix}{name}", field
        seen: set[str] = set()
        for form in inner:
            for key, value in _keys(form, schema, f"{prefix}{name}."):
                if key not in seen:
                    seen.add(key)
                    yield key, value


def _forms(field: "JsonSchema", schema: "JsonSchema") -> list["JsonSchema"]:
    """The alternatives of a field, references resolved."""
    names = [form.get("$ref", "").rpartition("/")[2] for form in field.get("anyOf", [field])]
    forms = zip(names, field.get("anyOf", [field]), strict=True)
    return [schema["$defs"][name] if name else form for name, form in forms]


def _words(field: "JsonSchema") -> Iterator[Offer]:
    for form in field.get("anyOf", [field]):
        meanings = form.get("enumDescriptions", [""] * len(form.get("enum", [])))
        yield from zip(map(str, form.get("enum", [])), meanings, strict=True)
        if form.get("type") == "boolean":
            yield from (("true", ""), ("false", ""))
        if "const" in form:
            yield str(form["const"]), ""
