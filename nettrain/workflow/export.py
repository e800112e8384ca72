"""A trained run written to a file that predicts without nettrain."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nettrain.errors import SpecError, nearest
from nettrain.export.columns import ColumnInput
from nettrain.export.formats import format_of
from nettrain.export.prediction import prediction_graph
from nettrain.files import write_atomic
from nettrain.store.trained_folds import Predictor
from nettrain.workflow.output_files import check_output_file

ExportDtype = Literal["float32", "float64"]
DTYPES: tuple[ExportDtype, ...] = ("float32", "float64")


@dataclass(frozen=True)
class Exported:
    """The files that were written, with their sizes in bytes, and the columns that they take."""

    run: str
    what: str
    files: Mapping[Path, int]
    columns: tuple[ColumnInput, ...]
    dtype: str

    @property
    def plain(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {
            "run": self.run,
            "what": self.what,
            "dtype": self.dtype,
            "columns": [{"name": one.name, "kind": one.kind} for one in self.columns],
            "files": [{"path": str(path), "size": size} for path, size in self.files.items()],
        }


def refuse_dtype(dtype: str | None) -> None:
    """Raise SpecError for numbers that no exported network has; None are those of the run."""
    if dtype is not None and dtype not in DTYPES:
        raise SpecError(f'--dtype: unknown "{dtype}"{nearest(dtype, DTYPES)}')


def export_file(
    trained: Predictor, path: Path, *, dtype: str | None = None, one_input: bool = False
) -> Exported:
    """Write the prediction of a run, whose members are selected, in the format that the path's ending names.

    `dtype` is that of the networks' numbers, by default the run's; with `one_input` the file takes one matrix
    of all columns instead of each on its own. Raises SpecError for what the format cannot hold.
    """
    refuse_dtype(dtype)
    kind = format_of(path)
    graph = prediction_graph(trained, dtype=dtype, matrix=one_input)
    contents = {
        path.with_name(name): content for name, content in kind.writer.files(graph, path.stem).items()
    }
    for file in contents:
        check_output_file(file, trained, None)
    for file, content in contents.items():
        write_atomic(file, content)
    sizes = {file: len(content) for file, content in contents.items()}
    return Exported(trained.name, kind.what, sizes, graph.columns, graph.dtype)
