"""A run written to files that predict without nettrain."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.predicting_run import PredictingRun

if TYPE_CHECKING:
    from onnx import ModelProto

    from nettrain.workflow.export import ExportDtype


class ExportingRun(PredictingRun):
    """A run whose prediction can be written down for other programs."""

    def export(
        self,
        path: str | PathLike[str],
        *,
        member: int | None = None,
        dtype: "ExportDtype | None" = None,
        one_input: bool = False,
    ) -> list[Path]:
        """Write the whole prediction to a file that needs no nettrain.

        Parameters
        ----------
        path : str or path
            Its ending says what is written: .onnx, .py (a module that needs NumPy alone) or .c (with its
            header).
        member : int, optional
            Export this member alone.
        dtype : {"float32", "float64"}, optional
            Of the networks' numbers; default: as they were trained.
        one_input : bool
            Whether the file takes one matrix of all columns instead of each on its own.

        Returns
        -------
        list of Path
            The files that were written.

        Raises
        ------
        SpecError
            When such a file cannot hold the prediction.
        """
        from nettrain.workflow.export import export_file

        with arguments_named("dtype"):
            done = export_file(self._select(member), Path(path), dtype=dtype, one_input=one_input)
        return list(done.files)

    def to_onnx(
        self,
        *,
        member: int | None = None,
        dtype: "ExportDtype | None" = None,
        one_input: bool = False,
    ) -> "ModelProto":
        """Return the whole prediction as an ONNX model; see `export` for the parameters.

        Returns
        -------
        onnx.ModelProto
            One input (N, 1) for each column, under its name: numbers, NaN in gaps; text, "" in gaps; dates as
            seconds since 1970-01-01 UTC. Outputs `label` (N,) and `probabilities` (N, K), or `scores`; of
            numbers one (N, 1) for each target, under its name.

        Raises
        ------
        SpecError
            When onnx is not installed, the model cannot hold the prediction, or `dtype` is another.
        """
        from nettrain.export.onnx_model import onnx_model
        from nettrain.export.prediction import prediction_graph
        from nettrain.workflow.export import refuse_dtype

        with arguments_named("dtype"):
            refuse_dtype(dtype)
        return onnx_model(prediction_graph(self._select(member), dtype=dtype, matrix=one_input))
