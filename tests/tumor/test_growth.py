"""Growth of malignant cells."""

import numpy as np
import pytest

from remission.model.compose import compose
from remission.model.disease import Clones
from remission.tumor.growth import Growth
from remission.tumor.switching import Switching
from tests.support import Member


def grown(days, sites=("marrow",), **changes):
    return Member.typical(compose("growth", [Growth()], sites=sites), sites, **changes).run(np.linspace(0, days, 11))


def test_untreated_blasts_of_children_double_in_ten_days():
    """Hirt 1997: 6.9 % a day net, so ln 2 / 0.069 = 10.05 days."""
    course = grown(10.05, growth__initial=1e6)
    assert course["cells"][-1] == pytest.approx(2e6, rel=1e-3)


def test_growth_stops_at_the_capacity_of_the_site():
    course = grown(2000, growth__initial=1e9)
    assert course["cells"][-1] == pytest.approx(2e12, rel=1e-6)


def test_turnover_changes_births_and_deaths_but_not_net_growth():
    slow, fast = (grown(200, growth__turnover=turnover) for turnover in (0.2, 0.8))
    np.testing.assert_allclose(slow["cells"], fast["cells"], rtol=1e-6)


def test_birth_and_death_per_cell_are_known_to_the_engine():
    member = Member.typical(compose("growth", [Growth()]), growth__initial=1.0)
    birth, death = (float(x.item()) for x in member.evaluate([member.system.birth, member.system.death], member.unpack(member.start())))
    assert birth - death == pytest.approx(0.069, rel=1e-6)
    assert death / birth == pytest.approx(0.5, rel=1e-6)


def test_the_disease_starts_at_its_origin():
    system = compose("growth", [Growth(origin="marrow")], sites=("marrow", "extramedullary"))
    start = Member.typical(system).start()
    assert start[0] == pytest.approx(1e11)
    assert start[1] == 0.0


def test_clones_at_the_start_follow_the_shares_of_variants():
    clones = Clones.of(antigen=["cd19_positive", "cd19_negative"], chemotherapy=["sensitive", "resistant"])
    switches = [Switching("antigen", "cd19_positive", "cd19_negative"), Switching("chemotherapy", "sensitive", "resistant")]
    system = compose("growth", [Growth(), *switches], clones)
    member = Member.typical(system, switching___antigen__founder_share=0.2, switching___chemotherapy__founder_share=0.3)
    np.testing.assert_allclose(member.start() / 1e11, [0.8 * 0.7, 0.8 * 0.3, 0.2 * 0.7, 0.2 * 0.3])
