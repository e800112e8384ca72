"""Every variant of every kind that an experiment file can name."""

from nettrain.errors import SpecError, nearest
from nettrain.experiment.reference.kinds import CatalogueEntry, entries, kinds


def variants(kind: str | None = None, name: str | None = None) -> dict[str, list[CatalogueEntry]]:
    """The entries of one kind, or of all kinds, by kind; with `name` one of the kind's entries alone.

    Raises SpecError with the nearest name when there is no such kind, or no such entry.
    """
    found = {one: entries(one) for one in ([kind] if kind else kinds())}
    if kind is None or name is None:
        return found
    named = [entry for entry in found[kind] if entry.name == name]
    if not named:
        raise SpecError(f'unknown {kind} "{name}"{nearest(name, (entry.name for entry in found[kind]))}')
    return {kind: named}
