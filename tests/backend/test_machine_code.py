"""Machine code on disk is never stale, and is used again; without Numba's and LLVM's internals training works."""

import json
import os
import shutil
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import FunctionType

import numba
import numpy as np
import pytest

from nettrain.backend import fingerprint as fingerprints
from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.fingerprint import fingerprint
from nettrain.backend.helper import expanded, inline
from nettrain.backend.small_products import FUSED, small_product
from nettrain.catalogue.activations.sigmoidal import sigmoid_forward
from tests.cli.command import ROOT, copied_package, ended

with_tiles = pytest.mark.skipif(not FUSED, reason="this machine has no fused multiply-add")
RUN = """
import json, os, sys
import numpy as np
from nettrain.catalogue.activations import sigmoidal

z = np.array([[[-1.0, 0.0, 2.0]]])
a = np.empty_like(z)
kernel = sigmoidal.sigmoid_forward
kernel.bind(z.size, (z, a, np.zeros((1, 1))))()
with_numba = os.environ.get("NETTRAIN_CODE_CACHE") == "numba"
if with_numba:
    from nettrain.backend import numba_compiler
    hits = sum(numba_compiler._kept(kernel.body).stats.cache_hits.values())
else:
    hits = "numba" not in sys.modules
print(json.dumps({"file": sigmoidal.__file__, "a": a.ravel().tolist(), "from_disk": hits == 1}))
"""
TRAIN = """
experiment: small
data: {source: 'builtin:optdigits', validation: 0.2, test: 0.2}
model: {hidden: [16, 8], activation: relu}
optimizer: {name: adam, learning_rate: 0.01}
training: {epochs: 3, batch_size: 32}
"""
COMMAND = """
import sys
{before}
sys.argv = ["nettrain", "train", "small.yaml", "--no-figures"]
from nettrain.cli.app import main
main()
"""
NO_PRIVATE_CLASSES = """
import numba, numba.core.caching
private, sys.modules["numba.core.caching"] = sys.modules["numba.core.caching"], None
from nettrain.backend import numba_compiler
sys.modules["numba.core.caching"] = private
assert numba_compiler.stamped_cache is None
sys.modules["nettrain.backend.machine_code"] = None
"""
NO_INTRINSICS = "import numba.extending; del numba.extending.intrinsic"
NO_OBJECTS = """
from nettrain.backend import numba_compiler
del numba_compiler.Compiled.needs
"""
NO_LLVM = """
from nettrain.backend import tile
def _load(*_): raise AttributeError("no vectors in this LLVM")
tile._Tile._load = _load
"""


