"""Who takes part in comparisons. A library is one entry of SIDES and the files that it names."""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Side:
    """A library, or another way to spend a step, and what it takes part in."""

    label: str
    package: str  # whose version is shown
    trainer: str = ""  # the module of its class Trainer: steps of `cases`
    vectorized: bool = True  # its trainer takes cases of several members
    script: str = ""  # the file that is a whole command of `commands`
    arguments: tuple[str, ...] = ()  # of the script, behind the files
    search: str = ""  # the module of its function `train`: trials of `sweep`
    processes: int = 1  # which share the trials


OURS, PRODUCTS = "nettrain", "products"
SIDES = {
    OURS: Side("nettrain", "nettrain", trainer="cases.with_nettrain"),
    "jax": Side("JAX", "jax", trainer="cases.with_jax", script="train_jax.py", search="peers.search_jax"),
    "jax_compiled": Side("JAX, compiled before", "jax", script="train_jax.py", arguments=("compiled",)),
    "torch": Side(
        "PyTorch",
        "torch",
        trainer="cases.with_torch",
        vectorized=False,
        script="train_torch.py",
        search="peers.search_torch",
        processes=2,
    ),
    "torch_fused": Side("PyTorch, fused Adam", "torch", search="peers.search_torch_fused", processes=2),
    "sklearn": Side(
        "scikit-learn",
        "scikit-learn",
        script="train_sklearn.py",
        search="peers.search_sklearn",
        processes=2,
    ),
    "keras": Side("Keras", "keras", script="train_keras.py"),
    PRODUCTS: Side("products", "numpy", trainer="cases.products"),
}


def that_have(what: str) -> list[str]:
    """The names of the sides whose entry fills in `trainer`, `script` or `search`."""
    return [name for name, side in SIDES.items() if getattr(side, what)]


def version_of(name: str) -> str:
    """The version of a library that is installed, or of nettrain, which need not be."""
    return str(import_module(OURS).__version__) if name == OURS else version(SIDES[name].package)


def installed(name: str) -> bool:
    """Whether the library can take part."""
    try:
        return bool(version_of(name))
    except PackageNotFoundError:
        return False
