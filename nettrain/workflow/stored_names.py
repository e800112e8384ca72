"""What runs are called where several are shown together."""

from pathlib import Path

from nettrain.store.run_folder import FOLDS, NETWORKS, RunFolder


def run_name(path: Path) -> str:
    """The name of a run folder; that of a fold or network follows that of its run."""
    own = path.resolve()
    if own.parent.name in (FOLDS, NETWORKS):
        return f"{run_name(own.parent.parent)}-{own.parent.name.removesuffix('s')}-{own.name}"
    return f"{own.parent.name}-{own.name}" if RunFolder(own).is_ensemble else own.name
