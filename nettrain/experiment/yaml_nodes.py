"""YAML text to PyYAML's nodes, within limits: a short text must not stand for a billion values.

Scalars follow the core schema of YAML 1.2. Long texts, and short ones without rare characters, are read by
libyaml, which takes a tenth of the time and which PyYAML brings on most systems.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.reader import Reader
from yaml.resolver import Resolver

from nettrain.errors import SpecError

MOST_CHARACTERS = 2_000_000  # of a text, and of all its scalars once each alias is written out
MOST_VALUES = 250_000  # in a text, keys and blocks included, once each alias is written out
LONG = 50_000  # characters of a text that libyaml reads
# what both readers read alike; marks of gaps among others are in every config.yaml
ORDINARY = re.compile(r"(?:[\n \w.,:{}\[\]'\"#/+=()~<;$^-]|, '\?',)*", re.ASCII)
EXPLICIT = "explicit "  # put in front of a tag that is written in the text
HALF_ESCAPES = re.compile(r"\\u[dD][89a-fA-F]")  # of characters that JSON writes in two halves
Locate = Callable[[int], str]

SCALARS: tuple[tuple[str, str, str], ...] = (  # tag, pattern, possible first characters
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


class CoreSchema:
    """The implicit scalars of YAML 1.2, in place of PyYAML's 1.1."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in SCALARS:
    for _character in [*_first, *([""] if _tag.endswith("null") else [])]:
        CoreSchema.yaml_implicit_resolvers.setdefault(_character, []).append(
            (_tag, re.compile(rf"^(?:{_pattern})$"))
        )


class MarkedTags(Composer):
    """Nodes on which a tag that is written in the text is told from one implied by the scalar's form."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; a tag written in the text is marked."""
        tag = getattr(self.peek_event(), "tag", None)  # type: ignore[attr-defined]
        node: yaml.Node | None = super().compose_node(parent, index)
        if node is not None and tag is not None:
            node.tag = f"{EXPLICIT}{tag}"
        return node


class TextLoader(MarkedTags, CoreSchema, yaml.SafeLoader):
    """PyYAML's own reader."""


if hasattr(yaml, "CSafeLoader"):
    from yaml._yaml import CParser

    class LibraryLoader(MarkedTags, CoreSchema, CParser, SafeConstructor, Resolver):
        """libyaml's events, from which PyYAML composes nodes."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


def compose(text: str, label: str, locate: Locate) -> yaml.Node | None:
    """The root of a YAML text, None of an empty one; `locate` turns a line number from 0 into a location.

    Raises SpecError for a text that is not valid YAML, nests too deeply, or stands for more values than an
    experiment file can hold.
    """
    if len(text) > MOST_CHARACTERS:
        raise SpecError(too_long(label, len(text), "characters"))
    _refuse_characters(text, locate)
    loader = loader_of(text)
    try:
        node: yaml.Node | None = _quickly_read(text) or loader.get_single_node()
        if node is not None:
            NodeSizes(locate).of(node)
    except yaml.MarkedYAMLError as error:
        where = locate(error.problem_mark.line) if error.problem_mark else label
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise SpecError(f"{where}: not valid YAML: {what}") from error
    except (ValueError, OverflowError) as error:  # PyYAML's, for \U00110000 and %YAML 1.999…
        where = locate(loader.get_mark().line) if isinstance(loader, TextLoader) else label
        raise SpecError(f"{where}: not valid YAML: a number that is too large for what it is") from error
    except RecursionError:  # also of an alias inside its own anchor
        raise SpecError(f"{label}: nested too deeply") from None
    finally:
        loader.dispose()
    return node


def _refuse_characters(text: str, locate: Locate) -> None:
    """Raise SpecError when a text has a character that YAML does not allow."""
    wrong = Reader.NON_PRINTABLE.search(text)
    if wrong is not None:
        what = f"the character U+{ord(wrong[0]):04X} is not allowed"
        raise SpecError(f"{locate(text.count(chr(10), 0, wrong.start()))}: not valid YAML: {what}")


def _quickly_read(text: str) -> yaml.Node | None:
    """The root of an ordinary text by libyaml; None of others, and where PyYAML says better what is wrong."""
    if not hasattr(yaml, "CSafeLoader") or not ORDINARY.fullmatch(text):
        return None
    loader = LibraryLoader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    finally:
        loader.dispose()
    return node


def loader_of(text: str) -> "TextLoader | LibraryLoader":
    """What reads a text, and says what is wrong with it."""
    # libyaml does not join halves of characters
    if len(text) > LONG and hasattr(yaml, "CSafeLoader") and not HALF_ESCAPES.search(text):
        return LibraryLoader(text)
    return TextLoader(text)


@dataclass(frozen=True)
class NodeSizes:
    """How many values and characters nodes stand for, each alias written out; each node is looked at once."""

    locate: Locate
    known: dict[int, tuple[int, int]] = field(default_factory=dict)

    def of(self, node: yaml.Node) -> tuple[int, int]:
        """The values in a node, itself included, and their characters. Raises SpecError for too many."""
        if isinstance(node, yaml.ScalarNode):
            return 1, len(node.value)
        if id(node) in self.known:
            return self.known[id(node)]
        pairs = isinstance(node, yaml.MappingNode)
        inner = [one for pair in node.value for one in pair] if pairs else node.value
        sizes = [self.of(one) for one in inner]
        values = 1 + sum(count for count, _ in sizes)
        characters = sum(count for _, count in sizes)
        for count, most, what in (
            (values, MOST_VALUES, "values"),
            (characters, MOST_CHARACTERS, "characters"),
        ):
            if count > most:
                raise SpecError(too_long(self.locate(node.start_mark.line), count, what))
        self.known[id(node)] = values, characters
        return values, characters


def too_long(location: str, count: int, what: str) -> str:
    """The message about more than an experiment file can hold."""
    if what == "values":
        return f"{location}: holds {count:,} values, aliases written out, at most {MOST_VALUES:,} are allowed"
    return f"{location}: has {count:,} characters, an experiment file has at most {MOST_CHARACTERS:,}"
