"""What a new entry of the catalogue must be compared with, and how a test says that it is not."""

from collections.abc import Collection
from typing import Any

from nettrain.catalogue.registry import Registry

ORACLES = {
    "activation": (
        "add its formula in PyTorch to CASES in scripts/goldens/activations.py and run `scripts/golden activations`; "
        "one that is not elementwise or has parameters: to scripts/goldens/layers.py, run `scripts/golden layers`, and "
        "compare it in tests/model/test_layers_against_torch.py"
    ),
    "initializer": "add the variance of its weights, by its formula, to VARIANCE in tests/catalogue/test_initializers.py",
    "loss": (
        "add its formula in PyTorch to scripts/goldens/losses.py, with outputs for each kind of targets in its `fits`, "
        "and run `scripts/golden losses`"
    ),
    "metric": (
        "add scikit-learn's function, or a literal definition, to scripts/goldens/metrics.py and run "
        "`scripts/golden metrics`"
    ),
    "optimizer": (
        "add its rule for a single number, written as in the paper, to RULES in tests/catalogue/literal_rules.py; "
        "one that PyTorch has: also to scripts/goldens/optimizers.py and IN_TORCH in tests/catalogue/test_optimizers.py"
    ),
    "schedule": "add its rate at step j, in closed form, to CLOSED in tests/catalogue/test_schedules.py",
    "momentum schedule": "add its momentum at step j, in closed form, to MOMENTA in tests/catalogue/test_schedules.py",
    "calibration": (
        "add what another library fits to the same rows to scripts/goldens/calibrations.py and run "
        "`scripts/golden calibrations`"
    ),
    "distribution": (
        "add a threshold and the share of values below it, by its definition, to CUMULATIVE in "
        "tests/catalogue/test_distributions.py"
    ),
    "search method": (
        "compare it with something that is not this code in tests/catalogue/test_search_methods.py and name it in "
        "COMPARED, and add its spelling to METHODS in tests/cli/test_search_methods_command.py"
    ),
}


def assert_oracles(registry: Registry[Any], names: Collection[str]) -> None:
    """Fail unless these names, of entries that are compared with an oracle, are those of the registry."""
    missing = [f'{registry.kind} "{name}" has no oracle' for name in registry if name not in names]
    unknown = [f'"{name}" has an oracle but is no {registry.kind}' for name in names if name not in registry]
    how = [ORACLES[registry.kind]] if missing else []
    assert not missing + unknown, "\n".join([*missing, *unknown, *how])
