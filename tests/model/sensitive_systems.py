"""Small systems whose sensitivities are known in closed form, or are hard: jumps, lesions, clones, saturation."""

from __future__ import annotations

from functools import cache

from remission.model.disease import Clones
from remission.model.functions import exp, hill, log
from remission.model.system import System
from tests.model.parts import Part, system


def _decay(m) -> None:
    p = m.parameters
    x = m.state("x", initial=p.start)
    m.change(x, -p.rate * x)
    m.hazard("end", p.rate, stop=True)
    m.output("left", x, "1")
    m.output("area", m.integral("exposure", x), "day")


def _drug(m) -> None:
    p = m.parameters
    amount = m.state("amount", unit="mg", dosed=True)
    m.flow(amount, None, p.clearance / p.volume * amount)
    m.output("level", amount / p.volume, "mg/L")


def _available(m, dose):
    amount = m.read("amount")
    return {amount: amount + m.parameters.share * dose}


def _crowded(m) -> None:
    p = m.parameters
    size = m.state("number", unit="cell", initial=p.start)
    m.change(size, p.rate * size * (1 - size / p.room))
    m.output("seen", size, "cell")


@cache
def closed_forms() -> System:
    """Exponential decay with its area, one compartment with share, clearance and volume, and logistic growth."""
    return system(
        Part("decay", _decay), Part("drug", _drug, _available, "mg"), Part("crowded", _crowded),
        decay__start="2.0 1", decay__rate="0.3 1/day",
        drug__share="0.7 1", drug__clearance="5.0 L/day", drug__volume="20.0 L",
        crowded__start="1e6 cell", crowded__rate="0.25 1/day", crowded__room="1e9 cell",
    )  # fmt: skip


def _tumor(m) -> None:
    """Gompertz growth toward a lesion's own size, a drug that kills by a Hill law, mutation, and cells shed into the blood."""
    p = m.parameters
    drug = m.state("drug", unit="mg", dosed=True)
    shed = m.state("shed", unit="cell")
    inflamed = m.state("inflamed", per="lesion")
    cells = m.state("cells", per="clone", unit="cell", initial=p.start * (1 - 0.9 * m.trait("drug", "resistant")))
    total = m.total(cells, "clone")
    m.flow(drug, None, p.clearance * drug)
    m.flow(None, cells, p.growth * log(1 + p.room / (1e-3 * p.room + total)) * cells)
    kill = p.kill * hill(drug, p.half, p.shape) * m.trait("drug", "sensitive") * p.hardness
    m.flow(cells, None, (kill + p.attack * inflamed) * cells)
    m.convert(cells, {("drug", "sensitive", "resistant"): p.mutation})
    m.change(inflamed, p.calm * (hill(total, p.room) - inflamed))
    m.change(shed, p.shedding * m.total(cells, "lesion") - p.clearance * shed)
    m.output("burden", m.total(cells, "lesion"), "cell")
    m.output("blood", shed, "cell")
    m.output("size", total, "cell")
    m.output("area", m.integral("exposure", hill(drug, p.half, p.shape)), "day")


def _irradiated(m, dose):
    cells, p = m.read("cells"), m.parameters
    return {cells: cells * exp(-p.alpha * dose - p.beta * dose**2)}


@cache
def tumor() -> System:
    """Two clones in lesions of different size under an infused or injected drug and radiation."""
    return system(
        Part("tumor", _tumor, lambda m, dose: {m.read("drug"): m.read("drug") + dose}, "mg"),
        Part("radiation", lambda m: None, _irradiated, "Gy"),
        clones=Clones.of(drug=["sensitive", "resistant"]), sites=("marrow", "brain"),
        tumor__start="1e7 cell per lesion", tumor__room="1e9 cell per lesion", tumor__hardness="0.8 1 per clone",
        tumor__growth="0.02 1/day", tumor__clearance="0.4 1/day", tumor__kill="0.5 1/day", tumor__half="3.0 mg", tumor__shape="1.7 1",
        tumor__attack="0.3 1/day", tumor__mutation="1e-4 1/day", tumor__calm="0.5 1/day", tumor__shedding="1e-3 1/day",
        radiation__alpha="0.3 1/Gy", radiation__beta="0.03 1/Gy**2",
    )  # fmt: skip
