"""Continue a blend that was interrupted: the networks that have ended stay as they are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import read_summary
from nettrain.workflow.blending.blend import BlendJob
from nettrain.workflow.blending.plan import PlannedBlend, plan_blend
from nettrain.workflow.restored_run import EndedRun, reopened
from nettrain.workflow.source import load_experiment


@contextmanager
def restored_blend(
    path: Path, overrides: Sequence[str] = (), memory: MemoryTables | None = None
) -> Iterator[BlendJob | EndedRun]:
    """The blend in a folder, which is locked while the context lasts: the networks that are missing.

    `memory` has the data of one that was trained on data in memory. Raises SpecError for changes, and
    DataError when the data have changed since networks ended.
    """
    folder = RunFolder.open_started(path)
    if overrides:
        raise SpecError(f"{path}: its networks go on as they began; train anew for {overrides[0]}")
    with reopened(folder) as notes:
        if isinstance(notes, EndedRun):
            yield notes
            return
        planned = plan_blend(load_experiment(folder.config, memory=memory, blended=True), memory)
        for of_all in (folder.summary, folder.ensemble, folder.out_of_fold):
            of_all.unlink(missing_ok=True)
        folder.remove_views()
        yield BlendJob(planned, folder, (*notes, _progress(planned, folder)))


def _progress(planned: PlannedBlend, folder: RunFolder) -> str:
    """Which networks stay as they are, and which goes on."""
    begun = {int(network.path.name): read_summary(network.summary) for network in folder.networks}
    ended = [number for number, summary in begun.items() if summary and summary["status"] != "interrupted"]
    going = [number for number in begun if number not in ended]
    text = f"{len(ended)} of {len(planned.networks)} networks have ended, and stay as they are"
    return "; ".join([text, *(f"network {number} had begun, and goes on" for number in going)])
