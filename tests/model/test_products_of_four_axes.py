"""Products of several matrices of each member."""

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.model.tape import Tape


@pytest.mark.parametrize("shared", [False, True], ids=["own a", "shared a"])
@pytest.mark.parametrize("gap", [0, 5])
@pytest.mark.parametrize(("members", "matrices"), [(1, 3), (2, 3), (4, 3)])
def test_each_member_multiplies_its_own_matrices(members: int, matrices: int, gap: int, shared: bool) -> None:
    """Against einsum, for matrices in a row of parameters with and without a gap behind them."""
    backend, draw = NumpyBackend("float64"), np.random.default_rng(3)
    a = draw.normal(size=(1 if shared else members, matrices, 5, 4))
    rows = draw.normal(size=(members, matrices * 4 * 2 + gap))
    b = rows[:, : matrices * 8].reshape(members, matrices, 4, 2)
    out, tape = backend.zeros((members, matrices, 5, 2)), Tape()
    tape.product(a, b, out)
    for call in tape.bound(backend):
        call()
    expected = np.einsum("rcnm,rcmk->rcnk", np.broadcast_to(a, (members, *a.shape[1:])), b)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-13)
