"""QSP-40: two drugs, receptor occupancy, T cells and granulocytes, and lesions of five states each; two years, every week.

Ten states of the patient, and sensitive, resistant, killing, exhausted and dying cells in each lesion: 40 states with 6 lesions, 160
with 30. Both drugs are given every 21 days. The fastest rate is about 40 a day (binding), the slowest 0.003. Cells in millions. Parameters
are plausible and belong to no disease.
"""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill, log, maximum
from remission.model.module import AbstractModule

TEXT = """
start drug_a = 0.0
start tissue_a = 0.0
start drug_b = 0.0
start tissue_b = 0.0
start occupancy = 0.0
start cytokine = 0.01
start naive = naive_source / naive_death
start effector = 1.0
start memory = 1.0
start granulocytes = 1.0
start sensitive_# = size_# * (1 - resistant_share_#)
start resistant_# = size_# * resistant_share_#
start killer_# = 0.002 * size_#
start exhausted_# = 0.002 * size_#
start dying_# = 0.0
dose drug_a = dose_a
dose drug_b = dose_b
let powered = maximum(drug_a, 1e-12) ** steepness
let hit = drug_kill * powered / (drug_half ** steepness + powered)
let activity = cytokine / (cytokine_half + cytokine)
let cells_# = sensitive_# + resistant_#
let room_# = growth_factor_# * log(capacity / (cells_# + 1e-3))
let attraction_# = cells_# / (recruitment_half + cells_#)
let pressure_# = cells_# / (exhaustion_half + cells_#)
let killing_# = immune_kill * killer_# / (kill_half + killer_# + 0.02 * cells_#)
let exhausting_# = exhaustion * (1.0 - 0.9 * occupancy) * killer_# * pressure_#
let revived_# = reversal * occupancy * exhausted_#
let entering_# = recruitment * effector * attraction_# * (0.2 + activity)
rate sensitive_# = growth_sensitive * room_# * sensitive_# - hit * sensitive_# - killing_# * sensitive_# - mutation * sensitive_#
rate resistant_# = growth_resistant * room_# * resistant_# - resistance * hit * resistant_# - killing_# * resistant_# + mutation * sensitive_#
rate killer_# = entering_# + local_expansion * killer_# * attraction_# - killer_death * killer_# - exhausting_# + revived_#
rate exhausted_# = exhausting_# - revived_# - exhausted_death * exhausted_#
rate dying_# = hit * (sensitive_# + resistance * resistant_#) + killing_# * cells_# - removal * dying_#
let antigen = sum(dying_#) / (antigen_half + sum(dying_#))
rate drug_a = -(clearance_a + to_tissue_a) * drug_a + from_tissue_a * tissue_a
rate tissue_a = to_tissue_a * drug_a - from_tissue_a * tissue_a
rate drug_b = -(clearance_b + to_tissue_b) * drug_b + from_tissue_b * tissue_b
rate tissue_b = to_tissue_b * drug_b - from_tissue_b * tissue_b
rate occupancy = binding * drug_b * (1.0 - occupancy) - unbinding * occupancy
rate cytokine = cytokine_release * (sum(killer_#) + effector) - cytokine_clearance * cytokine
let primed = priming * antigen * naive
let recalled = recall * antigen * memory
rate naive = naive_source - naive_death * naive - primed
rate effector = primed + expansion * antigen * activity * effector - effector_death * effector - memory_formation * effector + recalled - 0.01 * sum(entering_#)
rate memory = memory_formation * effector - recalled - memory_death * memory
rate granulocytes = granulocyte_turnover * (1.0 - granulocytes) - granulocyte_toxicity * drug_a * granulocytes
"""  # noqa: E501


