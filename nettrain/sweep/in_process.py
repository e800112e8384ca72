"""A sweep in the process that asks for it: small ones take less time than starting workers."""

from collections.abc import Sequence

from nettrain.sweep.chunk_training import ChunkTraining
from nettrain.sweep.messages import FromWorker, TrialChunk, TrialResult, TrialsEnded
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.sweep import Sweep


def train_in_process(sweep: Sweep) -> None:
    """Train what is left of a sweep without brackets, one population after the other."""
    assert not sweep.brackets, "trials that wait for others need workers"
    results: list[TrialResult] = []
    chunks: Sequence[TrialChunk] = sweep.begin()

    def keep(message: FromWorker) -> None:
        if isinstance(message, TrialsEnded):
            results.extend(message.results)

    while True:
        results.clear()
        for chunk in chunks:
            ChunkTraining(chunk, map_shared(chunk.data)).train_to_rung(keep)
        sweep.record(results)
        further = sweep.next_generation()
        if further is None:
            return
        sweep.record(further.refused)
        chunks = further.chunks
