"""Profiles are kept one a customer, the later one stays, and they go with their customer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rapport.customer_profiles import CustomerProfile, ProfileDriver
from rapport.records import Customer, CustomerId, RecordKind

DAY = datetime(2026, 5, 1, 10, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann Lee")
BEN = Customer(source="shop", source_id="c2", name="Ben Ro")


def profile(customer: Customer = ANN, *, as_of: datetime = DAY, churn_risk: float | None = 0.25) -> CustomerProfile:
    driver = ProfileDriver(score="churn_risk", feature="late_90", push=0.5, words="two parcels came late")
    return CustomerProfile(
        customer_id=customer.id, as_of=as_of, model="profiles", standing="active", segment="loyal",
        churn_risk=churn_risk, value=120.5, next_purchase_days=31.0, next_products=("shop:p1", "shop:p2"),
        purchases=0.75, spending=45.5,
        next_reasons=(("order_status", 0.5),), contact_risk=0.1, drivers=(driver,), embedding=(0.25, -1.5),
    )  # fmt: skip


@pytest.fixture
def kept(any_store):
    any_store.upsert([ANN, BEN])
    return any_store


def test_a_profile_comes_back_as_it_was_kept(kept):
    assert kept.keep_profiles([profile()]) == 1
    assert kept.profile(ANN.id) == profile()
    assert kept.profile(BEN.id) is None


def test_the_profile_as_of_the_later_moment_stays(kept):
    later = profile(as_of=DAY + timedelta(hours=1), churn_risk=0.5)
    kept.keep_profiles([later])
    assert kept.keep_profiles([profile()]) == 0
    assert kept.profile(ANN.id) == later


def test_a_profile_as_of_the_same_moment_replaces_the_one_before(kept):
    kept.keep_profiles([profile()])
    kept.keep_profiles([profile(churn_risk=0.9)])
    assert kept.profile(ANN.id).churn_risk == 0.9


def test_a_profile_of_nobody_is_passed_over(kept):
    ghost = Customer(source="shop", source_id="c9", name="Ghost")
    assert kept.keep_profiles([profile(ghost), profile(BEN)]) == 1
    assert [found.customer_id for found in kept.iterate_profiles()] == [BEN.id]


def test_each_segment_that_profiles_are_in_is_named_once(kept):
    assert kept.segments() == []
    kept.upsert([Customer(source="shop", source_id=f"c{number}", name="Cy") for number in range(3, 7)])
    names = (None, "loyal", "one-time buyers", "loyal", "big, frequent spenders")
    kept.keep_profiles([
        replace(profile(Customer(source="shop", source_id=f"c{number}", name="")), segment=name)
        for number, name in enumerate(names, 2)
    ])  # fmt: skip
    assert kept.segments() == ["big, frequent spenders", "loyal", "one-time buyers"]


def test_what_was_predicted_goes_with_the_customer(kept):
    kept.keep_profiles([profile(), profile(BEN)], log=True)
    kept.remove(RecordKind.CUSTOMERS, [ANN.id])
    assert kept.profile(ANN.id) is None
    assert [found.customer_id for found in kept.iterate_profiles()] == [BEN.id]
    assert [told.customer_id for told in kept.predictions_between(DAY, DAY + timedelta(days=1))] == [BEN.id]


def test_predictions_are_remembered_only_where_that_is_asked(kept):
    assert kept.last_prediction() is None
    kept.keep_profiles([profile()])
    assert kept.last_prediction() is None
    kept.keep_profiles([profile(as_of=DAY + timedelta(days=7))], log=True)
    (told,) = kept.predictions_between(DAY, DAY + timedelta(days=30))
    assert (told.customer_id, told.churn_risk, told.contact_risk, told.value) == (ANN.id, 0.25, 0.1, 120.5)
    assert (told.next_purchase_days, told.purchases, told.spending) == (31.0, 0.75, 45.5)
    assert kept.last_prediction() == DAY + timedelta(days=7)


def test_a_profile_that_cannot_tell_a_score_says_none(kept):
    kept.keep_profiles([CustomerProfile(customer_id=CustomerId(BEN.id), as_of=DAY, model="m", standing="new")])
    assert kept.profile(BEN.id).churn_risk is None
