"""What the shell suggests when Tab is pressed. Nothing here may print, fail or take long."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettrain.experiment.reference.json_schema import JsonSchema

Suggestion = tuple[str, str]  # a word, and its meaning


def complete_kind(incomplete: str) -> list[str]:
    """Kinds for `nettrain list`."""
    from nettrain.experiment.reference.kinds import kinds

    return [kind for kind in kinds() if kind.startswith(incomplete)]


def complete_command(incomplete: str) -> list[str]:
    """Commands whose --json has a schema."""
    from nettrain.cli.json_output import JSON_OUTPUTS

    return [name for name in JSON_OUTPUTS if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Run folders: those below runs/, or below what has been typed."""
    return _runs(incomplete, "summary.json")


def complete_started_run(incomplete: str) -> list[str]:
    """Run folders, including those of runs that have not finished."""
    return _runs(incomplete, "config.yaml")


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


def complete_override(incomplete: str) -> list[Suggestion]:
    """KEY= for every key of the experiment file; after the equals sign, the words that are allowed."""
    from nettrain.experiment.reference.schema import experiment_schema

    schema = experiment_schema()
    key, equals, _ = incomplete.partition("=")
    if equals:
        fields = dict(_keys(schema, schema))
        words = _words(fields[key]) if key in fields else ()
        suggestions = [(f"{key}={word}", meaning) for word, meaning in words]
    else:
        depth = key.count(".")
        suggestions = [
            (f"{name}=", str(field.get("description", "")))
            for name, field in _keys(schema, schema)
            if name.count(".") <= depth + 1
        ]
    return [one for one in suggestions if one[0].startswith(incomplete)]


def _keys(block: "JsonSchema", schema: "JsonSchema", prefix: str = "") -> Iterator[tuple[str, "JsonSchema"]]:
    """Dotted keys that take a value, each with its schema."""
    for name, field in block.get("properties", {}).items():
        if "const" in field:  # the name of a variant, or a feature that is not built yet
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


def _words(field: "JsonSchema") -> Iterator[Suggestion]:
    """The words that a field may be."""
    for form in field.get("anyOf", [field]):
        meanings = form.get("enumDescriptions", [""] * len(form.get("enum", [])))
        yield from zip(map(str, form.get("enum", [])), meanings, strict=True)
        if form.get("type") == "boolean":
            yield from (("true", ""), ("false", ""))
        if "const" in form:
            yield str(form["const"]), ""
