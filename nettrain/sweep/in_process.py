"""A sweep in the process that asks for it: small ones take less time than starting workers."""

from nettrain.sweep.chunk_training import ChunkTraining
from nettrain.sweep.messages import FromWorker, TrialResult, TrialsEnded
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.sweep import Sweep


def train_in_process(sweep: Sweep) -> None:
    """Train what is left of a sweep without brackets, one population after the other."""
    assert not sweep.brackets, "trials that wait for others need workers"
    results: list[TrialResult] = []
    chunks = list(sweep.chunks)

    def keep(message: FromWorker) -> None:
        if isinstance(message, TrialsEnded):
            results.extend(message.results)

    while chunks:
        results.clear()
        for chunk in chunks:
            ChunkTraining(chunk, map_shared(chunk.data)).train_to_rung(keep)
        sweep.journal.add(tuple(results))
        further = sweep.next_generation()
        chunks = list(further.chunks) if further else []
