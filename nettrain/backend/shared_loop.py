"""A kernel whose outer loop several threads share: the same function, with one part of the iterations.

    for k in prange(n):

becomes

    for k in range(n * share // shares, n * (share + 1) // shares):

with two more arguments, so that share 0 of 1 is the whole loop. An iteration is the same arithmetic in the
same order whichever thread makes it.
"""

import ast
import inspect
import textwrap
from functools import cache
from types import CodeType, FunctionType

SHARE, SHARES = "share", "shares"  # the arguments


@cache
def shared_body(body: FunctionType) -> FunctionType:
    """The function of a kernel with two more arguments at its end: the number of a share, and of how many.

    Raises an OSError where the source is not at hand.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(body)))
    function = _SharedLoop().visit(tree.body[0])
    return _rebuilt(body, ast.fix_missing_locations(ast.Module([function], [])))


class _SharedLoop(ast.NodeTransformer):
    """Rewrites the definition of a kernel."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.decorator_list, node.returns = [], None
        node.args.args = [ast.arg(argument.arg) for argument in node.args.args] + [
            ast.arg(name) for name in (SHARE, SHARES)
        ]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "prange"):
            return node
        count = ast.unparse(node.args[0])
        part = f"range(({count}) * {SHARE} // {SHARES}, ({count}) * ({SHARE} + 1) // {SHARES})"
        rewritten = ast.parse(part, mode="eval").body
        assert isinstance(rewritten, ast.Call)
        return rewritten


def _rebuilt(body: FunctionType, module: ast.Module) -> FunctionType:
    """A function of this one definition, with the global names and the closure of another."""
    file = inspect.getsourcefile(body) or body.__code__.co_filename
    code = next(part for part in compile(module, file, "exec").co_consts if isinstance(part, CodeType))
    closed = (
        {}
        if body.__closure__ is None
        else dict(zip(body.__code__.co_freevars, body.__closure__, strict=True))
    )
    scope = {**body.__globals__, **{name: cell.cell_contents for name, cell in closed.items()}}
    function = FunctionType(code, scope, body.__name__)
    function.__qualname__, function.__module__ = f"{body.__qualname__}_share", body.__module__
    return function
