"""The builder: what a module may say. It collects states, rates, port contributions, outputs and hazards of all modules.

Modules are run twice: once to learn which states and channels exist, so that no module depends on the order of others,
and once for good, with every unit checked.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pint

from remission import units
from remission.errors import ModelError, UnitError, nearest
from remission.model.disease import SITES
from remission.model.expression import DAY, DIMENSIONLESS, SCOPES, Expression, Graph, Node, is_zero, show
from remission.model.ports import PORTS, SHARED


@dataclass
class StateEntry:
    """One state as declared: where it lives, its unit and its start."""

    name: str
    per: str
    unit: pint.Unit
    initial: Node
    dosed: bool
    owner: str


@dataclass
class HazardEntry:
    """A random discrete event: its rate, and what happens when it fires."""

    name: str
    per: str
    rate: Node
    kind: str
    jumps: dict[str, Node]
    owner: str
    repeats: bool


@dataclass
class FlowEntry:
    """What one call of a module moves: from a state to a state (None: outside the patient), or from clone to clone by a transition."""

    source: str | None
    sink: str | None
    rate: Node
    transition: tuple[str, str, str] | None = None


@dataclass
class Contribution:
    port: str
    channel: str | None
    node: Node
    owner: str


@dataclass
class Declarations:
    """Everything the modules of one system declared."""

    graph: Graph = field(default_factory=Graph)
    states: dict[str, StateEntry] = field(default_factory=dict)
    rates: dict[str, Node] = field(default_factory=dict)
    inflows: dict[str, Node] = field(default_factory=dict)
    outflows: dict[str, Node] = field(default_factory=dict)
    flows: list[FlowEntry] = field(default_factory=list)
    changed_by: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, tuple[Expression, str]] = field(default_factory=dict)
    hazards: dict[str, HazardEntry] = field(default_factory=dict)
    integrals: dict[str, tuple[Node, str, pint.Unit | None]] = field(default_factory=dict)
    contributions: list[Contribution] = field(default_factory=list)
    conversions: list[tuple[str, Node]] = field(default_factory=list)
    transitions: list[tuple[str, str, str]] = field(default_factory=list)
    doses: dict[str, dict[str, Node]] = field(default_factory=dict)
    dose_units: dict[str, str] = field(default_factory=dict)
    used_parameters: set[str] = field(default_factory=set)


class Parameters:
    """Access to the numbers of a module by name: `m.parameters.half_life`."""

    def __init__(self, builder: Builder):
        self._builder = builder

    def __getattr__(self, name: str) -> Expression:
        return self._builder.parameter(f"{self._builder.label}.{name}")


class Builder:
    """The vocabulary of one module while its equations run. Rates are per day; flows keep mass."""

    def __init__(self, declarations: Declarations, module, rows: dict, clones, sites: tuple[str, ...], known: Declarations | None):
        self.into, self.module, self.rows, self.clones, self.sites, self.known = declarations, module, rows, clones, sites, known
        self.label = module.label
        self.parameters = Parameters(self)

    # ---- quantities ------------------------------------------------------------------------------------------------
    def expression(self, node: Node, unit) -> Expression:
        return Expression(self.into.graph, node, unit)

    def parameter(self, key: str) -> Expression:
        row = self.rows.get(key)
        if row is None:
            own = [k.split(".", 1)[1] for k in self.rows if k.startswith(self.label + ".")]
            raise ModelError(
                f"`{self.label}` uses the parameter `{key}`, which is in no table"
                f"{nearest(key.split('.', 1)[-1], own)}; add the row to its CSV"
            )
        self.into.used_parameters.add(key)
        return self.expression(self.into.graph.symbol("parameter", key, row.per), units.unit(row.unit))

    def quantity(self, value, unit) -> Expression:
        """A number with a unit (`m.quantity(1e9, "cell")`), or an expression in that unit."""
        unit = units.unit(unit) if isinstance(unit, str) else unit
        if isinstance(value, Expression):
            return value.to(unit)
        return self.expression(self.into.graph.constant(value), unit)

    def state(self, name: str, per: str = "patient", unit: str = "1", initial=0.0, dosed: bool = False) -> Expression:
        """Declare a quantity that evolves. Shared names (`cells`, `b_cells`, ...) are common to all modules, others belong to this one."""
        self._refuse_scope("state", name, per)
        full = name if name in SHARED else f"{self.label}.{name}"
        if name in SHARED and SHARED[name] != (per, unit):
            raise ModelError(f"state `{name}` is shared: it is per {SHARED[name][0]} in {SHARED[name][1]}, not per {per} in {unit}")
        self._refuse_duplicate(full)
        measure = units.unit(unit)
        start = self.quantity(initial, measure).node
        self.into.states[full] = StateEntry(full, per, measure, start, dosed, self.label)
        return self.expression(self.into.graph.symbol("state", full, per), measure)

    def _refuse_scope(self, what: str, name: str, per: str) -> None:
        if per not in SCOPES[1:]:
            raise ModelError(f"{what} `{name}` of `{self.label}`: `per` is `{per}`; use patient, lesion or clone")

    def _refuse_duplicate(self, full: str) -> None:
        taken = {**self.into.states, **self.into.outputs, **self.into.hazards, **self.into.integrals}
        if full in taken:
            raise ModelError(f"`{full}` is declared twice (second time by `{self.label}`); every name is declared by exactly one module")
        if full in self.rows:
            raise ModelError(
                f"`{full}` is the name of a parameter in a table and of a state or output of `{self.label}`; rename one of them"
            )

    def read(self, name: str, per: str | None = None) -> Expression:
        """A shared state, or a state, output or integral of another module by its full name (`car_t.effector`)."""
        own = f"{self.label}.{name}"
        declared = self.known or self.into
        mine = own in declared.states or own in declared.outputs or own in declared.integrals
        full = own if mine and name not in SHARED else name
        if full in declared.states:
            entry = declared.states[full]
            return self.expression(self.into.graph.symbol("state", full, entry.per), entry.unit)
        if full in declared.outputs:
            expression, scope = declared.outputs[full]
            return self.expression(self.into.graph.symbol("read", full, scope), expression.unit)
        if full in declared.integrals:
            _, scope, unit = declared.integrals[full]
            return self.expression(self.into.graph.symbol("integral", full, scope), unit)
        if name in SHARED and self.known is None:
            return self.expression(self.into.graph.symbol("state", name, SHARED[name][0]), units.unit(SHARED[name][1]))
        if self.known is None:
            return self.expression(self.into.graph.symbol("read", full, per or "patient"), None)
        names = [*declared.states, *declared.outputs]
        raise ModelError(
            f"`{self.label}` reads `{name}`, which no module of this system declares{nearest(name, names)}; add the module that declares it"
        )

    def exists(self, name: str) -> bool:
        """True if some module of the system declares this state or output (for optional couplings)."""
        declared = self.known or self.into
        return name in declared.states or name in declared.outputs

    def trait(self, name: str, level: str) -> Expression:
        """1 in clones that have this level of the trait, 0 in all others."""
        return self._indicator("trait", f"{name}={level}", self.clones.indicator(name, level), "clone")

    def _indicator(self, kind: str, key: str, values: tuple[float, ...], per: str) -> Expression:
        graph = self.into.graph
        if len(set(values)) == 1:
            return self.expression(graph.constant(values[0]), DIMENSIONLESS)
        return self.expression(graph.symbol(kind, key, per), DIMENSIONLESS)

    def site(self, name: str) -> Expression:
        """1 in lesions at this site, 0 in all others."""
        if name not in SITES:
            raise ModelError(f"`{self.label}` names the site `{name}`{nearest(name, list(SITES))}; the sites are {', '.join(SITES)}")
        return self.expression(self.into.graph.symbol("site", name, "lesion"), DIMENSIONLESS)

    def total(self, x: Expression, over: str) -> Expression:
        """Sum over the clones of a lesion (`over="clone"`) or over all clones and lesions of the patient (`over="lesion"`)."""
        if over not in ("clone", "lesion"):
            raise ModelError(f"total(..., over=`{over}`): use clone or lesion")
        node, graph = x.node, self.into.graph
        if node.scope == 3:
            node = graph.total(node, "clone")
        elif over == "clone" and self.known is not None:
            raise ModelError(
                f"total over clones of `{show(node)}`, which is per {SCOPES[node.scope]}; only a quantity per clone has clones to sum"
            )
        if over == "lesion" and not is_zero(node):
            if node.scope < 2 and self.known is not None:
                raise ModelError(
                    f"total over lesions of `{show(node)}`, which is per {SCOPES[node.scope]}; only a quantity per lesion or "
                    "clone can be summed"
                )
            node = graph.total(node, "lesion")
        return self.expression(node, x.unit)

    # ---- change ----------------------------------------------------------------------------------------------------
    def _state_name(self, state: Expression) -> str:
        if not isinstance(state, Expression) or state.node.op not in ("state", "read"):
            raise ModelError(f"`{self.label}`: `{state!r}` is not a state; declare it with m.state or fetch it with m.read")
        self.into.changed_by.setdefault(state.node.data, self.label)
        return state.node.data

    def _fitted(self, state: Expression, rate, what: str) -> Node:
        measure = None if state.unit is None else state.unit / DAY
        try:
            node = self.quantity(rate, measure).node
        except UnitError as error:
            raise UnitError(f"{what} of `{self._state_name(state)}` in `{self.label}`: {error}") from None
        return self.summed(node, SCOPES[state.node.scope])

    def summed(self, node: Node, per: str) -> Node:
        """The same rate at a wider scope: clones summed to their lesion, lesions to their patient."""
        wanted = SCOPES.index(per)
        if node.scope == 3 and wanted < 3:
            node = self.into.graph.total(node, "clone")
        if node.scope == 2 and wanted < 2:
            node = self.into.graph.total(node, "lesion")
        return node

    def _accumulate(self, table: dict[str, Node], name: str, node: Node) -> None:
        table[name] = self.into.graph.add(table.get(name, self.into.graph.constant(0.0)), node)

    def change(self, state: Expression, rate) -> None:
        """Add a rate of change to a state (unit of the state per day)."""
        self._accumulate(self.into.rates, self._state_name(state), self._fitted(state, rate, "change"))
        self._record(None, state, rate)

    def flow(self, source: Expression | None, sink: Expression | None, rate) -> None:
        """Move mass from `source` to `sink`; either may be None (outside the patient). A patient end sums over lesions and clones."""
        if source is None and sink is None:
            raise ModelError(f"`{self.label}`: a flow needs a source or a sink")
        if source is not None:
            node = self._fitted(source, rate, "flow out")
            self._accumulate(self.into.rates, self._state_name(source), self.into.graph.negate(node))
            if sink is None:
                self._accumulate(self.into.outflows, source.node.data, node)
        if sink is not None:
            node = self._fitted(sink, rate, "flow in")
            self._accumulate(self.into.rates, self._state_name(sink), node)
            if source is None:
                self._accumulate(self.into.inflows, sink.node.data, node)
        self._record(source, sink, rate)

    def _record(self, source: Expression | None, sink: Expression | None, rate) -> None:
        """Remember a flow as it was said, in the unit of its source (else of its sink) per day, and not yet summed."""
        end = sink if source is None else source
        if end is not None:
            node = self.quantity(rate, None if end.unit is None else end.unit / DAY).node
            first, last = (None if state is None else self._state_name(state) for state in (source, sink))
            self.into.flows.append(FlowEntry(first, last, node))

    def convert(self, x: Expression, rates: dict) -> None:
        """Cells of a clone become another clone: {(trait, from, to): rate per cell and day}.

        A clone that is absent or small receives founders one by one, as random arrivals; an established clone receives a flow.
        """
        name, graph = self._state_name(x), self.into.graph
        if x.node.scope != 3 and self.known is not None:
            raise ModelError(f"convert(`{name}`): conversion is between clones, and `{name}` is per {SCOPES[x.node.scope]}")
        counted = name == "cells"
        established = graph.symbol("established", "established", "clone") if counted else graph.constant(1.0)
        for (trait, before, after), rate in rates.items():
            if not (self.clones.has(trait, before) and self.clones.has(trait, after)):
                continue
            leaving = graph.multiply(self.trait(trait, before).node, self.quantity(rate, 1 / DAY).node)
            flux = graph.multiply(leaving, x.node)
            arriving = graph.shift(flux, (trait, before, after))
            self._accumulate(self.into.rates, name, graph.subtract(graph.multiply(established, arriving), flux))
            self.into.transitions.append((trait, before, after))
            self.into.flows.append(FlowEntry(name, name, flux, (trait, before, after)))
            self.into.conversions.append((name, arriving))

    def chain(self, name: str, n: int, rate: Expression, per: str = "patient", unit: str = "1", initial=0.0) -> list[Expression]:
        """A transit chain of `n` states with one rate; the caller feeds the first and drains the last."""
        states = [self.state(f"{name}_{i + 1}", per=per, unit=unit, initial=initial) for i in range(n)]
        for first, second in itertools.pairwise(states):
            self.flow(first, second, rate * first)
        return states

    # ---- ports -----------------------------------------------------------------------------------------------------
    def _port(self, name: str):
        if name not in PORTS:
            raise ModelError(f"`{self.label}` names the port `{name}`{nearest(name, list(PORTS))}; the ports are {', '.join(PORTS)}")
        return PORTS[name]

    def port(self, name: str, channel: str | None = None) -> Expression:
        """Read what all modules contributed; with a channel, that channel and what was contributed to all."""
        port = self._port(name)
        key = name if channel is None else f"{name}:{channel}"
        return self.expression(self.into.graph.symbol("port", key, port.per), units.unit(port.unit))

    def channels(self, name: str) -> tuple[str, ...]:
        """The channels of a port that some module contributes to."""
        self._port(name)
        declared = self.known or self.into
        return tuple(sorted({c.channel for c in declared.contributions if c.port == name and c.channel is not None}))

    def add(self, name: str, value, channel: str | None = None) -> None:
        """Contribute to a summed port."""
        self._contribute(name, value, channel, "sum")

    def multiply(self, name: str, value, channel: str | None = None) -> None:
        """Contribute a factor to a multiplied port."""
        self._contribute(name, value, channel, "product")

    def _contribute(self, name: str, value, channel: str | None, rule: str) -> None:
        port = self._port(name)
        if port.rule != rule:
            verb = "m.add" if port.rule == "sum" else "m.multiply"
            raise ModelError(f"the port `{name}` is a {port.rule}; `{self.label}` must contribute with {verb}")
        node = self.quantity(value, units.unit(port.unit)).node
        if node.scope > SCOPES.index(port.per):
            if rule == "product":
                raise ModelError(f"the port `{name}` is per {port.per}; the factor from `{self.label}` is per {SCOPES[node.scope]}")
            node = self.summed(node, port.per)
        self.into.contributions.append(Contribution(name, channel, node, self.label))

    # ---- what leaves the model -------------------------------------------------------------------------------------
    def output(self, name: str, value: Expression, unit: str) -> None:
        """Declare a quantity that visits, plots and other modules may read."""
        full = f"{self.label}.{name}"
        self._refuse_duplicate(full)
        measure = units.unit(unit)
        converted = self.expression(self.quantity(value, measure).node, measure)
        self.into.outputs[full] = (converted, SCOPES[max(1, converted.node.scope)])

    def integral(self, name: str, rate: Expression) -> Expression:
        """A running integral from the start, outside the system of equations; only outputs may read it."""
        full = f"{self.label}.{name}"
        self._refuse_duplicate(full)
        unit = None if rate.unit is None else rate.unit * DAY
        scope = SCOPES[max(1, rate.node.scope)]
        self.into.integrals[full] = (rate.node, scope, unit)
        return self.expression(self.into.graph.symbol("integral", full, scope), unit)

    def hazard(
        self, name: str, rate: Expression, per: str = "patient", stop: bool = False, jumps: dict | None = None, repeats: bool = False
    ) -> None:
        """A random event with a rate per day. It may stop the patient's run (death) or make states jump: {state: new value}.

        It fires once per patient, lesion or clone, or again at each further threshold when it `repeats`.
        """
        self._refuse_scope("hazard", name, per)
        full = f"{self.label}.{name}"
        self._refuse_duplicate(full)
        node = self.summed(self.quantity(rate, 1 / DAY).node, per)
        changes = self._jumps(jumps or {})
        self.into.hazards[full] = HazardEntry(full, per, node, "stop" if stop else "jump", changes, self.label, repeats)

    def dose(self) -> None:
        """Run the module's answer to a dose."""
        if not self.module.is_agent:
            return
        measure = units.unit(self.module.dose_unit)
        amount = self.expression(self.into.graph.symbol("amount", "amount", "patient"), measure)
        jumps = self.module.on_dose(self, amount)
        if jumps is None:
            jumps = {state: state + amount for state in self._dosed_states()}
            if len(jumps) != 1:
                raise ModelError(f"`{self.label}` is an agent with {len(jumps)} dosed states; declare one with dosed=True or write on_dose")
        self.into.doses[self.label] = self._jumps(jumps)
        self.into.dose_units[self.label] = self.module.dose_unit

    def _jumps(self, jumps: dict) -> dict[str, Node]:
        return {self._state_name(state): self.quantity(value, state.unit).node for state, value in jumps.items()}

    def _dosed_states(self) -> list[Expression]:
        mine = [e for e in self.into.states.values() if e.owner == self.label and e.dosed]
        return [self.expression(self.into.graph.symbol("state", e.name, e.per), e.unit) for e in mine]
