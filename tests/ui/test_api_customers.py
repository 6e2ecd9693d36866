"""A customer's profile is for staff alone, follows what they do, and each reading of it is written down."""

from datetime import UTC, datetime

import pytest

from rapport.customer_profiles import CustomerProfile, ProfileDriver
from rapport.records import Customer, RecordKind
from rapport.types import Identity, Viewer

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DRIVER = ProfileDriver(
    score="churn_risk", feature="late_90", push=0.6, words="two parcels came late in the last 90 days"
)


@pytest.fixture
def customer(served) -> Customer:
    """Somebody of whom nothing was foreseen yet."""
    made = Customer(source="crm", source_id="nora", name="Nora Moe", email="nora@example.com", created_at=NOW)
    served.service.store.remove(RecordKind.CUSTOMERS, [made.id])
    served.service.store.upsert([made])
    return made


@pytest.fixture
def foreseen(served, customer) -> CustomerProfile:
    profile = CustomerProfile(
        customer_id=customer.id, as_of=NOW, model="profiles", standing="active", churn_risk=0.7, contact_risk=0.2,
        value=99.0, next_reasons=(("invoice", 0.5),), drivers=(DRIVER,),
    )  # fmt: skip
    served.service.store.keep_profiles([profile])
    return profile


@pytest.fixture(scope="module")
def predicting(served):
    """The application with predictors in use, learnt in passing."""
    from profiles.dnn import TablePlan
    from profiles.purchase_plan import PurchasePlan
    from profiles.recommend_signals import RecommendPlan
    from profiles.train import ProfilePlan, train_profiles
    from rapport.registry import use

    plan = ProfilePlan(
        tables=TablePlan(parts=2, members=2, width=8, depth=1, pieces=3, epochs=2),
        purchases=PurchasePlan(nets=1, epochs=1, cutoffs=2, trees=False, hidden=8, width=16),
        products=RecommendPlan(sequence=None, dev_cuts=1),
    )
    end = datetime(2026, 11, 1, 8, tzinfo=UTC)
    train_profiles(
        served.home, served.service.store, served.settings.profiles, name="quick", as_of=end, now=end, plan=plan
    )
    before = served.home.current_file.read_bytes()
    use(served.home, "profiles", "quick")
    yield served
    served.service.profiling.settle()
    served.home.current_file.write_bytes(before)  # the other tests of the API keep profiles that they make up


def test_staff_read_a_profile_in_numbers_and_in_words(served, customer, foreseen):
    answer = served.client.get(f"/v1/customers/{customer.email}/profile", headers=served.staff)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["churn_risk"], told["standing"], told["next_reasons"]) == (0.7, "active", [["invoice", 0.5]])
    assert told["drivers"][0]["words"] == DRIVER.words
    assert any("Risk of leaving: high (70%). Raised by: two parcels came late" in line for line in told["words"])
    (entry,) = served.service.store.audits(subject=customer.id, limit=1)
    assert (entry.actor, entry.action) == ("staff", "read_profile")


def test_a_profile_needs_the_staff_token(served, talk, customer, foreseen):
    address = f"/v1/customers/{customer.id}/profile"
    assert served.client.get(address).status_code == 401
    assert served.client.get(address, headers=talk.headers).status_code == 401


def test_the_customers_own_conversation_does_not_open_their_profile(served, customer, foreseen):
    viewer = Viewer(customer_id=customer.id, identity=Identity.VERIFIED)
    _, token = served.service.open(viewer=viewer, channel="web")
    headers = {"Authorization": f"Bearer {token}"}
    assert served.client.get(f"/v1/customers/{customer.id}/profile", headers=headers).status_code == 401


def test_who_has_no_profile_is_told_how_to_get_one(served, customer):
    answer = served.client.get(f"/v1/customers/{customer.id}/profile", headers=served.staff)
    assert answer.status_code == 404
    assert "rapport profiles train" in answer.json()["error"]["hint"]
    assert served.client.get("/v1/customers/nobody/profile", headers=served.staff).status_code == 404


def test_an_event_renews_the_profile_of_who_did_it(predicting, customer):
    body = {"source_id": "renew-1", "customer": customer.id, "kind": "add_to_cart"}
    answer = predicting.client.post("/v1/events", json=body, headers=predicting.staff)
    assert answer.status_code == 201, answer.text
    assert predicting.service.profiling.settle()
    profile = predicting.service.store.profile(customer.id)
    assert (profile.model, profile.standing) == ("quick", "new")
    assert 0 < profile.contact_risk < 1


def test_a_turn_of_a_verified_customer_renews_their_profile(predicting, customer):
    viewer = Viewer(customer_id=customer.id, identity=Identity.VERIFIED)
    conversation, token = predicting.service.open(viewer=viewer, channel="web")
    predicting.client.post(
        f"/v1/conversations/{conversation.id}/messages", json={"text": "How do I return shoes?"},
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    while predicting.service.answering(conversation.id):  # the answer comes before the turn has ended
        predicting.client.get("/health/live")
    assert predicting.service.profiling.settle()
    assert predicting.service.store.profile(customer.id).model == "quick"


def test_a_turn_of_somebody_who_only_claims_to_be_the_customer_renews_nothing(predicting, customer):
    keeper = predicting.service.profiling
    claimed = type("Turn", (), {"customer_id": customer.id, "identity": Identity.CLAIMED})
    before = predicting.service.metrics.profiles.labels("done")._value.get()
    keeper.after_turn(claimed)
    assert keeper.settle()
    assert predicting.service.metrics.profiles.labels("done")._value.get() == before
