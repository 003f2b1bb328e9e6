"""Patients differ as the table says, inside the limits it gives."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from remission.distributions import Beta, Choice, Fixed, LogitNormal, LogNormal, LogUniform, Normal, Uniform, parse
from remission.errors import InputError

spreads = st.floats(0.01, 3)
shares = st.lists(st.floats(2.0**-53, 1 - 2.0**-53), min_size=1, max_size=20).map(lambda u: np.array(sorted(u)))
medians = st.floats(0.01, 100)


@st.composite
def laws_with_limits(draw):
    """A law, a median and limits that fit together."""
    median = draw(medians)
    low, high = median * draw(st.floats(0.01, 0.99)), median * draw(st.floats(1.01, 100))
    law = draw(
        st.one_of(
            st.builds(LogNormal, spreads),
            st.builds(Normal, spreads),
            st.builds(LogitNormal, spreads),
            st.just(Uniform()),
            st.just(LogUniform()),
            st.just(Fixed()),
            st.just(Choice((low, median, high), (0.2, 0.5, 0.3))),
        )
    )
    return law, median, low, high


@settings(deadline=None)
@given(laws_with_limits(), shares)
def test_more_luck_never_means_a_smaller_value_and_limits_hold(case, u):
    law, median, low, high = case
    law.check(median, low, high)
    values = law.quantile(u, median, low, high)
    assert values.shape == u.shape
    assert np.all(np.diff(values) >= 0)
    assert np.all((values >= low) & (values <= high))


@settings(deadline=None, max_examples=50)
@given(st.floats(0.3, 20), st.floats(0.3, 20), shares)
def test_beta_is_monotone_and_inside_its_limits(a, b, u):
    values = Beta(a, b).quantile(u, 0.5, 0.1, 0.9)
    assert np.all(np.diff(values) >= -1e-12)
    assert np.all((values >= 0.1) & (values <= 0.9))


@settings(deadline=None)
@given(laws_with_limits())
def test_a_law_reads_back_from_its_own_text(case):
    law = case[0]
    again = parse(law.text())
    assert type(again) is type(law)
    np.testing.assert_allclose(again.quantile(np.array([0.1, 0.9]), *case[1:]), law.quantile(np.array([0.1, 0.9]), *case[1:]), rtol=1e-12)


@pytest.mark.parametrize(
    ("law", "median", "limits", "reference"),
    [
        (LogNormal(0.5), 3.0, (), stats.lognorm(0.5, scale=3.0)),
        (Normal(2.0), 5.0, (), stats.norm(5.0, 2.0)),
        (Normal(2.0), 5.0, (4.0, 8.0), stats.truncnorm(-0.5, 1.5, 5.0, 2.0)),
        (Uniform(), 2.0, (1.0, 5.0), stats.uniform(1.0, 4.0)),
        (LogUniform(), 2.0, (0.1, 10.0), stats.loguniform(0.1, 10.0)),
        (Beta(2.0, 5.0), 0.3, (), stats.beta(2.0, 5.0)),
    ],
)
def test_quantiles_agree_with_scipy(law, median, limits, reference):
    u = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(law.quantile(u, median, *limits), reference.ppf(u), rtol=1e-10)


def test_truncated_lognormal_agrees_with_a_truncated_normal_on_the_log_scale():
    u = np.linspace(0.001, 0.999, 99)
    reference = np.exp(stats.truncnorm(np.log(0.5) / 0.4, np.log(2) / 0.4, np.log(6.0), 0.4).ppf(u))
    np.testing.assert_allclose(LogNormal(0.4).quantile(u, 6.0, 3.0, 12.0), reference, rtol=1e-10)


@pytest.mark.parametrize("text", ["lognormal(cv=0.3)", "normal(sd=2)", "logitnormal(sd=1)", ""])
def test_the_value_is_the_median(text):
    low, high = (0.0, 10.0) if "logit" in text else (-np.inf, np.inf)
    assert parse(text).quantile(0.5, 4.0, low, high) == pytest.approx(4.0, rel=1e-12)


def test_a_cv_is_the_standard_deviation_over_the_mean():
    assert parse("lognormal(cv=0.3)").sd == pytest.approx(np.sqrt(np.log(1 + 0.3**2)))
    assert LogNormal.from_cv(0.7).cv == pytest.approx(0.7)
    reference = stats.lognorm(LogNormal.from_cv(0.7).sd)
    assert reference.std() / reference.mean() == pytest.approx(0.7)


def test_choices_occur_as_often_as_their_weights():
    law = parse("choice(3: 1, 1: 2, 2: 1)")
    assert law == Choice((1.0, 2.0, 3.0), (0.5, 0.25, 0.25))
    values = law.quantile((np.arange(1000) + 0.5) / 1000, 1.0)
    assert [np.sum(values == v) for v in (1, 2, 3)] == [500, 250, 250]


def test_choices_without_weights_are_equally_likely():
    assert parse("choice(0, 1)").weights == (0.5, 0.5)


def test_the_extreme_draws_stay_finite():
    u = np.array([2.0**-53, 1 - 2.0**-53])
    for law, low in [(LogNormal(2.0), 0.4), (Normal(2.0), 0.4), (LogNormal(2.0), -np.inf)]:
        assert np.all(np.isfinite(law.quantile(u, 0.5, low)))


def test_a_median_for_each_patient_is_allowed():
    medians = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(LogNormal(0.3).quantile(np.full(3, 0.5), medians), medians)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lognormall(sd=1)", "unknown distribution `lognormall`, did you mean `lognormal`"),
        ("lognormal", "needs one of sd and cv"),
        ("lognormal(0.3)", "`0.3` is not understood"),
        ("lognormal(sd=0.3, cv=0.3)", "needs one of sd and cv"),
        ("lognormal(sd=0)", "must be positive"),
        ("lognormal(cv=-1)", "must be positive"),
        ("lognormal(sd=nan)", "no finite number"),
        ("lognormal(sd=inf)", "no finite number"),
        ("lognormal(sd=1e999)", "no finite number"),
        ("lognormal(sd=a)", "no finite number"),
        ("normal(cv=1)", "not understood in `normal`"),
        ("normal(sd=1, sd=2)", "not understood"),
        ("uniform(0, 1)", "takes nothing in brackets"),
        ("beta(2)", "not understood|needs"),
        ("beta(2, -1)", "must be positive"),
        ("choice()", "no finite number"),
        ("choice(1, 1)", "stands twice"),
        ("choice(1: 2, 3)", "all or none"),
        ("choice(1: 0, 2: 1)", "weight must be positive"),
        ("normal(sd=1", "no distribution"),
        ("normal(sd=1) x", "no distribution"),
        ("(1)", "unknown distribution"),
    ],
)
def test_a_mistake_in_a_distribution_is_named(text, message):
    with pytest.raises(InputError, match=message) as caught:
        parse(text)
    assert text in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("law", "median", "low", "high", "message"),
    [
        (LogNormal(1.0), 0.0, -np.inf, np.inf, "positive median"),
        (LogNormal(1.0), 5.0, 6.0, 9.0, "allowed range 6..9"),
        (Normal(1.0), 5.0, 9.0, 6.0, "above high"),
        (LogitNormal(1.0), 0.5, -np.inf, np.inf, "needs low and high"),
        (LogitNormal(1.0), 0.0, 0.0, 1.0, "strictly between"),
        (Uniform(), 0.5, 0.0, np.inf, "needs low and high"),
        (Uniform(), 0.0, 0.0, 0.0, "needs low and high"),
        (LogUniform(), 0.5, 0.0, 1.0, "positive low"),
        (Beta(1.0, 1.0), 2.0, -np.inf, np.inf, "between 0 and 1"),
        (Choice((1.0, 2.0), (0.5, 0.5)), 1.5, 0.0, 3.0, "not among the choices"),
        (Choice((1.0, 5.0), (0.5, 0.5)), 1.0, 0.0, 3.0, "choice lies outside 0..3"),
        (Fixed(), np.nan, 0.0, 1.0, "allowed range"),
    ],
)
def test_a_law_that_does_not_fit_its_value_or_limits_is_refused(law, median, low, high, message):
    with pytest.raises(InputError, match=message):
        law.check(median, low, high)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_law_or_an_input_error(text):
    with suppress(InputError):
        assert parse(text).text() is not None
