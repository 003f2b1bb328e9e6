"""Modules become one system: what is refused, by which words, and what the rates then are."""

from __future__ import annotations

import pytest

from remission.errors import InputError, ModelError, UnitError
from remission.model.compose import compose
from remission.model.disease import Clones
from remission.model.functions import hill
from remission.parameters import ParameterSet, Row

from .parts import Part, rate, system

CLONES = Clones.of(antigen=["positive", "negative"], drug=["sensitive", "resistant"])


def _cells(m):
    cells = m.state("cells", per="clone", unit="cell", initial=1e9)
    m.flow(None, cells, m.parameters.rate * cells)


GROWTH = Part("growth", _cells)
RATE = {"growth__rate": "0.1 1/day per clone"}


def _one(says, *others, **parameters):
    return system(Part("one", says), *others, **parameters)


# ---- names -----------------------------------------------------------------------------------------------------------
def test_a_state_declared_twice_is_refused():
    def twice(m):
        m.state("drug")
        m.state("drug")

    with pytest.raises(ModelError, match=r"`one.drug` is declared twice"):
        _one(twice)


def test_a_shared_state_has_one_owner():
    with pytest.raises(ModelError, match=r"`cells` is declared twice \(second time by `other`\)"):
        system(GROWTH, Part("other", lambda m: m.state("cells", per="clone", unit="cell")), **RATE)


def test_a_shared_name_keeps_its_scope_and_unit():
    with pytest.raises(ModelError, match=r"`cells` is shared: it is per clone in cell, not per patient in cell"):
        _one(lambda m: m.state("cells", unit="cell"))


def test_an_output_may_not_take_the_name_of_a_state():
    with pytest.raises(ModelError, match="declared twice"):
        _one(lambda m: m.output("drug", m.state("drug"), "1"))


def test_a_state_may_not_take_the_name_of_a_parameter():
    with pytest.raises(ModelError, match=r"`one.drug` is the name of a parameter"):
        _one(lambda m: m.state("drug"), one__drug="1 1")


def test_two_modules_of_one_name_are_refused():
    with pytest.raises(ModelError, match=r"`growth` is given twice"):
        system(GROWTH, GROWTH, **RATE)


def test_two_modules_may_use_the_same_private_name():
    parts = [Part(name, lambda m: m.state("drug")) for name in ("one", "two")]
    assert [state.name for state in system(*parts).states] == ["one.drug", "two.drug"]


# ---- what is missing -------------------------------------------------------------------------------------------------
def test_a_parameter_in_no_table_is_named_with_the_nearest():
    with pytest.raises(ModelError, match=r"`one.half_live`, which is in no table, did you mean `half_life`"):
        _one(lambda m: m.parameters.half_live, one__half_life="1 day")


def test_reading_what_nobody_declares_is_refused_with_the_nearest():
    burden = Part("growth", lambda m: m.output("burden", m.state("x"), "1"))
    with pytest.raises(ModelError, match=r"`one` reads `growth.burdn`.*did you mean `growth.burden`"):
        _one(lambda m: m.state("y", initial=0) + m.read("growth.burdn"), burden)


def test_changing_what_nobody_declares_is_refused():
    with pytest.raises(ModelError, match=r"`b_cells`"):
        _one(lambda m: m.flow(None, m.read("b_cells"), m.quantity(1, "cell/day")))


def test_an_unknown_port_is_named_with_the_nearest():
    with pytest.raises(ModelError, match=r"`one` names the port `kil`, did you mean `kill`"):
        _one(lambda m: m.port("kil"))


def test_an_unknown_site_is_named_with_the_nearest():
    with pytest.raises(ModelError, match=r"the site `marow`, did you mean `marrow`"):
        _one(lambda m: m.site("marow"))


@pytest.mark.parametrize("what", ["state", "hazard"])
def test_an_unknown_scope_is_refused(what):
    says = {"state": lambda m: m.state("x", per="tumour"), "hazard": lambda m: m.hazard("x", m.quantity(1, "1/day"), per="tumour")}
    with pytest.raises(ModelError, match="use patient, lesion or clone"):
        _one(says[what])


def test_formulas_in_a_circle_print_the_circle():
    formula = {"unit": "1", "per": "patient", "meaning": "test"}
    made = {f"one.{name}": Row(name=name, value=f"={other}", **formula) for name, other in (("x", "y"), ("y", "x"))}
    with pytest.raises(InputError, match=r"one.x -> one.y -> one.x|x.*y.*x"):
        compose("test", [Part("one", lambda m: m.output("z", m.parameters.x, "1"))], parameters=ParameterSet(made))


