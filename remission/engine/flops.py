"""Floating-point operations of generated text, counted from the text.

An addition, product, division or square root counts one, exp 30, log 34 and a power 66 (what the polynomials of the engine's own
functions need); comparisons, selections and loads count none. A loop over lesions counts once, as the cost of one lesion.
"""

from __future__ import annotations

import ast

COSTS = {"exp": 30, "log": 34, "power": 66, "sqrt": 1}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def flops(text: str) -> dict[str, tuple[int, int]]:
    """For every function: operations apart from lesions, and per lesion."""
    tree = ast.parse(text)
    sizes = {t.id: ast.literal_eval(s.value) for s in tree.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)}
    return {f.name: _body(f.body, sizes) for f in tree.body if isinstance(f, ast.FunctionDef)}


def _body(statements: list[ast.stmt], tables: dict) -> tuple[int, int]:
    patient, lesion = 0.0, 0.0
    for statement in statements:
        if isinstance(statement, ast.For) and _is_over_lesions(statement):
            lesion += sum(_body(statement.body, tables))
        elif isinstance(statement, (ast.For, ast.If)):
            deep, times = _body(statement.body, tables), _times(statement, tables)
            patient, lesion = patient + times * deep[0], lesion + times * deep[1]
        else:
            patient += _expression(statement)
    return round(patient), round(lesion)


def _bound(loop: ast.For) -> ast.expr:
    """What a loop runs up to."""
    assert isinstance(loop.iter, ast.Call)
    return loop.iter.args[-1]


def _is_over_lesions(loop: ast.For) -> bool:
    return isinstance(_bound(loop), ast.Name)


def _times(statement: ast.For | ast.If, tables: dict) -> float:
    """How often a body runs: once under a condition; a loop as its bound says, on average where a table holds the bounds."""
    if isinstance(statement, ast.If):
        return 1.0
    bound = _bound(statement)
    if isinstance(bound, ast.Constant):
        return float(str(bound.value))
    assert isinstance(bound, ast.Subscript)
    assert isinstance(bound.value, ast.Name)
    table = tables[bound.value.id]
    return (table[-1] - table[0]) / max(len(table) - 1, 1)


def _expression(statement: ast.stmt) -> int:
    """Operations of one statement; places of elements are whole numbers and count none."""
    total = 0
    stack: list[ast.AST] = [] if _is_place(statement) else [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Subscript):
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            total += 1
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            total += COSTS.get(node.func.id, 0)
        stack.extend(ast.iter_child_nodes(node))
    return total


def _is_place(statement: ast.stmt) -> bool:
    """Whether a statement computes where something stands."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return isinstance(target, ast.Name) and (target.id.endswith("_at") or target.id == "k")
