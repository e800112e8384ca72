"""What kernels may not contain, since CUDA has no word for it."""

import ast

import pytest

from nettrain.backend.cuda.expressions import Expressions
from nettrain.backend.cuda.functions import parsed


def translated(text: str) -> str:
    expressions = Expressions("cubes", {}, ["x", "y"], lambda name, arguments: name)
    return expressions.visit(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    "text",
    [
        "x[0] ** 3",
        "x @ y",
        "~x[0]",
        "0 < x[0] < 1",
        "x[0] in y",
        "[x[0]]",
        "x.T",
        "y[0].strides",
        "x[0](1)",
        "x[0].view((x, y))",
    ],
)
def test_what_cuda_has_no_word_for_is_refused(text: str) -> None:
    with pytest.raises(NotImplementedError, match=r"^cubes: no CUDA for "):
        translated(text)


def test_what_it_has_words_for() -> None:
    assert "((x(0) * 2) < prelude::divide(y(1), 3))" == translated("x[0] * 2 < y[1] / 3")


def test_a_function_without_docstring_is_read_whole() -> None:
    def doubled(x):
        return x + x

    assert "return x + x" == ast.unparse(parsed(doubled).body)