# ---- ports -----------------------------------------------------------------------------------------------------------
def test_a_port_that_reads_itself_prints_the_cycle():
    def round_trip(m):
        m.add("kill", m.port("sensitivity") * m.quantity(1, "1/day"))
        m.multiply("sensitivity", 1 + m.port("kill") * m.quantity(1, "day"))

    with pytest.raises(ModelError, match=r"kill -> sensitivity -> kill"):
        _one(lambda m: (round_trip(m), m.output("all", m.port("kill"), "1/day")))


def test_outputs_that_read_each_other_print_the_cycle():
    first = Part("a", lambda m: m.output("x", 1 + m.read("b.y"), "1"))
    second = Part("b", lambda m: m.output("y", 2 * m.read("a.x"), "1"))
    with pytest.raises(ModelError, match=r"a.x -> b.y -> a.x|b.y -> a.x -> b.y"):
        system(first, second)


@pytest.mark.parametrize(("port", "verb", "advice"), [("kill", "multiply", "m.add"), ("sensitivity", "add", "m.multiply")])
def test_a_port_has_one_rule(port, verb, advice):
    with pytest.raises(ModelError, match=advice):
        _one(lambda m: getattr(m, verb)(port, m.quantity(1, "1/day")))


def test_a_contribution_in_another_dimension_is_refused():
    with pytest.raises(UnitError, match="mg"):
        _one(lambda m: m.add("kill", m.quantity(1, "mg")))


def test_a_contribution_in_another_scale_is_converted():
    made = _one(lambda m: (m.add("kill", m.quantity(1, "1/hour")), m.output("all", m.port("kill"), "1/day")))
    assert made.outputs[0].node.data == pytest.approx(24.0)


def test_a_channel_hears_itself_and_what_is_said_to_all():
    def says(m):
        for number, channel in ((1, None), (2, "cd19"), (4, "cd22")):
            m.add("kill", m.quantity(number, "1/day"), channel)
            m.multiply("sensitivity", 2.0**number, channel)
        for name, channel in (("all", None), ("cd19", "cd19"), ("other", "other")):
            m.output(name, m.port("kill", channel), "1/day")
            m.output(f"factor_{name}", m.port("sensitivity", channel), "1")

    found = {o.name[4:]: o.node.data for o in _one(says).outputs}
    assert found == {"all": 7, "cd19": 3, "other": 1, "factor_all": 2, "factor_cd19": 8, "factor_other": 2}


def test_a_factor_of_narrower_scope_is_refused():
    with pytest.raises(ModelError, match="is per patient; the factor from `one` is per clone"):
        _one(lambda m: m.multiply("priming", m.read("cells") / m.quantity(1, "cell")), GROWTH, **RATE)


def test_an_empty_port_is_zero_or_one():
    made = _one(lambda m: (m.output("kill", m.port("kill"), "1/day"), m.output("growth", m.port("growth"), "1")))
    assert [o.node.data for o in made.outputs] == [0.0, 1.0]


# ---- scopes ----------------------------------------------------------------------------------------------------------
def test_lesions_may_not_depend_at_once_on_a_sum_over_lesions():
    def says(m):
        seen = hill(m.total(m.read("cells"), "lesion"), m.quantity(1e9, "cell"))
        m.add("kill", m.quantity(0.1, "1/day") * seen)
        m.flow(m.read("cells"), None, m.port("kill") * m.read("cells"))

    with pytest.raises(ModelError, match=r"`cells` depends at once on a sum over lesions.*let a patient state carry the sum"):
        _one(says, GROWTH, **RATE)


def test_lesions_couple_through_a_patient_state():
    def says(m):
        effector = m.state("effector", unit="cell", initial=1e6)
        seen = hill(m.total(m.read("cells"), "lesion"), m.quantity(1e9, "cell"))
        m.flow(None, effector, m.quantity(1, "1/day") * seen * effector)
        m.flow(m.read("cells"), None, m.quantity(1e-9, "1/day/cell") * effector * m.read("cells"))

    assert "sum over lesions(sum over clones(cells))" in rate(_one(says, GROWTH, **RATE), "one.effector")


