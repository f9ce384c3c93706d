"""How often and for how much customers will still come: closed forms against sums, searches against what was drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln

from models.clv.bg_nbd import Buying, Past
from models.clv.fit import LEAST, MOST, NotFitted, fit_buying, fit_spending
from models.clv.gamma_gamma import Spending

QUICK = settings(max_examples=30, deadline=None)
CDNOW = Buying(0.243, 4.414, 0.793, 2.426)
numbers = st.floats(0.05, 20)
bases = st.builds(Buying, numbers, st.floats(0.2, 100), numbers, numbers)
spendings = st.builds(Spending, st.floats(0.1, 20), st.floats(1.1, 20), st.floats(1, 1e5))


@st.composite
def pasts(draw):
    age = draw(st.floats(0.5, 200))
    repeats = draw(st.integers(0, 300))
    return Past(repeats, age * draw(st.floats(0.01, 1)) if repeats else 0.0, age)


def by_sum(base: Buying, past: Past, weeks: float) -> float:
    """Purchases of one who is alive: (1 - (1 + p s) ** -(r + x)) / p over p ~ Beta(a, b + x), summed over its logit."""
    r, alpha, a, b = base.r + past.repeats, base.alpha + past.age, base.a, base.b + past.repeats
    logit = np.linspace(-40 / min(a, 1) - 5, 40 / min(b, 1) + 5, 40_001)
    log_p, log_rest = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    p, share = np.exp(log_p), weeks / alpha
    purchases = np.where(r * p * share < 1e-12, r * share, -np.expm1(-r * np.log1p(p * share)) / np.maximum(p, 1e-300))
    density = np.exp(a * log_p + b * log_rest - betaln(a, b))
    return float(np.sum(purchases * density) * (logit[1] - logit[0]))


def as_the_paper_writes(base: Buying, past: Past) -> float:
    """The likelihood of one customer, factor by factor (Fader, Hardie, Lee 2005, equation 6)."""
    r, alpha, a, b = base
    x, recency, age = past
    gammas = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) + gammas - (r + x) * np.log(alpha + age)
    if not x:
        return float(stays)
    leaves = betaln(a + 1, b + x - 1) - betaln(a, b) + gammas - (r + x) * np.log(alpha + recency)
    return float(np.logaddexp(stays, leaves))


def drawn(base: Buying, customers: int, age: float, seed: int = 1):
    """Customers who live by the model: their repeats and recency after `age` weeks."""
    chance = np.random.default_rng(seed)
    repeats, recency = np.zeros(customers), np.zeros(customers)
    for one in range(customers):
        rate, leaves, now = chance.gamma(base.r, 1 / base.alpha), chance.beta(base.a, base.b), 0.0
        while True:
            now += chance.exponential(1 / rate)
            if now > age:
                break
            repeats[one] += 1
            recency[one] = now
            if chance.random() < leaves:
                break
    return repeats, recency, np.full(customers, age)


# -- what is expected ---------------------------------------------------------------------------------------------


@QUICK
@given(bases, pasts(), st.sampled_from([0.5, 4, 52]))
def test_the_closed_form_is_the_sum_over_what_is_not_known(base, past, weeks):
    alive = base.alive(past)
    assert base.expected(past, weeks) == pytest.approx(alive * by_sum(base, past, weeks), rel=1e-7)


@pytest.mark.parametrize(
    "base", [Buying(0.5, 2, 1.0, 2), Buying(0.5, 2, 0.4, 0.6), Buying(0.5, 2, 1 + 1e-7, 2), Buying(0.5, 2, 0.5, 0.2)]
)
@pytest.mark.parametrize("past", [Past(0, 0, 10), Past(3, 5, 10)])
def test_it_holds_where_the_formula_is_nought_by_nought(base, past):
    assert base.expected(past, 52) == pytest.approx(base.alive(past) * by_sum(base, past, 52), rel=1e-7)


@QUICK
@given(bases, st.sampled_from([0.5, 4, 52]))
def test_a_new_customer_has_the_past_of_nobody(base, weeks):
    assert base.expected_of_new(weeks) == pytest.approx(base.expected(Past(0, 0, 0), weeks), rel=1e-12)


def test_nothing_is_expected_of_no_time():
    assert CDNOW.expected(Past(2, 30, 38), 0) == 0.0


@QUICK
@given(bases, pasts(), st.floats(0.1, 100))
def test_a_customer_is_alive_with_a_probability_that_falls_with_silence(base, past, silence):
    alive, later = base.alive(past), base.alive(past._replace(age=past.age + silence))
    assert 0 <= later <= alive <= 1
    if not past.repeats:
        assert later == alive == 1


@QUICK
@given(bases, pasts(), st.floats(1, 100))
def test_more_time_brings_more_purchases(base, past, weeks):
    assert 0 <= base.expected(past, weeks) <= base.expected(past, weeks + 1) * (1 + 1e-9)


@QUICK
@given(bases, pasts(), st.floats(0.1, 10))
def test_the_unit_of_time_does_not_show(base, past, unit):
    scaled = base._replace(alpha=base.alpha * unit)
    same = Past(past.repeats, past.recency * unit, past.age * unit)
    assert scaled.alive(same) == pytest.approx(base.alive(past), rel=1e-9, abs=1e-12)
    assert scaled.expected(same, 4 * unit) == pytest.approx(base.expected(past, 4), rel=1e-6, abs=1e-12)


@QUICK
@given(bases, pasts())
def test_the_likelihood_is_that_of_the_paper(base, past):
    columns = [np.array([float(number)]) for number in past]
    assert base.log_likelihood(*columns) == pytest.approx(as_the_paper_writes(base, past), rel=1e-6, abs=1e-6)


def test_who_was_silent_for_a_thousand_times_his_rhythm_has_left():
    assert CDNOW.alive(Past(300, 10, 100_000)) < 1e-200


# -- what is spent ------------------------------------------------------------------------------------------------


@QUICK
@given(spendings, st.integers(1, 300), st.floats(1, 1e6))
def test_a_mean_is_drawn_to_the_mean_of_all(spending, repeats, mean):
    of_all = spending.expected(0, 0)
    between = sorted((of_all, mean))
    # p * x * mean / (p * x + q - 1) + v * p / (p * x + q - 1) is a weighted mean of the two.
    assert between[0] * (1 - 1e-9) <= spending.expected(repeats, mean) <= between[1] * (1 + 1e-9)
    assert of_all == pytest.approx(spending.v * spending.p / (spending.q - 1))


@QUICK
@given(spendings, st.integers(1, 50), st.floats(1, 1e5))
def test_the_likelihood_of_a_mean_is_a_density(spending, repeats, mean):
    """Means are a prime-beta distribution: the density of the note, by its own constants."""
    p, q, v = spending
    x, z = float(repeats), mean
    density = (p * x - 1) * np.log(z) + p * x * np.log(x) + q * np.log(v) - betaln(p * x, q)
    density -= (p * x + q) * np.log(v + x * z)
    assert spending.log_likelihood(np.array([x]), np.array([z])) == pytest.approx(density, rel=1e-7, abs=1e-7)


# -- the search ---------------------------------------------------------------------------------------------------


def test_the_search_finds_what_customers_were_drawn_from():
    truth = Buying(1.2, 4.0, 0.8, 2.5)
    columns = drawn(truth, 4_000, 52)
    found = fit_buying(*columns)
    assert found.log_likelihood(*columns) >= truth.log_likelihood(*columns)
    assert found.r / found.alpha == pytest.approx(0.3, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.8 / 3.3, rel=0.15)


def test_the_search_finds_what_was_spent():
    truth, chance = Spending(6.0, 4.0, 1_500.0), np.random.default_rng(2)
    repeats = chance.integers(1, 12, 4_000).astype(float)
    mean = chance.gamma(truth.p * repeats, 1 / (chance.gamma(truth.q, 1 / truth.v, 4_000) * repeats))
    found = fit_spending(repeats, mean)
    gained = found.log_likelihood(repeats, mean) - truth.log_likelihood(repeats, mean)
    assert 0 <= gained < 8  # half a chi-square of three numbers; 8 is one in a thousand
    for past in [(0, 0.0), (8, 5_000.0)]:
        assert found.expected(*past) == pytest.approx(truth.expected(*past), rel=0.05)


@pytest.mark.parametrize("unit", [1 / 7, 7])
def test_a_search_in_days_or_weeks_ends_at_the_same_customers(unit):
    repeats, recency, age = drawn(CDNOW, 1_000, 39)
    weeks, others = fit_buying(repeats, recency, age), fit_buying(repeats, recency * unit, age * unit)
    assert others.alpha == pytest.approx(weeks.alpha * unit, rel=1e-3)
    assert (others.r, others.a, others.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-3)


@pytest.mark.parametrize("near", [CDNOW, Buying(1e-9, 1e9, 1e9, 1e-9)])
def test_from_the_numbers_of_last_time_the_search_ends_where_it_did(near):
    """Even where they are beyond what it may find."""
    columns = drawn(CDNOW, 1_000, 39)
    assert fit_buying(*columns, near) == pytest.approx(fit_buying(*columns), rel=1e-3)
    repeats = np.arange(1.0, 400.0)
    mean = np.random.default_rng(4).gamma(2 * repeats, 50 / repeats)
    last = fit_spending(repeats, mean)
    for other in (last, Spending(1e-9, 1.0 + 1e-9, 1e9)):
        assert fit_spending(repeats, mean, other).expected(3, 90.0) == pytest.approx(last.expected(3, 90.0), rel=1e-3)


def test_a_bank_that_nobody_leaves_is_told_so():
    """Where every customer came just now, leaving is as rare as the search may say, or its limit is met."""
    chance = np.random.default_rng(3)
    age = np.full(500, 20.0)
    repeats = chance.poisson(20, 500) + 1.0
    found = fit_buying(repeats, age.copy(), age)
    assert found.a / (found.a + found.b) < 0.01
    assert found.a == pytest.approx(LEAST) or found.b == pytest.approx(MOST, rel=1e-3)


ONE = np.ones(3)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ((ONE, ONE, np.ones(2)), "same customers"),
        ((ONE[:0], ONE[:0], ONE[:0]), "at least one"),
        ((ONE, -ONE, ONE), "negative"),
        ((ONE, ONE, ONE * np.inf), "infinite"),
        ((ONE, ONE * 0, ONE * 0), "all nought"),
        ((ONE, ONE * 2, ONE), "between 0 and age"),
        ((ONE * 0, ONE, ONE), "between 0 and age"),
        ((ONE * 0, ONE * 0, ONE), "nobody has bought twice"),
    ],
)
def test_pasts_that_cannot_be_are_refused(columns, why):
    with pytest.raises(NotFitted, match=why):
        fit_buying(*columns)


@pytest.mark.parametrize("columns", [(ONE * 0, ONE), (ONE, np.array([1.0, 0.0, 1.0]))])
def test_nobody_spends_nothing(columns):
    with pytest.raises(NotFitted, match="more than nothing"):
        fit_spending(*columns)


def test_a_search_that_does_not_end_says_so():
    """Times of 1e-300 weeks leave no digit of the likelihood's slope."""
    repeats = np.array([1e300, 0.0])
    with pytest.raises(NotFitted, match="the search did not end"):
        fit_buying(repeats, np.array([1.0, 0.0]), np.array([1.0, 1.0]))
