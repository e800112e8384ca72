"""`nettrain info`: what is installed and what would be used."""

from typing import Any

from nettrain.cli.options import Debug, Json


def info(as_json: Json = False, debug: Debug = False) -> None:
    """Show versions, processors, GPUs and the backend that `auto` takes."""
    import json

    from nettrain.backend.choose import chosen
    from nettrain.experiment.load import available_cores
    from nettrain.output.console import console
    from nettrain.output.listing import facts_table
    from nettrain.training.environment import environment, gpus, versions

    taken = chosen("auto")
    found, why = gpus()
    there = environment(available_cores(), taken.name if found else "numpy")
    facts = {**there, "backend": taken.name, "libraries": versions()}
    facts["processors"] = facts.pop("threads")
    facts |= {"gpus": found, "no_gpu": why}
    if as_json:
        print(json.dumps(facts))
    else:
        facts_table(console(), shown(facts, taken.reason))


def shown(facts: dict[str, Any], reason: str) -> dict[str, str]:
    """The facts in words; `reason` is why `auto` takes its backend."""
    texts = {name: str(value) for name, value in facts.items() if name not in ("gpus", "no_gpu")}
    texts["backend"] += f" (auto: {reason})"
    texts["libraries"] = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    for one in facts["gpus"]:
        texts |= told(one)
    return texts if facts["gpus"] else {**texts, "gpu": f"none: {facts['no_gpu']}"}


def told(gpu: dict[str, Any]) -> dict[str, str]:
    """What is said of one GPU, line by line."""
    from nettrain.backend.device import in_words

    name, driver = f"gpu {gpu['device']}", gpu["driver"] or "of unknown release"
    return {
        name: f"{gpu['name']}, compute capability {gpu['compute_capability']}",
        f"{name} memory": f"{in_words(gpu['memory_free'])} of {in_words(gpu['memory_total'])} free",
        f"{name} driver": f"{driver}, for CUDA up to {gpu['driver_cuda']}",
        "cupy": f"{gpu['cupy']}, CUDA runtime {gpu['cuda_runtime']}, cuBLAS {gpu['cublas']}",
    }