def test_a_patient_equation_sums_lesions_and_clones_of_its_flows():
    def says(m):
        m.flow(m.read("cells"), m.state("debris", unit="cell"), 0.1 * m.read("cells") / m.quantity(1, "day"))

    drained = _one(says, GROWTH, **RATE)
    assert rate(drained, "one.debris").startswith("sum over lesions(sum over clones(")
    assert "sum" not in rate(drained, "cells")


def test_a_start_of_narrower_scope_is_refused():
    with pytest.raises(ModelError, match=r"`one.x` is per patient, but its start is per lesion"):
        _one(lambda m: m.state("x", initial=m.site("marrow")))


def test_a_start_may_not_read_a_state():
    with pytest.raises(ModelError, match=r"the start of `one.x` depends on the state `growth.y`"):
        _one(lambda m: m.state("x", initial=m.read("growth.y")), Part("growth", lambda m: m.state("y", initial=2.0)))


def test_a_jump_of_narrower_scope_is_refused():
    def says(m):
        x = m.state("x", unit="cell")
        m.hazard("fall", m.quantity(1, "1/day"), jumps={x: m.read("cells")})

    with pytest.raises(ModelError, match=r"`one.x` is per patient, but its jump is per clone"):
        _one(says, GROWTH, **RATE)


def test_rates_may_not_read_running_integrals():
    def says(m):
        x = m.state("x")
        area = m.integral("area", x)
        m.flow(None, x, area / m.quantity(1, "day**2"))

    with pytest.raises(ModelError, match=r"`d one.x` depends on the integral `one.area`"):
        _one(says)


def test_a_dosed_state_belongs_to_the_patient():
    with pytest.raises(ModelError, match=r"`one.drug` is per lesion; only patient states take infusions"):
        _one(lambda m: m.state("drug", per="lesion", dosed=True))


def test_an_agent_without_a_dosed_state_or_jumps_is_refused():
    with pytest.raises(ModelError, match="agent with 0 dosed states"):
        system(Part("one", lambda m: m.state("drug", unit="mg"), unit_of_dose="mg"))


def test_a_dose_out_of_proportion_cannot_be_infused():
    def dose(m, amount):
        drug = m.read("drug")
        return {drug: drug + amount * amount / m.quantity(1, "mg")}

    with pytest.raises(ModelError, match="cannot be infused"):
        system(Part("one", lambda m: m.state("drug", unit="mg", dosed=True), dose, "mg"))


@pytest.mark.parametrize("over", ["clones", "patient", ""])
def test_a_total_is_over_clones_or_lesions(over):
    with pytest.raises(ModelError, match="use clone or lesion"):
        _one(lambda m: m.total(m.read("cells"), over), GROWTH, **RATE)


def test_a_total_needs_something_to_sum():
    with pytest.raises(ModelError, match="per patient"):
        _one(lambda m: m.total(m.state("x"), "lesion"))


@pytest.mark.parametrize("levels", [[], ["positive", "positive"]])
def test_traits_have_distinct_levels(levels):
    with pytest.raises(ModelError, match="antigen"):
        Clones.of(antigen=levels)


# ---- change ----------------------------------------------------------------------------------------------------------
def test_a_rate_in_the_wrong_unit_names_the_state():
    with pytest.raises(UnitError, match=r"flow in of `one.x` in `one`.*mg"):
        _one(lambda m: m.flow(None, m.state("x", unit="cell"), m.quantity(1, "mg/day")))


def test_a_rate_per_hour_runs_per_day():
    made = _one(lambda m: m.change(m.state("x", unit="cell"), m.quantity(2, "cell/hour")))
    assert made.states[0].rate.data == pytest.approx(48.0)


def test_a_flow_needs_an_end():
    with pytest.raises(ModelError, match="needs a source or a sink"):
        _one(lambda m: m.flow(None, None, 0))


def test_a_parameter_is_no_state():
    with pytest.raises(ModelError, match="is not a state"):
        _one(lambda m: m.flow(m.parameters.x, None, m.quantity(1, "1/day")), one__x="1 1")


def test_zero_flows_leave_no_trace():
    zero = _one(lambda m: m.flow(m.state("x"), m.state("y"), 0))
    assert [state.rate.data for state in zero.states] == [0.0, 0.0]

    def absent(m):
        m.flow(m.read("cells"), None, m.trait("drug", "none") * m.read("cells") / m.quantity(1, "day"))

    assert rate(_one(absent, GROWTH, **RATE), "cells") == rate(system(GROWTH, **RATE), "cells")


