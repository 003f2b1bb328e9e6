"""Equations as the pages print them: one module at a time, ports and readings of other modules by name.

`System.equations()` prints every equation whole, with all ports written out. A page shows what each module says by itself, taken from the
same declarations before they are joined; an expression that a module uses more than once gets a letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from string import ascii_uppercase

from remission.model.builder import Declarations
from remission.model.derivatives import all_nodes
from remission.model.expression import COMPARISONS, Node
from remission.units import text_of

RANK = {"add": 1, "subtract": 1, "negate": 1, "multiply": 2, "divide": 2, "power": 3}
ATOM = 4
SHORTEST_SHARED = 3


def equations_of(declared: Declarations, label: str) -> str:
    """What the module declares: changes of its states, contributions to ports, outputs, hazards and answers to doses."""
    lines = [*_states(declared, label), *_ports(declared, label), *_outputs(declared, label), *_events(declared, label)]
    letters = _letters([node for _, node in lines])
    printer = Printer(label, {})
    shared = []
    for node, letter in letters:
        shared.append(f"{letter} = {printer.text(node)}")
        printer = Printer(label, {**printer.letters, node.number: letter})
    said = [f"{name} = {printer.text(node)}" for name, node in lines]
    return "\n".join([*said, *(["where", *(f"    {line}" for line in shared)] if shared else [])])


def _own(name: str, label: str) -> str:
    return name.removeprefix(f"{label}.")


def _states(declared: Declarations, label: str) -> Iterable[tuple[str, Node]]:
    for entry in declared.states.values():
        if entry.owner == label:
            yield f"{_own(entry.name, label)}(0)", entry.initial
            if entry.name in declared.rates:
                yield f"d {_own(entry.name, label)}/dt", declared.rates[entry.name]


def _ports(declared: Declarations, label: str) -> Iterable[tuple[str, Node]]:
    for item in declared.contributions:
        if item.owner == label:
            yield f"to port.{_port(item.port, item.channel)}", item.node


def _outputs(declared: Declarations, label: str) -> Iterable[tuple[str, Node]]:
    for name, (value, _) in declared.outputs.items():
        if name.startswith(f"{label}."):
            yield f"output {_own(name, label)} [{text_of(value.unit)}]", value.node


def _events(declared: Declarations, label: str) -> Iterable[tuple[str, Node]]:
    for name, (node, _, _) in declared.integrals.items():
        if name.startswith(f"{label}."):
            yield f"integral {_own(name, label)} of", node
    for entry in declared.hazards.values():
        if entry.owner == label:
            yield f"hazard {_own(entry.name, label)} [1/day]", entry.rate
    for name, node in declared.doses.get(label, {}).items():
        yield f"dose: {_own(name, label)} becomes", node


def _port(name: str, channel: str | None) -> str:
    return name if not channel else f"{name}[{channel}]"


def _letters(roots: list[Node]) -> list[tuple[Node, str]]:
    """Expressions of some size that stand in more than one place, smaller ones first."""
    nodes = all_nodes(*roots)
    uses = Counter(argument.number for node in nodes for argument in node.args)
    uses.update(root.number for root in roots)
    big = [node for node in nodes if uses[node.number] > 1 and _size(node) >= SHORTEST_SHARED]
    return list(zip(big, ascii_uppercase, strict=False))


def _size(node: Node) -> int:
    return 1 + sum(_size(argument) for argument in node.args)


class Printer:
    """Prints nodes with as few brackets as arithmetic allows; names of the module itself lose their prefix."""

    def __init__(self, label: str, letters: dict[int, str]):
        self.label, self.letters = label, letters

    def text(self, node: Node, rank: int = 0) -> str:
        if node.number in self.letters:
            return self.letters[node.number]
        written = self._written(node)
        return f"({written})" if RANK.get(node.op, ATOM) < rank else written

    def _written(self, node: Node) -> str:
        a = node.args
        if node.op == "constant":
            return f"{node.data:g}"
        if node.op == "add":
            return self._sum(a)
        if node.op in ("subtract", "negate"):
            left = f"{self.text(a[0], 1)} - " if node.op == "subtract" else "-"
            return left + self.text(a[-1], 2)
        if node.op in ("multiply", "divide", "power"):
            sign = {"multiply": " * ", "divide": " / ", "power": "^"}[node.op]
            own = RANK[node.op]
            return f"{self.text(a[0], own + (node.op == 'power'))}{sign}{self.text(a[1], own + (node.op != 'multiply'))}"
        return self._function(node) if a else self._name(node)

    def _sum(self, args: tuple[Node, ...]) -> str:
        first, second = args[::-1] if args[0].op == "negate" and args[0].number not in self.letters else args
        if second.op == "negate" and second.number not in self.letters:
            return f"{self.text(first, 1)} - {self.text(second.args[0], 2)}"
        return f"{self.text(first, 1)} + {self.text(second, 1)}"

    def _function(self, node: Node) -> str:
        inner = [self.text(argument) for argument in node.args]
        if node.op == "where":
            return f"where({inner[0]} {COMPARISONS[node.data]} {inner[1]}, {inner[2]}, {inner[3]})"
        if node.op == "shift":
            return f"[{node.data[0]}: from {node.data[1]}]({inner[0]})"
        names = {"total_clone": "sum over clones", "total_lesion": "sum over lesions"}
        return f"{names.get(node.op, node.op)}({', '.join(inner)})"

    def _name(self, node: Node) -> str:
        if node.op == "port":
            return f"port.{_port(*node.data.partition(':')[::2])}"
        if node.op == "trait":
            return f"[{node.data.replace('=', ' is ')}]"
        if node.op == "site":
            return f"[site is {node.data}]"
        if node.op == "amount":
            return "dose"
        return _own(str(node.data), self.label)
