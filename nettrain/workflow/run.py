"""Trained runs in Python."""

from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.errors import SpecError
from nettrain.workflow.exporting_run import ExportingRun
from nettrain.workflow.run_files import StoredRun, unused_folder
from nettrain.workflow.source import FilePath

if TYPE_CHECKING:
    import nettrain


class Run(ExportingRun):
    """A trained run: its metrics, its history, and its networks, which predict and can be evaluated.

    `nettrain.train`, `nettrain.resume` and `nettrain.open_run` return one. When there are several networks,
    an ensemble, snapshots, the folds of a cross-validation and the networks of a blend predict with their
    mean, and repeats with the first one.

    Attributes
    ----------
    folder : pathlib.Path or None
        The run folder; None for a run in memory.
    summary : dict
        The content of `summary.json`: how the run ended, its metrics, times and environment.
    notes : tuple of str
        Notes that the command prints before training.

    Examples
    --------
    >>> import nettrain
    >>> run = nettrain.train({"data": {"source": "builtin:iris"}}, "training.epochs=2")
    >>> run.status
    'finished'
    """

    def fold(self, number: int) -> "Run":
        """The run of one fold, as `train` returns it with `data.folds.take=number`.

        Parameters
        ----------
        number : int
            From 1, over all repeats.

        Returns
        -------
        Run

        Raises
        ------
        SpecError
            When there is no such fold, or the run is not cross-validated.
        """
        numbers = [one["fold"] for one in self.summary.get("folds", [])]
        if number not in numbers:
            has = f"it has 1 to {len(numbers)}" if numbers else "it is not cross-validated"
            has = "each network has its own: run.network(1).fold(…)" if "networks" in self.summary else has
            raise SpecError(f"fold: {number} is not there, {has}")
        return Run(self._contents.fold(number), memory=self.memory)

    def network(self, number: int) -> "Run":
        """The run of one network of a blend, or of the ensemble of a tuning.

        Parameters
        ----------
        number : int
            As `summary["networks"]` numbers them: in a blend from 1, that of the file itself, in the order of
            the file; in an ensemble the trial.

        Returns
        -------
        Run

        Raises
        ------
        SpecError
            When there is no such network, or the run has no different ones.
        """
        numbers = [one["network"] for one in self.summary.get("networks", [])]
        if number not in numbers:
            has = f"it has {', '.join(map(str, numbers))}" if numbers else "it has no different networks"
            raise SpecError(f"network: {number} is not there, {has}")
        return Run(self._contents.network(number), memory=self.memory)

    def report(self, out: FilePath | None = None) -> Path:
        """Write a page of HTML on the run, which needs no other file and no network.

        Parameters
        ----------
        out : str or path, optional
            The page; default: report.html in the run folder.

        Returns
        -------
        pathlib.Path
            The page.

        Raises
        ------
        SpecError
            When the file is not a page of ours, or the run is in memory and `out` is not given.
        NettrainError
            When it cannot be written.
        """
        import nettrain  # the public function: what draws stands above this room

        return nettrain.report(self, out)

    def save(self, folder: FilePath) -> Path:
        """Write the files of the run into a folder, which the commands read like their own.

        Parameters
        ----------
        folder : str or path
            A folder that is empty or does not exist.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        SpecError
            When the folder is not empty, or is a file.
        NettrainError
            When it cannot be written.
        """
        path = Path(folder)
        with unused_folder(path) as (files, _):
            self._contents.save(files)
        return path

    def to_sklearn(self) -> "nettrain.MLPClassifier | nettrain.MLPRegressor":
        """Return a fitted scikit-learn estimator that predicts what the run predicts.

        It takes the columns that the run has as inputs, and goes on by `partial_fit` and warm starts if the
        run has a checkpoint. A clone of it trains by the same experiment. Needs `nettrain[sklearn]`.

        Returns
        -------
        MLPClassifier or MLPRegressor
            By the target of the run.

        Raises
        ------
        SpecError
            When the run diverged, or is cross-validated.
        ImportError
            Without scikit-learn.

        Examples
        --------
        >>> estimator = nettrain.open_run("runs/iris").to_sklearn()  # doctest: +SKIP
        """
        import nettrain  # the public classes: their room is above this one

        numbers = self.trained.preprocessing.target_kind == "numbers"
        return (nettrain.MLPRegressor if numbers else nettrain.MLPClassifier).from_run(self)


def open_run(folder: FilePath, *, backend: str | None = None, device: int | None = None) -> Run:
    """Open the folder of a finished run.

    Parameters
    ----------
    folder : str or path
        A run folder, such as "runs/iris".
    backend : {"auto", "numpy", "cupy"}, optional
        The backend that computes predictions; default: the one that trained the run, or NumPy without it.
    device : int, optional
        Number of the GPU.

    Returns
    -------
    Run

    Raises
    ------
    SpecError
        When there is no such run, or it has not finished.

    Examples
    --------
    >>> run = nettrain.open_run("runs/iris")  # doctest: +SKIP
    >>> run.metrics["test"]["accuracy"]  # doctest: +SKIP
    0.9667
    """
    return Run(StoredRun.open(Path(folder), backend, device))


def as_run(run: "Run | FilePath", backend: str | None = None, device: int | None = None) -> Run:
    """The run itself, or the one in a folder, which predicts on this backend and device."""
    return run if isinstance(run, Run) else open_run(run, backend=backend, device=device)