def test_a_chain_passes_on_and_keeps_its_start():
    def says(m):
        steps = m.chain("step", 3, m.parameters.rate, unit="cell", initial=5.0)
        m.flow(steps[-1], None, m.parameters.rate * steps[-1])

    made = _one(says, one__rate="2 1/day")
    assert [s.name for s in made.states] == ["one.step_1", "one.step_2", "one.step_3"]
    assert rate(made, "one.step_2") == "((one.rate * one.step_1) + -(one.rate * one.step_2))"
    assert all(s.initial.data == 5.0 for s in made.states)


def test_births_and_deaths_are_per_cell():
    def says(m):
        cells = m.read("cells")
        m.flow(cells, None, hill(m.total(cells, "clone"), m.quantity(1e9, "cell")) * cells * m.quantity(0.2, "1/day"))
        m.flow(cells, None, cells * m.quantity(3, "1/day") / 2)

    made = {name: text for name, _, text in (line.partition(" = ") for line in _one(says, GROWTH, **RATE).equations())}
    assert made["per capita birth"] == "growth.rate"
    assert "1.5" in made["per capita death"]
    assert "sum over clones(cells)" in made["per capita death"]


def test_a_birth_that_is_not_per_cell_is_refused():
    with pytest.raises(ModelError, match="births and deaths are per cell"):
        _one(lambda m: m.flow(None, m.read("cells"), m.quantity(5, "cell/day")), GROWTH, **RATE)


def test_conversion_between_absent_levels_is_nothing():
    says = Part("switch", lambda m: m.convert(m.read("cells"), {("antigen", "positive", "lost"): m.quantity(1, "1/day")}))
    assert system(says, GROWTH, clones=CLONES, **RATE).transitions == ()


def test_only_clones_convert():
    with pytest.raises(ModelError, match="conversion is between clones"):
        _one(lambda m: m.convert(m.state("x"), {("a", "b", "c"): m.quantity(1, "1/day")}))


# ---- independence of order -------------------------------------------------------------------------------------------
def _late_reader():
    """Reads an output of an output of a state that modules named later declare, in another scale, through an integral."""

    def says(m):
        m.output("copy", m.read("later.mass"), "mg")
        m.output("sum", m.read("later.area"), "day*mg")
        m.convert(m.read("later.virus"), {("drug", "sensitive", "resistant"): m.quantity(1, "1/day")})

    return Part("early", says)


def _late():
    def says(m):
        m.output("mass", m.read("latest.amount"), "g")
        m.integral("area", m.read("latest.amount"))
        m.state("virus", per="clone", unit="PFU")

    return Part("later", says)


def _latest():
    return Part("latest", lambda m: m.output("amount", m.state("drug", per="clone", unit="kg", initial=1.0), "kg"))


def test_what_is_read_before_it_is_declared_keeps_scope_and_unit():
    made = system(_late_reader(), _late(), _latest(), clones=CLONES)
    outputs = {o.name: o for o in made.outputs}
    assert outputs["early.copy"].per == "clone"
    assert outputs["early.sum"].per == "clone"
    assert "1e+06" in str(outputs["early.sum"].node)


def test_a_long_chain_of_outputs_settles():
    def link(k):
        return Part(f"m{k:02d}", lambda m: m.output("x", m.read(f"m{k + 1:02d}.x"), "cell"))

    last = Part("m12", lambda m: m.output("x", m.read("cells"), "cell"))
    made = system(*(link(k) for k in range(12)), last, GROWTH, **RATE)
    assert {o.per for o in made.outputs} == {"clone"}


def test_order_of_modules_changes_nothing():
    def flow(k):
        return Part(f"part_{k}", lambda m: m.flow(m.read("cells"), None, m.quantity(0.1 * (k + 1), "1/day") * m.read("cells")))

    parts = [GROWTH, *(flow(k) for k in range(4))]
    there, back = system(*parts, **RATE), system(*parts[::-1], **RATE)
    assert there.text == back.text
    assert there.digest == back.digest


# ---- content ---------------------------------------------------------------------------------------------------------
def test_the_digest_is_of_the_content():
    def drug(unit, start=0.0):
        return _one(lambda m: m.state("x", unit=unit, initial=start))

    assert drug("mg").digest == drug("mg").digest
    assert drug("mg").digest != drug("cell").digest
    assert drug("mg").digest != drug("mg", 1.0).digest


def test_the_digest_knows_whether_a_hazard_repeats():
    once, again = (_one(lambda m, r=r: m.hazard("fall", m.quantity(1, "1/day"), repeats=r)) for r in (False, True))
    assert once.digest != again.digest
