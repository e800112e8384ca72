"""Every variant of every kind that an experiment file can name."""

from nettrain.experiment.reference.kinds import CatalogueEntry, entries, kinds


def variants(kind: str | None = None) -> dict[str, list[CatalogueEntry]]:
    """The entries of one kind, or of all kinds, by kind. Raises SpecError when there is no such kind."""
    return {name: entries(name) for name in ([kind] if kind else kinds())}
