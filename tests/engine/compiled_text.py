"""A text of the lane language as a function of numpy arrays [n, lanes] and whole numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from remission.engine import luck, operations
from remission.engine.language import machine_code
from remission.engine.language.kinds import LANES_OF, WHOLE
from remission.engine.language.program import Names, Program


def program(text: str, lanes: int) -> Program:
    names = Names()
    for module in (operations, luck):
        names.add_module(module)
    names.add_text(text, "the test")
    return Program(names, lanes)


def compiled(text: str, name: str, lanes: int, wholes: int = 1) -> Callable[..., None]:
    """The function `name`, whose last `wholes` arguments are whole numbers and all others arrays."""
    made = program(text, lanes)
    node = made.names.functions[name].node
    kinds = tuple(LANES_OF for _ in node.args.args[: len(node.args.args) - wholes]) + (WHOLE,) * wholes
    made.export(name, kinds)
    code = machine_code.load(machine_code.object_code(made))
    function = code.function(f"remission_{name}", len(kinds))

    def call(*arguments) -> None:
        function(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments))
        assert code.engine

    return call