@dataclass(frozen=True)
class Qsp40(AbstractModule):
    """A patient with lesions under a drug that kills (A) and one that lifts exhaustion (B); the equations of `TEXT`.

    A dose of 1 gives both drugs, each in the patient's own amount. Not represented: chance, sites, everything that only a real
    patient has.
    """

    dose_unit = "1"

    def equations(self, m) -> None:
        blood, body = self._drugs(m), self._body(m)
        lesion = self._lesion(m, blood, body)
        self._immune_system(m, body, lesion)
        for name, state in {**blood, **body, **lesion}.items():
            if name not in ("hit", "entering"):
                m.output(f"{name}_seen", state, "1")

    def on_dose(self, m, dose) -> dict:
        p, drug_a, drug_b = m.parameters, m.read("drug_a"), m.read("drug_b")
        return {drug_a: drug_a + dose * p.dose_a, drug_b: drug_b + dose * p.dose_b}

    def _drugs(self, m) -> dict:
        """Two drugs in blood and tissue, the share of receptors that drug B holds, and the rate at which drug A kills."""
        p = m.parameters
        drug_a, tissue_a, drug_b, tissue_b = (m.state(name) for name in ("drug_a", "tissue_a", "drug_b", "tissue_b"))
        occupancy = m.state("occupancy")
        m.flow(drug_a, None, p.clearance_a * drug_a)
        m.flow(drug_a, tissue_a, p.to_tissue_a * drug_a)
        m.flow(tissue_a, drug_a, p.from_tissue_a * tissue_a)
        m.flow(drug_b, None, p.clearance_b * drug_b)
        m.flow(drug_b, tissue_b, p.to_tissue_b * drug_b)
        m.flow(tissue_b, drug_b, p.from_tissue_b * tissue_b)
        m.change(occupancy, p.binding * drug_b * (1 - occupancy) - p.unbinding * occupancy)
        powered = maximum(drug_a, 1e-12) ** p.steepness
        hit = p.drug_kill * powered / (p.drug_half**p.steepness + powered)
        own = {"drug_a": drug_a, "tissue_a": tissue_a, "drug_b": drug_b, "tissue_b": tissue_b, "occupancy": occupancy}
        return {**own, "hit": hit}

    def _body(self, m) -> dict:
        p = m.parameters
        return {
            "cytokine": m.state("cytokine", initial=0.01),
            "naive": m.state("naive", initial=p.naive_source / p.naive_death),
            "effector": m.state("effector", initial=1.0),
            "memory": m.state("memory", initial=1.0),
            "granulocytes": m.state("granulocytes", initial=1.0),
        }

    def _lesion(self, m, blood: dict, body: dict) -> dict:
        """One lesion: two kinds of tumor cells, T cells at work and exhausted, and dying cells."""
        p, hit, occupancy = m.parameters, blood["hit"], blood["occupancy"]
        starts = {"sensitive": p.size * (1 - p.resistant_share), "resistant": p.size * p.resistant_share}
        starts |= {"killer": 0.002 * p.size, "exhausted": 0.002 * p.size, "dying": 0.0}
        own = {name: m.state(name, per="lesion", initial=start) for name, start in starts.items()}
        sensitive, resistant, killer, exhausted, dying = own.values()
        cells = sensitive + resistant
        room = p.growth_factor * log(p.capacity / (cells + 1e-3))
        attraction = hill(cells, p.recruitment_half)
        killing = p.immune_kill * killer / (p.kill_half + killer + 0.02 * cells)
        exhausting = p.exhaustion * (1 - 0.9 * occupancy) * killer * hill(cells, p.exhaustion_half)
        entering = p.recruitment * body["effector"] * attraction * (0.2 + hill(body["cytokine"], p.cytokine_half))

        m.change(sensitive, p.growth_sensitive * room * sensitive)
        m.change(resistant, p.growth_resistant * room * resistant)
        m.flow(sensitive, resistant, p.mutation * sensitive)
        m.flow(sensitive, dying, (hit + killing) * sensitive)
        m.flow(resistant, dying, (p.resistance * hit + killing) * resistant)
        m.flow(dying, None, p.removal * dying)
        m.change(killer, entering + p.local_expansion * killer * attraction - p.killer_death * killer)
        m.flow(killer, exhausted, exhausting)
        m.flow(exhausted, killer, p.reversal * occupancy * exhausted)
        m.flow(exhausted, None, p.exhausted_death * exhausted)
        return {**own, "entering": entering}

    def _immune_system(self, m, body: dict, lesion: dict) -> None:
        """Cells and cytokine of the blood, which dying cells of all lesions prime and effectors leave for the lesions."""
        p, (cytokine, naive, effector, memory, granulocytes) = m.parameters, body.values()
        drug_a, activity = m.read("drug_a"), hill(cytokine, p.cytokine_half)
        antigen = hill(m.total(lesion["dying"], "lesion"), p.antigen_half)
        m.change(cytokine, p.cytokine_release * (m.total(lesion["killer"], "lesion") + effector) - p.cytokine_clearance * cytokine)
        m.change(naive, p.naive_source - p.naive_death * naive)
        m.flow(naive, effector, p.priming * antigen * naive)
        m.change(effector, p.expansion * antigen * activity * effector - p.effector_death * effector)
        m.change(effector, -0.01 * m.total(lesion["entering"], "lesion"))
        m.flow(effector, memory, p.memory_formation * effector)
        m.flow(memory, effector, p.recall * antigen * memory)
        m.flow(memory, None, p.memory_death * memory)
        m.change(granulocytes, p.granulocyte_turnover * (1 - granulocytes) - p.granulocyte_toxicity * drug_a * granulocytes)
