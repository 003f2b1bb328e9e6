"""Flows as reactions: together they say what the rates of the states say, and each moves one cell from one place to another."""

import numpy as np
import pytest

from remission.engine.reactions import OUTSIDE, reactions_of
from remission.errors import ModelError, RunError
from remission.model.disease import Clones
from remission.model.functions import log
from tests.model.parts import Part, system
from tests.reference.cases import MODELS, system_of
from tests.support import Member, trial_system

PER_DAY = "1 1/day"


def slopes(composed, x):
    """Mean change per day that the reactions make, and the rates of the states, at the states x [n]."""
    reactions = reactions_of(composed)
    events, drift = reactions.rates(x[None])
    return (events @ reactions.change + drift)[0], Member.typical(composed).rates(x)


@pytest.mark.parametrize("name", ["b_all", "leukemia", "leukemia_flux", "leukemia_per_cell", "solid_single", "solid_dual", "barros"])
def test_the_flows_together_are_the_rates_of_the_states(name):
    composed = trial_system() if name == "b_all" else system_of(name)
    start, generator = reactions_of(composed).start, np.random.default_rng(7)
    np.testing.assert_allclose(start, Member.typical(composed).start())
    for scale in (1.0, 1e3):
        x = (start + scale * generator.random(start.size)) * generator.uniform(0.5, 1.5, start.size)
        ours, theirs = slopes(composed, x)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())


def test_every_published_model_with_cells_can_be_read():
    counted = [name for name in MODELS if any(state.unit == "cell" for state in system_of(name).states)]
    assert {"leukemia", "solid_dual", "barros", "kimmel"} <= set(counted)
    for name in counted:
        assert np.isfinite(reactions_of(system_of(name)).rates(np.full((2, len(reactions_of(system_of(name)).start)), 5.0))[0]).all()


def _switching(m):
    cells = m.state("cells", per="clone", unit="cell", initial=10.0)
    m.convert(cells, {("drug", "sensitive", "resistant"): m.parameters.rate})
    shed = m.state("shed", per="lesion", unit="cell")
    blood = m.state("blood", unit="cell")
    m.flow(cells, shed, 2 * m.parameters.rate * cells)
    m.flow(shed, blood, 3 * m.parameters.rate * shed)


def test_each_lesion_and_clone_has_its_own_reactions():
    composed = system(
        Part("one", _switching), clones=Clones.of(drug=["sensitive", "resistant"]), sites=("marrow", "node"), one__rate=PER_DAY
    )
    reactions = reactions_of(composed)
    moves = {(int(a), int(b)) for a, b in zip(reactions.source, reactions.sink, strict=True)}
    blood, cells, shed = (np.arange(9)[reactions.places[name]] for name in ("one.blood", "cells", "one.shed"))
    forward = {(cells[0], cells[1]), (cells[2], cells[3])}
    forward |= {(cells[2 * lesion + clone], shed[lesion]) for lesion in (0, 1) for clone in (0, 1)}
    forward |= {(shed[lesion], blood[0]) for lesion in (0, 1)}
    assert moves == forward | {(b, a) for a, b in forward}
    assert (reactions.change.sum(axis=1) == 0.0).all()
    x = np.arange(1.0, 8.0)
    ours, theirs = slopes(composed, x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_negative_rate_runs_backward():
    def says(m):
        cells = m.state("cells", per="clone", unit="cell", initial=10.0)
        m.change(cells, m.parameters.rate * (5.0 - cells / m.quantity(1, "cell")) * m.quantity(1, "cell"))

    reactions = reactions_of(system(Part("one", says), one__rate=PER_DAY))
    assert list(zip(reactions.source, reactions.sink, strict=True)) == [(OUTSIDE, 0), (0, OUTSIDE)]
    np.testing.assert_array_equal(reactions.rates(np.array([[2.0], [9.0]]))[0], [[3.0, 0.0], [0.0, 4.0]])


# ---- what is refused -------------------------------------------------------------------------------------------------
def _nothing(m):
    m.change(m.state("x"), m.parameters.rate)


def _still(m):
    m.state("cells", per="clone", unit="cell", initial=10.0)


def _mixed(m):
    cells = m.state("cells", per="clone", unit="cell", initial=10.0)
    m.flow(cells, m.state("pool", unit="kilocell"), m.parameters.rate * cells)


def _unpaired(m):
    cells = m.state("cells", per="clone", unit="cell", initial=10.0)
    m.flow(m.state("blood", unit="cell"), cells, m.parameters.rate * m.quantity(1, "cell"))


REFUSED = {
    "no state of `test` is in cells": _nothing,
    "no flow of `test` moves cells": _still,
    "both must be in cell": _mixed,
    "cannot be told which clone it serves; write its rate per clone": _unpaired,
}


@pytest.mark.parametrize(("message", "says"), REFUSED.items(), ids=[says.__name__ for says in REFUSED.values()])
def test_what_cannot_be_told_as_events_is_refused(message, says):
    with pytest.raises(ModelError, match=message):
        reactions_of(system(Part("one", says), one__rate=PER_DAY))


def test_a_rate_that_is_no_number_is_named_with_the_remedy():
    def says(m):
        cells = m.state("cells", per="clone", unit="cell", initial=10.0)
        m.flow(None, cells, m.parameters.rate * cells * log(cells / m.quantity(1, "cell")))

    with pytest.raises(RunError, match="is not a finite number for some number of cells; guard it"):
        reactions_of(system(Part("one", says), one__rate=PER_DAY)).rates(np.zeros((1, 1)))
