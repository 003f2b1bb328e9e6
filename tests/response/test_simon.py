"""Simon's two-stage designs: published designs found by search, exact operating characteristics, and a trial in progress."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from remission.errors import InputError
from remission.response.simon import TwoStage, decide, minimax, optimal

PUBLISHED = [
    # p0, p1, kind, r1/n1, r/n, alpha, power, PET, EN (Simon 1989, doi:10.1016/0197-2456(89)90015-9)
    (0.05, 0.25, optimal, (0, 9, 2, 17), 0.0466, 0.8122, 0.630, 11.96),
    (0.05, 0.25, minimax, (0, 12, 2, 16), 0.0427, 0.8013, 0.540, 13.84),
    (0.10, 0.30, optimal, (1, 10, 5, 29), 0.0471, 0.8051, 0.736, 15.01),
    (0.10, 0.30, minimax, (1, 15, 5, 25), 0.0328, 0.8017, 0.549, 19.51),
    (0.20, 0.40, optimal, (3, 13, 12, 43), 0.0496, 0.8002, 0.747, 20.58),
    (0.20, 0.40, minimax, (4, 18, 10, 33), 0.0458, 0.8011, 0.716, 22.25),
    (0.30, 0.50, optimal, (5, 15, 18, 46), 0.0499, 0.8032, 0.722, 23.63),
    (0.30, 0.50, minimax, (6, 19, 16, 39), 0.0455, 0.8036, 0.666, 25.69),
]
DESIGN = TwoStage(1, 10, 5, 29)


@pytest.mark.parametrize(("p0", "p1", "search", "design", "alpha", "power", "pet", "expected"), PUBLISHED)
def test_the_search_finds_the_published_design(p0, p1, search, design, alpha, power, pet, expected):
    assert search(p0, p1, alpha=0.05, power=0.80) == TwoStage(*design)


@pytest.mark.parametrize(("p0", "p1", "search", "design", "alpha", "power", "pet", "expected"), PUBLISHED)
def test_errors_early_stops_and_patients_are_as_published(p0, p1, search, design, alpha, power, pet, expected):
    found = TwoStage(*design)
    assert found.promising(p0) == pytest.approx(alpha, abs=5.1e-5)
    assert found.promising(p1) == pytest.approx(power, abs=5.1e-5)
    assert found.early_stop(p0) == pytest.approx(pet, abs=5.1e-4)
    assert found.expected_patients(p0) == pytest.approx(expected, abs=5.1e-3)


def test_operating_characteristics_agree_with_every_outcome_counted():
    for rate in (0.1, 0.3, 0.7):
        chance = sum(
            binom.pmf(first, 10, rate) * binom.pmf(second, 19, rate)
            for first, second in product(range(11), range(20))
            if first > 1 and first + second > 5
        )
        assert DESIGN.promising(rate) == pytest.approx(chance, abs=1e-12)


def test_operating_characteristics_agree_with_simulated_trials():
    responses = np.random.default_rng(1).random((200_000, 29)) < 0.3
    first, all_of_them = responses[:, :10].sum(axis=1), responses.sum(axis=1)
    share = np.mean((first > 1) & (all_of_them > 5))
    assert share == pytest.approx(DESIGN.promising(0.3), abs=4 * np.sqrt(0.16 / 200_000))


@pytest.mark.parametrize("search", [optimal, minimax])
def test_no_design_of_a_small_trial_is_better_than_the_one_found(search):
    """All designs of at most 16 patients, one by one."""
    p0, p1 = 0.05, 0.35
    kept = [
        one
        for n in range(2, 17)
        for n1 in range(1, n)
        for r1 in range(n1)
        for r in range(r1, n)
        if (one := TwoStage(r1, n1, r, n)).promising(p1) >= 0.8 and one.promising(p0) <= 0.05
    ]
    fewest = min(one.expected_patients(p0) for one in kept if search is optimal or one.n == min(each.n for each in kept))
    found = search(p0, p1)
    assert found.expected_patients(p0) == pytest.approx(fewest, abs=1e-12)
    assert search is optimal or found.n == min(one.n for one in kept)


def test_the_optimal_design_never_expects_more_patients_than_the_minimax_design():
    for p0, p1 in ((0.05, 0.20), (0.10, 0.25), (0.4, 0.6), (0.7, 0.9)):
        best, small = optimal(p0, p1), minimax(p0, p1)
        assert best.expected_patients(p0) <= small.expected_patients(p0)
        assert small.n <= best.n
        assert max(best.promising(p0), small.promising(p0)) <= 0.05
        assert min(best.promising(p1), small.promising(p1)) >= 0.80


def test_a_stricter_alpha_or_a_higher_power_never_needs_fewer_patients():
    assert minimax(0.1, 0.3, alpha=0.01).n >= minimax(0.1, 0.3).n
    assert minimax(0.1, 0.3, power=0.9).n >= minimax(0.1, 0.3).n


def test_an_inactive_drug_with_one_response_in_ten_stops():
    """Worked example 50."""
    assert decide(DESIGN, 10, 1).word == "stop"
    assert DESIGN.early_stop(0.1) == pytest.approx(0.736, abs=5e-4)


@pytest.mark.parametrize(("responses", "expected"), [(5, "not promising"), (6, "promising")])
def test_two_of_ten_go_on_and_six_of_29_are_promising(responses, expected):
    """Worked example 51."""
    assert decide(DESIGN, 10, 2).word == "continue"
    assert decide(DESIGN, 29, responses, first_stage=2).word == expected


@pytest.mark.parametrize(
    ("patients", "responses", "first_stage", "expected"),
    [
        (0, 0, None, "continue"),
        (8, 0, None, "continue"),
        (9, 0, None, "stop"),
        (9, 1, None, "continue"),
        (5, 2, None, "continue"),
        (6, 6, None, "promising"),
        (15, 6, 2, "promising"),
        (15, 6, None, "promising"),
        (15, 6, 1, "stop"),
        (25, 2, 2, "continue"),
        (26, 2, 2, "not promising"),
        (28, 5, 2, "continue"),
    ],
)
def test_a_result_that_nothing_can_change_is_said_at_once(patients, responses, first_stage, expected):
    assert decide(DESIGN, patients, responses, first_stage).word == expected


def test_the_decision_quotes_its_numbers():
    assert decide(DESIGN, 10, 1).why == "1 of the first 10 responded; more than 1 of 10 are needed to go on"


@pytest.mark.parametrize(
    ("patients", "responses", "first_stage"), [(10, 11, None), (30, 3, None), (10, -1, None), (9, 1, 1), (29, 6, 7), (11, 6, 4)]
)
def test_impossible_counts_are_refused(patients, responses, first_stage):
    with pytest.raises(InputError):
        decide(DESIGN, patients, responses, first_stage)


@pytest.mark.parametrize("design", [(10, 10, 5, 29), (1, 29, 5, 29), (3, 10, 2, 29), (1, 10, 29, 29), (-1, 10, 5, 29)])
def test_impossible_designs_are_refused(design):
    with pytest.raises(InputError, match="two-stage"):
        TwoStage(*design)


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power"),
    [(0.3, 0.1, 0.05, 0.8), (0.3, 0.3, 0.05, 0.8), (0.0, 0.3, 0.05, 0.8), (0.1, 0.3, 0.0, 0.8), (0.1, 0.3, 0.05, 1.0)],
)
def test_rates_and_errors_out_of_order_are_refused(p0, p1, alpha, power):
    with pytest.raises(InputError):
        optimal(p0, p1, alpha, power)


def test_rates_too_close_for_any_search_are_refused_with_advice():
    with pytest.raises(InputError, match="further apart"):
        optimal(0.50, 0.52)
