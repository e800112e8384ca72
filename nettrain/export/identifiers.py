"""Names for programs: what users wrote as identifiers of which no two are equal."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 40


def identifier(text: str) -> str:
    """The text as letters, digits and underscores, beginning with a letter; "" where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    joined = re.sub(r"\W+|_+", "_", spaced, flags=re.ASCII).strip("_").lower()[:LONGEST].rstrip("_")
    return f"n{joined}" if joined[:1].isdigit() else joined


class Identifiers:
    """Identifiers that are given away once; `taken` are never given."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, text: str, otherwise: str = "value", *, upper: bool = False) -> str:
        """An identifier like the text, with a number behind it where there was one already."""
        base = identifier(text) or otherwise
        base = base.upper() if upper else base
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name