class Copy:
    """A copy of the package, of which files can be edited."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {"PYTHONPATH": str(folder), **environment}
        copied_package(folder, "*.code")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "nettrain" / file
        text = path.read_text()
        assert 1 == text.count(old)
        path.write_text(text.replace(old, new))

    def run(self) -> tuple[np.ndarray, bool]:
        """sigmoid(z), and whether its machine code came from disk."""
        done = ended([sys.executable, "-c", RUN], self.folder, **self.environment)
        assert 0 == done.code, done.err
        result = json.loads(done.out)
        assert result["file"].startswith(str(self.folder))
        return np.array(result["a"]), result["from_disk"]


NUMBAS = pytest.param({"NETTRAIN_CODE_CACHE": "numba"}, id="numba", marks=pytest.mark.slow)


@pytest.mark.parametrize("environment", [pytest.param({}, id="ours"), NUMBAS])
def test_a_change_to_a_helper_in_another_file_takes_effect(tmp_path, environment):
    z = np.array([-1.0, 0.0, 2.0])
    copy = Copy(tmp_path, **environment)
    first, from_disk = copy.run()
    np.testing.assert_allclose(first, 1 / (1 + np.exp(-z)), rtol=1e-14)
    assert not from_disk
    again, from_disk = copy.run()
    np.testing.assert_array_equal(again, first)
    assert from_disk
    copy.edit("backend/exponential.py", "(1.0 + below) * scale", "(1.0 + below) * scale * 3.0")
    e = 3 * np.exp(-abs(z))
    changed, from_disk = copy.run()
    np.testing.assert_allclose(changed, np.where(z < 0, e, 1) / (1 + e), rtol=1e-14)
    assert not from_disk
    assert copy.run()[1]


def named(body: FunctionType, **scope: object) -> FunctionType:
    """The function, with other global values."""
    return FunctionType(body.__code__, {**body.__globals__, **scope}, body.__name__)


FACTOR = 2.0


@inline
def innermost(x):
    return x * FACTOR


@inline
def inner(x):
    return innermost(x) + 1


def outer(x):
    return inner(x)


def other(x):
    return x * FACTOR + 0.0


class TestFingerprint:
    def test_it_is_the_same_for_the_same_code(self):
        assert fingerprint(outer) == fingerprint(named(outer))
        assert 16 == len(fingerprint(sigmoid_forward.body))

    def test_it_covers_helpers_of_helpers_and_their_constants(self):
        for body in (named(innermost.body, FACTOR=2), named(innermost.body, FACTOR=3.0), other):
            changed = inline(named(inner.body, innermost=inline(body)))
            assert fingerprint(named(outer, inner=changed)) != fingerprint(outer)

    def test_it_covers_how_a_helper_is_compiled(self):
        for helper in (expanded(innermost.body), numba.njit(innermost.body)):
            changed = inline(named(inner.body, innermost=helper))
            assert fingerprint(named(outer, inner=changed)) != fingerprint(outer)
        changed = inline(named(inner.body, innermost=numba.njit(fastmath=True)(innermost.body)))
        also = inline(named(inner.body, innermost=numba.njit(innermost.body)))
        assert fingerprint(named(outer, inner=changed)) != fingerprint(named(outer, inner=also))
        assert fingerprint(outer, parallel=True) != fingerprint(outer, parallel=False)

    @pytest.mark.parametrize(
        "values",
        [(frozenset("ab"), frozenset("ac")), (np.arange(3), np.arange(3.0)), (np.ones(2), np.zeros(2))],
    )
    def test_it_covers_sets_and_arrays(self, values):
        first, second = (fingerprint(named(innermost.body, FACTOR=value)) for value in values)
        assert first != second

    def test_it_covers_what_a_function_encloses(self):
        def scaled(by):
            return lambda x: x * by

        assert fingerprint(scaled(2.0)) != fingerprint(scaled(3.0))
        assert fingerprint(scaled(2.0)) == fingerprint(scaled(2.0))

    def test_it_covers_what_intrinsics_are_written_with(self, monkeypatch):
        before = fingerprint(small_product.body)
        monkeypatch.setattr("nettrain.backend.tile._Tile._finish", lambda self, value, *_: value)
        assert fingerprint(small_product.body) != before

    @pytest.mark.parametrize("library", ["numba", "llvmlite", "numpy"])
    def test_it_covers_versions(self, monkeypatch, library):
        before = fingerprint(exp_below_zero.body)
        found = {name: version(name) for name in ("numba", "llvmlite", "numpy")}
        monkeypatch.setattr(fingerprints, "version", {**found, library: "0"}.__getitem__)
        self.assert_differs(before)

    def test_it_covers_settings_of_the_compiler(self, monkeypatch, tmp_path):
        before = fingerprint(exp_below_zero.body)
        monkeypatch.setenv("NUMBA_OPT", "0")
        self.assert_differs(before)
        monkeypatch.delenv("NUMBA_OPT")
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".numba_config.yaml").write_text("opt: 0")
        self.assert_differs(before)

    def assert_differs(self, before):
        fingerprints._toolchain.cache_clear()
        assert fingerprint(exp_below_zero.body) != before
        fingerprints._toolchain.cache_clear()

    @pytest.mark.parametrize("value", [object(), fingerprints])
    def test_what_it_cannot_follow_is_refused(self, value):
        with pytest.raises(TypeError, match="no fingerprint of"):
            fingerprint(named(outer, inner=value))


def trained(folder: Path, before: str = "", **environment: str) -> tuple[np.ndarray, str]:
    """Losses and metrics of three epochs (epochs, columns), and what the command printed."""
    (folder / "small.yaml").write_text(TRAIN)
    command = [sys.executable, "-W", "error", "-c", COMMAND.format(before=before)]
    done = ended(command, folder, **environment)
    assert 0 == done.code, done.err
    runs = sorted((folder / "runs").iterdir(), key=lambda run: run.stat().st_mtime)
    return np.genfromtxt(runs[-1] / "history.csv", delimiter=",", skip_header=1), done.out


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """Through the stamped cache, and tiles in registers."""
    return trained(tmp_path_factory.mktemp("ordinary"))[0]


@pytest.fixture(scope="module")
def blas(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("blas"), NETTRAIN_PRODUCTS="blas")[0]


@pytest.mark.slow
def test_training_through_numbas_own_cache_gives_the_same_bits(tmp_path, ordinary):
    caches = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for before, switch in (("", {"NETTRAIN_CODE_CACHE": "numba"}), (NO_PRIVATE_CLASSES, {})):
        history, _ = trained(tmp_path, before, **caches, **switch)
        np.testing.assert_array_equal(history, ordinary)
    indices = [path.name for path in (tmp_path / "cache").rglob("*.nbi")]
    assert indices
    assert len(indices) == len({name.split("-")[0] for name in indices})  # no second one for the second run


def test_training_goes_on_where_no_machine_code_can_be_kept(tmp_path, ordinary):
    (tmp_path / "file").touch()
    nowhere = {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "folder")}
    np.testing.assert_array_equal(trained(tmp_path, **nowhere)[0], ordinary)


@pytest.mark.slow
def test_training_goes_on_where_numba_does_not_say_what_code_needs(tmp_path, ordinary):
    caches = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    np.testing.assert_array_equal(trained(tmp_path, NO_OBJECTS, **caches)[0], ordinary)
    assert [] == [*(tmp_path / "cache").rglob("*.code")]


@with_tiles
def test_training_through_a_blas_alone_differs_by_rounding(ordinary, blas):
    assert not np.array_equal(blas, ordinary)
    np.testing.assert_allclose(blas, ordinary, rtol=2e-3)


def copy_code_without_intrinsics(cache: Path) -> None:
    """Machine code that is beside its sources already, but for the backend's own."""
    cache.mkdir()
    for code in (ROOT / "nettrain").resolve().rglob("*.code"):
        package = code.parents[1]
        if package.name != "backend":
            apart = cache / sha256(os.fsencode(package)).hexdigest()[:16]
            apart.mkdir(exist_ok=True)
            shutil.copy(code, apart)


@with_tiles
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(NO_INTRINSICS, id="no intrinsics"),
        pytest.param(NO_LLVM, id="no vectors", marks=pytest.mark.slow),
    ],
)
def test_products_whose_llvm_cannot_be_built_go_through_a_blas(tmp_path, blas, before):
    copy_code_without_intrinsics(tmp_path / "cache")
    history, out = trained(tmp_path, before, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    np.testing.assert_array_equal(history, blas)
    assert "all products go through the BLAS" in out
