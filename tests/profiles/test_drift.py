"""Customers who stay the same are stable; planted changes are found, and few customers prove nothing."""

import numpy as np
import pytest

from profiles.evidence import Evidence, spreads_of
from profiles.tables import Table


def customers(n: int, *, orders: float = 3.0, channels=("web", "mail"), seed: int = 0) -> Table:
    chance = np.random.default_rng(seed)
    return Table(
        ids=np.arange(n).astype(str).astype(object),
        numeric={"orders": chance.normal(orders, 1, n), "mood": np.where(chance.random(n) < 0.5, np.nan, 0.25)},
        categorical={"channel": chance.choice(np.array(channels, object), n)},
    )


def drift_of(now: Table, rows: int = 1_000):
    from profiles.drift import measure_drift

    known = customers(rows)
    return measure_drift(Evidence(rows=rows, spreads=spreads_of(known)), now)


def test_customers_like_those_of_training_are_stable():
    found = drift_of(customers(800, seed=1))
    assert found.verdict == "stable"
    assert {one.verdict for one in found.features} == {"stable"}
    assert all(one.psi < 0.1 for one in found.features)
    assert (found.training_rows, found.rows) == (1_000, 800)


def test_a_shifted_number_is_told_first_and_in_words():
    found = drift_of(customers(800, orders=4.5, seed=1))
    assert (found.verdict, found.features[0].verdict, found.features[0].name) == ("changed", "changed", "orders")
    assert found.features[0].meaning == "orders so far"


def test_a_psi_is_what_it_is_by_hand():
    spreads = spreads_of(customers(1_000))
    now = customers(400, channels=("web",))
    web = (np.asarray(spreads["channel"].shares)[list(spreads["channel"].names).index("web")] * 1_000 + 0.5) / 1_002
    old = np.array([web, 1 - web - 1 / 1_002, 0.5 / 1_002, 0.5 / 1_002])
    new = np.array([400.5, 0.5, 0.5, 0.5]) / 402
    (channel,) = [one for one in drift_of(now).features if one.name == "channel"]
    assert channel.psi == pytest.approx(((new - old) * np.log(new / old)).sum())


def test_a_value_that_training_did_not_have_is_new():
    (channel,) = [
        one for one in drift_of(customers(900, channels=("web", "mail", "fax"))).features if one.name == "channel"
    ]
    assert channel.verdict == "changed"
    assert channel.new == pytest.approx(1 / 3, abs=0.05)


def test_what_chance_gives_with_few_customers_is_stable():
    found = drift_of(customers(40, seed=3), rows=40)
    assert found.verdict == "stable"
    assert max(one.psi for one in found.features) > 0.1
    assert all(one.psi <= one.chance for one in found.features)


def test_too_few_customers_tell_nothing():
    found = drift_of(customers(12))
    assert (found.verdict, found.features) == (None, ())


def test_a_feature_that_is_no_longer_computed_is_passed_over():
    now = customers(500)
    found = drift_of(Table(ids=now.ids, numeric={"orders": now.numeric["orders"]}, categorical={}))
    assert [one.name for one in found.features] == ["orders"]
