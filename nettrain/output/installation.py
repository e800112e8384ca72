"""The installation, as a table."""

from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.backend.device import Gpu, format_bytes
from nettrain.workflow.info import Installation


def installation_table(console: Console, installed: Installation) -> None:
    """Versions, processors and GPUs, one line each."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in installation_facts(installed).items():
        table.add_row(name, Text(value))  # text may hold brackets, as in nettrain[cuda13]
    console.print(table)


def installation_facts(installed: Installation) -> dict[str, str]:
    """The text of each line by its name."""
    hidden = ("gpus", "no_gpu", "backend_reason")
    facts = {name: str(value) for name, value in asdict(installed).items() if name not in hidden}
    facts["backend"] += f" (auto: {installed.backend_reason})"
    facts["libraries"] = ", ".join(f"{name} {version}" for name, version in installed.libraries.items())
    for gpu in installed.gpus:
        facts |= gpu_facts(gpu)
    return facts if installed.gpus else {**facts, "gpu": f"none: {installed.no_gpu}"}


def gpu_facts(gpu: Gpu) -> dict[str, str]:
    """The lines about one GPU by their names."""
    name, driver = f"gpu {gpu.device}", gpu.driver or "of unknown release"
    return {
        name: f"{gpu.name}, compute capability {gpu.compute_capability}",
        f"{name} memory": f"{format_bytes(gpu.memory_free)} of {format_bytes(gpu.memory_total)} free",
        f"{name} driver": f"{driver}, for CUDA up to {gpu.driver_cuda}",
        "cupy": f"{gpu.cupy}, CUDA runtime {gpu.cuda_runtime}, cuBLAS {gpu.cublas}",
    }
