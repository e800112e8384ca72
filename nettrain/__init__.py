"""nettrain: multilayer perceptrons from one YAML file, trained as populations.

The public interface loads when it is used: `import nettrain` imports no other module.
"""

import sys
from types import ModuleType

__version__ = "0.1.0"
__all__ = [
    "BackendError",
    "Comparison",
    "DataError",
    "DataWarning",
    "EpochDone",
    "MLPClassifier",
    "MLPRegressor",
    "MemberStopped",
    "NettrainError",
    "Run",
    "SpecError",
    "StoredFileError",
    "SweepResult",
    "TrainingDone",
    "TuneResult",
    "check",
    "compare",
    "evaluate",
    "find_learning_rate",
    "gradcheck",
    "loss_landscape",
    "network_graph",
    "open_run",
    "predict",
    "report",
    "resume",
    "sweep",
    "train",
    "tune",
]

TYPE_CHECKING = False  # as type checkers know it; typing need not be imported for it
if TYPE_CHECKING:
    from nettrain.errors import (
        BackendError,
        DataError,
        DataWarning,
        NettrainError,
        SpecError,
        StoredFileError,
    )
    from nettrain.output.report_page.write import report
    from nettrain.sklearn import MLPClassifier, MLPRegressor
    from nettrain.training.events import EpochDone, MemberStopped, TrainingDone
    from nettrain.workflow.check import check
    from nettrain.workflow.compare import Comparison, compare
    from nettrain.workflow.evaluate import evaluate
    from nettrain.workflow.find_rate import find_learning_rate
    from nettrain.workflow.gradcheck import gradcheck
    from nettrain.workflow.landscape import loss_landscape
    from nettrain.workflow.network_graph import network_graph
    from nettrain.workflow.predict import predict
    from nettrain.workflow.resume import resume
    from nettrain.workflow.run import Run, open_run
    from nettrain.workflow.sweep import SweepResult, sweep
    from nettrain.workflow.train import train
    from nettrain.workflow.tune import TuneResult, tune

_MODULES = {
    **dict.fromkeys(("BackendError", "DataError", "DataWarning", "NettrainError"), "errors"),
    **dict.fromkeys(("SpecError", "StoredFileError"), "errors"),
    **dict.fromkeys(("EpochDone", "MemberStopped", "TrainingDone"), "training.events"),
    **dict.fromkeys(("Comparison", "compare"), "workflow.compare"),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), "sklearn"),
    "find_learning_rate": "workflow.find_rate",
    "loss_landscape": "workflow.landscape",
    "network_graph": "workflow.network_graph",
    **dict.fromkeys(("Run", "open_run"), "workflow.run"),
    **dict.fromkeys(("SweepResult", "sweep"), "workflow.sweep"),
    **dict.fromkeys(("TuneResult", "tune"), "workflow.tune"),
    "report": "output.report_page.write",
    **{name: f"workflow.{name}" for name in ("check", "evaluate", "gradcheck", "predict", "resume", "train")},
}


def __getattr__(name: str) -> object:
    """Import what is public when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Interface(ModuleType):
    """The package, in which `nettrain.sweep` stays the function when the room of that name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Interface
