"""Intercurrent events with the hypothetical strategy are switched off; the same patients with the same luck show the difference."""

import numpy as np
import pytest

from remission.arms import run_arm
from remission.catalog import scenario_path
from remission.errors import InputError
from remission.reading import read_toml
from remission.scenario import scenario_from
from tests.bundled_trial import OPTIONS, SEED, cohort, plain_run, scenario, study


def without(*events):
    own = study()
    return run_arm(own.system, cohort(), scenario().arm("car_t"), scenario().protocol, own.sites, SEED, OPTIONS, without=frozenset(events))


def test_without_failed_manufacture_everyone_alive_is_treated():
    usual, hypothetical = plain_run(), without("no_infusion")
    assert set(hypothetical.not_treated) <= {"", "death before treatment", "lost before treatment"}
    assert hypothetical.treated.sum() > usual.treated.sum()


def test_patients_who_were_treated_anyway_have_the_same_course():
    usual, hypothetical = plain_run(), without("no_infusion")
    same = usual.treated
    np.testing.assert_array_equal(usual.cmax[same], hypothetical.cmax[same])
    np.testing.assert_array_equal(usual.records.death_day[same], hypothetical.records.death_day[same])


def test_without_transplant_nobody_is_transplanted():
    assert np.isnan(without("transplant").records.transplant_day).all()


def test_without_new_therapy_nobody_lives_longer():
    usual, hypothetical = plain_run(), without("new_therapy")
    assert np.isfinite(hypothetical.records.death_day).sum() >= np.isfinite(usual.records.death_day).sum()


def test_death_cannot_be_switched_off():
    tables = read_toml(scenario_path("b-all-car-t")) | {"intercurrent": {"death": "hypothetical"}}
    with pytest.raises(InputError, match=r"`death` cannot be switched off.*no_infusion, transplant, new_therapy can be switched off"):
        scenario_from(tables)
