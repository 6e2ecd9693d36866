"""Seasons that are planted are found in their months, none is told of chance alone, and words say which."""

import numpy as np
import pytest

from profiles.seasons import Season, home_seasons, in_words, season_of, spans

FIRST = 20_089.0  # 2025-01-01
TWO_YEARS = FIRST + 730


def month_of(days):
    return np.floor(days).astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1


def drawn(weights, *, seed=0, years=2, a_day=6.0, growth=0.0):
    """Days on which something happened: so many on an average day, by the weight of the month and by yearly growth."""
    random = np.random.default_rng(seed)
    days = np.arange(FIRST, FIRST + 365 * years)
    expected = a_day * np.asarray(weights)[month_of(days) - 1] * np.exp(growth * (days - FIRST) / 365)
    return np.repeat(days, random.poisson(expected)) + 0.5


def test_a_planted_season_is_found_with_its_size():
    weights = np.array([0.6, 0.6, 1, 1, 1, 1, 1, 1, 1, 1, 1.6, 1.6])
    found = season_of("orders", drawn(weights / weights.mean()), end=TWO_YEARS)
    assert (found.high, found.low) == ((11, 12), (1, 2))
    assert found.months == pytest.approx(weights / weights.mean(), rel=0.15)


def test_growth_is_no_season_where_two_years_are_known():
    found = season_of("orders", drawn(np.ones(12), growth=1.0), end=TWO_YEARS)
    assert (found.high, found.low) == ((), ())


def test_of_chance_alone_hardly_ever_a_season_is_told():
    found = [season_of("orders", drawn(np.ones(12), seed=seed, a_day=1.0), end=TWO_YEARS) for seed in range(40)]
    assert sum(bool(one.high or one.low) for one in found) <= 2


def test_the_season_of_a_category_is_that_of_its_share():
    """Everything doubles in December, tents as well; but tents are a tenth of it, and in summer three tenths."""
    whole = np.array([1.0] * 11 + [2.0])
    tents = np.array([0.1] * 5 + [0.3] * 3 + [0.1] * 4)
    sold, others = drawn(whole * tents, a_day=20.0), drawn(whole * (1 - tents), seed=1, a_day=20.0)
    everything = np.concatenate([sold, others])
    found = season_of("tents", sold, end=TWO_YEARS, against=everything)
    assert found.high == (6, 7, 8)
    assert found.months[11] == pytest.approx(found.months[0], rel=0.15)
    assert 12 in season_of("all", everything, end=TWO_YEARS).high


def test_a_few_counts_do_not_make_twelve_different_months():
    """A hundred sales over two summers and winters: the year is smooth, and months beside each other are told."""
    weights = np.array([0.2] * 3 + [1.8] * 6 + [0.2] * 3)
    found = season_of("tents", drawn(weights, a_day=0.15), end=TWO_YEARS)
    assert found.counted < 130
    assert {5, 6, 7, 8} <= set(found.high) <= {4, 5, 6, 7, 8, 9}


def test_less_than_a_year_or_too_few_counts_tell_nothing():
    assert season_of("orders", drawn(np.ones(12)), end=FIRST + 350) is None
    assert season_of("orders", drawn(np.ones(12), a_day=0.05), end=TWO_YEARS) is None
    assert season_of("orders", np.empty(0), end=TWO_YEARS) is None


def test_nothing_after_the_end_is_read():
    days = drawn(np.ones(12), years=3)
    assert season_of("orders", days, end=TWO_YEARS) == season_of("orders", days[days < TWO_YEARS], end=TWO_YEARS)


def test_orders_contacts_and_categories_of_a_company_are_told(shop):
    customer, tent = shop.customer(), shop.product("tent", "tents")
    from rapport.records import OrderLine

    for back in range(1, 500, 4):
        line = OrderLine(name="Tent", quantity=1, unit_price=10, product_id=tent.id)
        shop.order(customer, -back, lines=(line,))
    history = shop.history()
    found = home_seasons(history, np.empty(0), {tent.id: "tents"}, end=shop.day(0))
    assert [(one.name, one.share, one.high) for one in found] == [("orders", False, ()), ("tents", True, ())]


@pytest.mark.parametrize(
    ("months", "words"),
    [((11, 12), "November and December"), ((1, 2, 10, 11, 12), "October to February"), ((3,), "March"),
     ((3, 4, 5, 9), "March to May, and September"), ((), ""), ((1, 12), "December and January")],
)  # fmt: skip
def test_months_that_follow_each_other_are_one_span(months, words):
    assert spans(months) == words


def test_a_season_in_words():
    months = (1.0,) * 10 + (1.5, 1.7)
    season = Season(name="orders", share=False, counted=500, weeks=104, months=months, high=(11, 12), low=())
    assert in_words(season) == "most in November and December (1.6 times an average month)"
