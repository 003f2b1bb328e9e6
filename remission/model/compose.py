"""Composition: modules, clones and sites become one system of equations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from remission import units
from remission.errors import ModelError, nearest
from remission.model.builder import Builder, Contribution, Declarations
from remission.model.derivatives import Derivatives, all_nodes
from remission.model.disease import Clones
from remission.model.expression import SCOPES, Graph, Node, is_zero, show
from remission.model.ports import PORTS
from remission.model.system import Agent, Flow, Output, Quadrature, State, System
from remission.parameters import ParameterSet, Table, layer

POPULATION = "cells"
LONGEST_CHAIN = 50
START_READS = ("state", "integral", "established", "infusion")


def module_rows(modules) -> dict:
    """The parameter rows of all modules: module table, then agent table."""
    rows = {}
    for module in modules:
        if not module.table.exists():
            continue
        own = Table.read(module.table).of_module(module.label)
        if module.agent_table is not None:
            if not module.agent_table.exists():
                raise ModelError(
                    f"`{module.label}`: there is no table for this agent ({module.agent_table.name}); write it beside the others"
                )
            own = layer(own, Table.read(module.agent_table, override=True), "agent", module=module.label)
        rows.update(own)
    return rows


def compose(name: str, modules, clones: Clones | None = None, sites=("marrow",), parameters: ParameterSet | None = None) -> System:
    """The system of these modules, whatever their order. `parameters` defaults to the modules' own tables.

    Raises ModelError (duplicate names, missing parameters, port cycles, lesions coupled other than through the patient) and
    UnitError; each names the module and the remedy.
    """
    modules, clones = tuple(sorted(modules, key=lambda module: module.label)), clones or Clones()
    _refuse_twins(modules)
    parameters = parameters if parameters is not None else ParameterSet(module_rows(modules), ())
    declared = _declare(modules, parameters.rows, clones, tuple(sites))
    return _finish(name, declared, clones, tuple(sites), parameters)


def _refuse_twins(modules) -> None:
    labels = [module.label for module in modules]
    twins = sorted({label for label in labels if labels.count(label) > 1})
    if twins:
        raise ModelError(f"the module `{twins[0]}` is given twice; keep one, or give the second another agent")


def _declare(modules, rows, clones: Clones, sites) -> Declarations:
    """Run the modules until what each learns of the others no longer changes."""
    known = None
    for _ in range(LONGEST_CHAIN):
        fresh = Declarations()
        for module in modules:
            builder = Builder(fresh, module, rows, clones, sites, known)
            module.equations(builder)
            builder.dose()
        if known is not None and _signature(fresh) == _signature(known):
            return fresh
        known = fresh
    raise ModelError("the scopes of outputs that read each other do not settle; give them in one module")


def _signature(declared: Declarations):
    outputs = {name: scope for name, (_, scope) in declared.outputs.items()}
    contributed = sorted((c.port, str(c.channel), c.owner, c.node.scope) for c in declared.contributions)
    integrals = {name: (scope, str(unit)) for name, (_, scope, unit) in declared.integrals.items()}
    return outputs, integrals, sorted(declared.states), contributed


@dataclass
class Resolver:
    """Replaces reads of ports and outputs by what they stand for."""

    declared: Declarations
    graph: Graph
    done: dict[int, Node] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    def resolve(self, node: Node) -> Node:
        for inner in all_nodes(node):
            if inner.number not in self.done:
                self.done[inner.number] = self._one(inner)
        return self.done[node.number]

    def _one(self, node: Node) -> Node:
        if node.op == "port":
            return self._named(node.data, self._port(node.data))
        if node.op == "read":
            if node.data in self.declared.states:
                return self.graph.symbol("state", node.data, self.declared.states[node.data].per)
            return self._named(node.data, self.declared.outputs[node.data][0].node)
        return self.graph.rebuild(node, tuple(self.done[a.number] for a in node.args))

    def _named(self, name: str, node: Node) -> Node:
        if name in self.path:
            cycle = " -> ".join([*self.path[self.path.index(name) :], name])
            raise ModelError(f"the ports depend on themselves: {cycle}; break the circle with a state")
        self.path.append(name)
        result = self.resolve(node)
        self.path.pop()
        return result

    def _port(self, key: str) -> Node:
        name, _, channel = key.partition(":")
        port, result = PORTS[name], None
        chosen = [c for c in self.declared.contributions if c.port == name and _counts(port.rule, c, channel)]
        for contribution in sorted(chosen, key=lambda c: c.owner):
            combine = self.graph.add if port.rule == "sum" else self.graph.multiply
            result = contribution.node if result is None else combine(result, contribution.node)
        return self.graph.constant(0.0 if port.rule == "sum" else 1.0) if result is None else result


def _counts(rule: str, contribution: Contribution, channel: str) -> bool:
    """Whether a contribution belongs to a read: a sum read without channel takes all, otherwise the channel and what acts on all."""
    return contribution.channel is None or contribution.channel == channel or (rule == "sum" and not channel)


def _finish(name: str, declared: Declarations, clones: Clones, sites, parameters: ParameterSet) -> System:
    resolver = Resolver(declared, declared.graph)
    _refuse_undeclared(declared)
    states = _states(declared, resolver)
    _refuse_lesion_coupling(states)
    birth, death = _per_capita(declared, resolver)
    inputs = tuple(s.name for s in states if s.dosed)
    agents = _agents(declared, resolver, inputs)
    states = _with_infusions(declared.graph, states, agents, inputs)
    quadratures = _quadratures(declared, resolver)
    outputs = tuple(
        Output(full, scope, units.text_of(value.unit), resolver.resolve(value.node)) for full, (value, scope) in declared.outputs.items()
    )
    system = System(
        name=name, graph=declared.graph, clones=clones, sites=tuple(dict.fromkeys(sites)), states=states,
        parameter_names=_parameter_names(declared, parameters), parameters=parameters,
        outputs=outputs, quadratures=quadratures, agents=agents, inputs=inputs,
        birth=birth, death=death, transitions=tuple(dict.fromkeys(declared.transitions)),
        flows=tuple(Flow(f.source, f.sink, resolver.resolve(f.rate), f.transition) for f in declared.flows if not is_zero(f.rate)),
    )  # fmt: skip
    _refuse_integrals(system)
    _refuse_wide_jumps(system)
    return system


def _parameter_names(declared: Declarations, parameters: ParameterSet) -> tuple[tuple[str, str, str], ...]:
    """Key, scope and unit of every parameter that an equation uses; the rows of a set are complete."""
    rows = [(key, parameters.rows[key]) for key in sorted(declared.used_parameters)]
    return tuple((key, row.per or "", row.unit or "") for key, row in rows)


def _refuse_undeclared(declared: Declarations) -> None:
    for state, owner in declared.changed_by.items():
        if state not in declared.states:
            raise ModelError(f"`{owner}` changes `{state}`, which no module declares as a state{nearest(state, list(declared.states))}")


def _states(declared: Declarations, resolver: Resolver) -> tuple[State, ...]:
    zero = declared.graph.constant(0.0)
    made = [
        State(
            entry.name, entry.per, units.text_of(entry.unit), resolver.resolve(entry.initial),
            resolver.resolve(declared.rates.get(entry.name, zero)), entry.dosed, entry.owner,
        )
        for entry in declared.states.values()
    ]  # fmt: skip
    for state in made:
        _refuse_wider(state.name, state.per, "equation", state.rate)
        _refuse_wider(state.name, state.per, "start", state.initial)
        _refuse_read(f"the start of `{state.name}`", state.initial, START_READS, "give it by parameters, traits and sites")
        if state.dosed and state.per != "patient":
            raise ModelError(f"`{state.name}` is per {state.per}; only patient states take infusions: write on_dose for a local dose")
    return tuple(sorted(made, key=lambda s: SCOPES.index(s.per)))


def _refuse_wider(name: str, per: str, what: str, node: Node) -> None:
    if node.scope > SCOPES.index(per):
        raise ModelError(f"`{name}` is per {per}, but its {what} is per {SCOPES[node.scope]}; sum it with m.total")


def _refuse_read(what: str, node: Node, kinds: tuple[str, ...], remedy: str) -> None:
    for inner in all_nodes(node):
        if inner.op in kinds:
            raise ModelError(f"{what} depends on the {inner.op} `{inner.data}`; {remedy}")


def _refuse_integrals(system: System) -> None:
    """Running integrals are known only where outputs are observed."""
    for name, node in system.roots:
        if not name.startswith("output "):
            _refuse_read(f"`{name}`", node, ("integral",), "only outputs read running integrals; let a state carry the sum")


def _refuse_wide_jumps(system: System) -> None:
    """A jump sets a state from quantities of its own scope or a narrower one."""
    scopes = {state.name: state.per for state in system.states}
    for changes in [agent.jumps for agent in system.agents] + [q.jumps for q in system.quadratures]:
        for name, node in changes:
            _refuse_wider(name, scopes[name], "jump", node)


def _refuse_lesion_coupling(states: tuple[State, ...]) -> None:
    for state in states:
        if state.per == "patient":
            continue
        sums = [node for node in all_nodes(state.rate) if node.op == "total_lesion"]
        if sums:
            raise ModelError(
                f"`{state.name}` depends at once on a sum over lesions, {show(sums[0])}; lesions couple only through patient states: "
                "let a patient state carry the sum"
            )


def _per_capita(declared: Declarations, resolver: Resolver) -> tuple[Node | None, Node | None]:
    """Birth and death per cell and day of the clones, from the flows of `cells` from and to outside."""
    if POPULATION not in declared.states:
        return None, None
    zero, cells = declared.graph.constant(0.0), declared.graph.symbol("state", POPULATION, "clone")
    births, deaths = (resolver.resolve(table.get(POPULATION, zero)) for table in (declared.inflows, declared.outflows))
    return quotient(declared.graph, births, cells), quotient(declared.graph, deaths, cells)


def quotient(graph: Graph, node: Node, symbol: Node) -> Node:
    """`node / symbol`, where the symbol is a factor of every term."""
    result = _factored(graph, node, symbol)
    if result is None:
        raise ModelError(
            f"the flow `{show(node)}` of `{symbol.data}` is not proportional to `{symbol.data}`; births and deaths are per cell"
        )
    return result


def _factored(graph: Graph, node: Node, symbol: Node) -> Node | None:
    if node is symbol:
        return graph.constant(1.0)
    if is_zero(node):
        return node
    if node.op in ("add", "subtract", "negate"):
        inner = _all_factored(graph, node.args, symbol)
        return None if inner is None else graph.rebuild(node, inner)
    if node.op == "where":
        inner = _all_factored(graph, node.args[2:], symbol)
        return None if inner is None else graph.where(node.data, node.args[0], node.args[1], *inner)
    if node.op == "divide":
        inner = _factored(graph, node.args[0], symbol)
        return None if inner is None else graph.divide(inner, node.args[1])
    if node.op == "multiply":
        for own, other in (node.args[::-1], node.args):
            inner = _factored(graph, own, symbol)
            if inner is not None:
                return graph.multiply(inner, other)
    return None


def _all_factored(graph: Graph, nodes: tuple[Node, ...], symbol: Node) -> tuple[Node, ...] | None:
    inner = [_factored(graph, node, symbol) for node in nodes]
    found = tuple(node for node in inner if node is not None)
    return found if len(found) == len(nodes) else None


def _quadratures(declared: Declarations, resolver: Resolver) -> tuple[Quadrature, ...]:
    made = [Quadrature(name, scope, "integral", resolver.resolve(rate)) for name, (rate, scope, _) in declared.integrals.items()]
    for entry in declared.hazards.values():
        jumps = tuple((state, resolver.resolve(node)) for state, node in entry.jumps.items())
        made.append(Quadrature(entry.name, entry.per, entry.kind, resolver.resolve(entry.rate), jumps, entry.repeats))
    arrivals = [resolver.resolve(node) for name, node in declared.conversions if name == POPULATION]
    if arrivals:
        graph = declared.graph
        established = graph.symbol("established", "established", "clone")
        rate = graph.multiply(graph.subtract(graph.constant(1.0), established), _sum(graph, arrivals))
        founder = graph.add(graph.symbol("state", POPULATION, "clone"), graph.constant(1.0))
        made.append(Quadrature("arrival", "clone", "arrival", rate, ((POPULATION, founder),), True))
    return tuple(sorted(made, key=lambda q: SCOPES.index(q.per)))


def _sum(graph: Graph, nodes: list[Node]) -> Node:
    result = graph.constant(0.0)
    for node in nodes:
        result = graph.add(result, node)
    return result


def _agents(declared: Declarations, resolver: Resolver, inputs: tuple[str, ...]) -> tuple[Agent, ...]:
    made = []
    for label, jumps in declared.doses.items():
        own = [inputs.index(e.name) for e in declared.states.values() if e.owner == label and e.dosed]
        unit = declared.dose_units[label]
        made.append(Agent(label, unit, tuple((name, resolver.resolve(node)) for name, node in jumps.items()), own[0] if own else -1))
    return tuple(made)


def _with_infusions(graph: Graph, states: tuple[State, ...], agents: tuple[Agent, ...], inputs: tuple[str, ...]) -> tuple[State, ...]:
    """The states with what an infusion adds per day: the jump of a dose of one unit, times the infusion rate in dose units."""
    amount, derivatives, added = graph.symbol("amount", "amount", "patient"), Derivatives(graph), {}
    for agent in agents:
        if agent.input < 0:
            continue
        rate = graph.symbol("infusion", inputs[agent.input], "patient")
        for name, jump in agent.jumps:
            slope = derivatives.by(jump, amount)
            if amount in all_nodes(slope):
                raise ModelError(
                    f"a dose of `{agent.name}` takes `{name}` to {show(jump)}, not in proportion to the dose, so it cannot be infused; "
                    "leave out dosed=True"
                )
            added[name] = graph.add(added.get(name, graph.constant(0.0)), graph.multiply(slope, rate))
    return tuple(replace(s, rate=graph.add(s.rate, added[s.name])) if s.name in added else s for s in states)
