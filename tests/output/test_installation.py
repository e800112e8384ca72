"""What `nettrain info` says of the GPUs of a machine."""

from io import StringIO

from rich.console import Console

from nettrain.backend.device import Gpu
from nettrain.output.installation import installation_facts, installation_table
from nettrain.workflow.info import Installation

GPU = Gpu(1, "NVIDIA [H200]", "9.0", 138_000_000_000, 141_000_000_000, None, "13.0", "12.8", "12.8.4", "13.6")
FOUND = Installation(
    "1.0", "3.11", "2.3", "cupy", "1", "openblas", {"polars": "1.2"}, 8, (GPU,), None, "a GPU is there"
)


def test_a_gpu_has_its_memory_its_driver_and_its_libraries():
    facts = installation_facts(FOUND)
    assert {
        "gpu 1": "NVIDIA [H200], compute capability 9.0",
        "gpu 1 memory": "138 GB of 141 GB free",
        "gpu 1 driver": "of unknown release, for CUDA up to 13.0",
        "cupy": "13.6, CUDA runtime 12.8, cuBLAS 12.8.4",
    }.items() <= facts.items()
    assert "gpu" not in facts
    out = StringIO()
    installation_table(Console(file=out, width=80), FOUND)
    assert "NVIDIA [H200], compute" in out.getvalue()
