"""Files with machine code: loaded if they are whole and what is wanted, else written anew."""

import json
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

from nettrain.backend.argument_words import argument_form, argument_words, call_words
from nettrain.backend.kernel import code_address
from nettrain.backend.machine_call import MachineCall, MachineFunction
from nettrain.backend.machine_code import MachineCode, machine_code
from nettrain.backend.numba_compiler import Compiled, compiled

FORM = argument_form(np.zeros(3))


def double(x):
    for i in range(x.size):
        x[i] = 2.0 * x[i]


@pytest.fixture(scope="module")
def doubling() -> Compiled:
    return compiled(double, [np.zeros(3)])


@pytest.fixture
def find(doubling) -> Callable[..., tuple[MachineCode, bool]]:
    """The code of `double`, and whether it had to be compiled."""

    def found(body: FunctionType = double, stamp: str = "one") -> tuple[MachineCode, bool]:
        compiled_now = []
        code = machine_code(body, [FORM], stamp, lambda: compiled_now.append(1) or doubling)
        return code, bool(compiled_now)

    return found


def run(code: MachineCode) -> list[float]:
    x = np.array([1.0, -2.0, 0.5])
    function, words = code.call([x])
    function(*words)
    return x.tolist()


def test_code_is_compiled_once(find, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for expected in (True, False, False):
        code, compiled_now = find()
        assert expected is compiled_now
        assert [2.0, -4.0, 1.0] == run(code)
    assert find(stamp="another")[1]
    assert find()[1]  # the file held the code of the other stamp
    assert 1 == len([*tmp_path.rglob("*.code")])


def test_damaged_files_are_written_anew(find, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    find()
    (file,) = tmp_path.rglob("*.code")
    whole = file.read_bytes()
    head, _, code = whole.partition(b"\n")
    flipped = bytes([code[-1] ^ 1])
    for damaged in (b"", whole[:-1], whole[:-1] + flipped, b"\xff" + whole, b"[]\n", b"{}\n", head):
        file.write_bytes(damaged)
        code_again, compiled_now = find()
        assert compiled_now
        assert [2.0, -4.0, 1.0] == run(code_again)
        assert whole == file.read_bytes()
    assert not find()[1]


def test_code_that_needs_more_than_there_is_without_numba_is_left_to_it(find, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    find()
    (file,) = tmp_path.rglob("*.code")
    head, _, code = file.read_bytes().partition(b"\n")
    demanding = {**json.loads(head), "needs": ["sqrt", "NRT_of_tomorrow"]}
    file.write_bytes(json.dumps(demanding).encode() + b"\n" + code)
    with pytest.raises(LookupError, match="only Numba has NRT_of_tomorrow"):
        find()


def test_where_the_folder_of_the_source_refuses_it_lies_in_the_users_cache(find, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    source = tmp_path / "package" / "kernels.py"
    source.parent.mkdir()
    source.touch()
    (source.parent / "__pycache__").touch()  # which makes no folder
    body = placed(source)
    assert [True, False] == [find(body)[1] for _ in range(2)]
    assert 1 == len([*(tmp_path / "user").rglob("*.code")])


def test_what_was_typed_is_kept_nowhere(find, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    body = placed(Path("<input>"))
    assert [True, True] == [find(body)[1] for _ in range(2)]
    assert [] == [*tmp_path.iterdir()]


def placed(source: Path) -> FunctionType:
    """The function as if it stood in another file."""
    return FunctionType(double.__code__.replace(co_filename=str(source)), double.__globals__, "double")


def test_a_machine_function_takes_its_last_argument_later():
    def fill(x, number):
        for i in range(x.size):
            x[i] = number

    x = np.zeros(3)
    later = MachineFunction(MachineCall(code_address(fill, x, 0), call_words((x, 0)), x))
    for number in (7, -2):
        later(number)
        assert [number] * 3 == x.tolist()


@pytest.mark.parametrize("wrong", [1.5, True, "x", np.float32(1)])
def test_arguments_are_arrays_and_whole_numbers(wrong):
    for read in (argument_form, lambda one: argument_words([one])):
        with pytest.raises(TypeError, match="a kernel takes arrays and whole numbers, not"):
            read(wrong)


def test_forms_tell_apart_what_needs_other_code():
    x = np.zeros((4, 6), np.float32)
    fixed = x.copy()
    fixed.flags.writeable = False
    unaligned = np.zeros(97, np.uint8)[1:].view(np.float32).reshape(4, 6)
    arrays = [x, x[0], x.T, x[:, ::2], x.astype(np.float64), x.astype(np.int32), fixed, unaligned]
    assert len(arrays) == len({argument_form(array) for array in arrays})
    assert argument_form(x, strided=True) == argument_form(x[:, ::2], strided=True)
    assert argument_form(x, strided=True) != argument_form(x)
