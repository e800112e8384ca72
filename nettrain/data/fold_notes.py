"""Notes on the data of all folds, most of which are alike: they differ in numbers alone."""

import re
from collections.abc import Iterable, Mapping, Sequence

NUMBERS = re.compile(r"\d[\d.,]*(?: ([a-z]+?)s?\b)?")  # and what they count


def joint_notes(each: Iterable[Sequence[str]]) -> list[str]:
    """The notes on all folds: those that all share, and of those alike but for numbers the first alone."""
    notes = [list(dict.fromkeys(some)) for some in each]
    alike: dict[str, dict[int, str]] = {}
    for number, some in enumerate(notes, 1):
        for note in some:
            alike.setdefault(NUMBERS.sub(r"# \1", note), {}).setdefault(number, note)
    return [_joint_note(by_fold, len(notes)) for by_fold in alike.values()]


def _joint_note(by_fold: Mapping[int, str], folds: int) -> str:
    number, note = next(iter(by_fold.items()))
    if len(by_fold) == folds and len({*by_fold.values()}) == 1:
        return note
    others = len(by_fold) - 1
    return f"fold {number}: {note}" + (f" (and alike in {others} more)" if others else "")
