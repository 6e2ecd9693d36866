"""A home's predictors learn from its own records, say the same however they are asked, and serve no other home."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rapport.cards import read_card
from rapport.errors import CorruptArtifact, NotFound, Refused, SettingsError, UserError
from rapport.paths import Home
from rapport.records import Customer, Event, RecordKind, Ticket
from rapport.settings import ProfileSettings

pytestmark = pytest.mark.slow
AS_OF = datetime(2026, 11, 1, 8, tzinfo=UTC)
SETTINGS = ProfileSettings()


def small_plan(seed: int = 42):
    """Everything a predictor has, learnt in passing."""
    from profiles.dnn import TablePlan
    from profiles.purchase_plan import PurchasePlan
    from profiles.recommend_signals import RecommendPlan
    from profiles.train import ProfilePlan

    return ProfilePlan(
        seed=seed,
        tables=TablePlan(parts=2, members=2, width=8, depth=1, pieces=3, epochs=2, batch=256),
        purchases=PurchasePlan(nets=1, epochs=1, cutoffs=2, trees=False, hidden=8, width=16),
        products=RecommendPlan(sequence=None, dev_cuts=1),
    )


def train(home: Home, store, *, name: str = "profiles", seed: int = 42):
    from profiles.train import train_profiles

    return train_profiles(home, store, SETTINGS, name=name, as_of=AS_OF, now=AS_OF, plan=small_plan(seed))


@pytest.fixture(scope="module")
def trained(sample, tmp_path_factory) -> Home:
    """A home with the sample company's records and predictors of them."""
    from crm.store import Store

    home = Home(tmp_path_factory.mktemp("trained") / "home").create()
    with Store.open(f"sqlite:///{home.database_file}") as store:
        for records in (sample.customers, sample.products, sample.orders, sample.tickets, sample.events):
            for start in range(0, len(records), 500):
                store.upsert(records[start : start + 500])
        train(home, store)
    return home


@pytest.fixture
def place(trained, tmp_path):
    """(home, store) of a private copy."""
    from crm.store import Store

    shutil.copytree(trained.root, tmp_path / "home", dirs_exist_ok=True)
    home = Home(tmp_path / "home")
    with Store.open(f"sqlite:///{home.database_file}") as store:
        yield home, store


def scorer(home: Home, store):
    from profiles.predictor import load_predictor
    from profiles.score import Scorer

    return Scorer(store, load_predictor(home, store, "profiles"), SETTINGS)


def test_the_same_records_and_seed_give_the_same_files(place):
    home, store = place
    first, again, other = (
        read_card(home.models / "profiles"),
        train(home, store, name="two"),
        train(home, store, name="three", seed=1),
    )
    assert dict(first.files) == dict(again.files)
    assert dict(first.files) != dict(other.files)


def test_the_card_tells_of_which_records_and_when(place):
    home, store = place
    card = read_card(home.models / "profiles")
    assert card.kind == "profiles"
    assert card.data["company"] == store.store_id
    assert card.data["as_of"] == "2026-11-01T08:00:00+00:00"
    assert card.data["customers"] == 400
    assert card.data["facts"]["order"] == 2406
    assert len(card.data["fingerprint"]) == 64
    assert {"churn", "contact", "purchases", "products"} <= set(card.scores)
    assert 0.5 < card.scores["contact"]["roc_auc"] <= 1


def test_what_one_company_taught_serves_no_other(place, tmp_path):
    from crm.store import Store
    from profiles.predictor import load_predictor

    home, _ = place
    other = Home(tmp_path / "other").create()
    shutil.copytree(home.models / "profiles", other.models / "profiles")
    with Store.open(f"sqlite:///{other.database_file}") as store, pytest.raises(Refused, match="another company"):
        load_predictor(other, store, "profiles")


def test_a_changed_file_is_found_out(place):
    from profiles.predictor import load_predictor

    home, store = place
    facts = home.models / "profiles" / "profiles.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "limit": 1.0}))
    with pytest.raises(CorruptArtifact, match="changed"):
        load_predictor(home, store, "profiles")


def test_without_a_predictor_the_home_says_how_to_get_one(place):
    from profiles.predictor import load_predictor

    home, store = place
    with pytest.raises(NotFound, match="rapport profiles train"):
        load_predictor(home, store)


def test_too_few_buyers_teach_nothing(home, store):
    from profiles.train import train_profiles

    store.upsert([Customer(source="s", source_id="1", name="Ann")])
    with pytest.raises(UserError, match=r"0 customers have ordered .* 30 or more"):
        train_profiles(home, store, SETTINGS, name="p", as_of=AS_OF, now=AS_OF, plan=small_plan())


def test_profiles_are_the_same_in_blocks_of_any_size_and_alone(place):
    home, store = place
    making = scorer(home, store)
    found = []
    for block in (400, 37):
        done = making.all(as_of=AS_OF, now=AS_OF, block=block)
        assert (done.customers, done.kept) == (400, 400)
        found.append(list(store.iterate_profiles()))
    for one, other in zip(*found, strict=True):
        assert close(one, other)
    some = found[0][17]
    assert close(making.one(some.customer_id, as_of=AS_OF, now=AS_OF), some)


def close(one, other) -> bool:
    """Equal but for what rounding in another order does."""
    same = [one.customer_id, one.standing, one.next_products] == [
        other.customer_id,
        other.standing,
        other.next_products,
    ]
    numbers = [(getattr(one, name), getattr(other, name)) for name in ("churn_risk", "contact_risk", "value")]
    return same and all(a == b or a == pytest.approx(b, rel=1e-3) for a, b in numbers)


def test_what_happens_later_changes_no_profile_of_an_earlier_day(place):
    home, store = place
    making, earlier = scorer(home, store), AS_OF - timedelta(days=90)
    customer = next(iter(store.keys(RecordKind.CUSTOMERS)))
    before = making.one(customer, as_of=earlier, now=AS_OF)
    store.upsert([Ticket(source="s", source_id="t", customer_id=customer, created_at=AS_OF - timedelta(days=1),
                         labels={"intent": "complaint", "sentiment": "negative"})])  # fmt: skip
    assert making.one(customer, as_of=earlier, now=AS_OF) == before


def test_a_customer_who_has_never_ordered_gets_what_can_be_told(place):
    home, store = place
    new = Customer(source="s", source_id="new", name="Nia New", created_at=AS_OF - timedelta(days=2))
    bare = Customer(source="s", source_id="bare", name="Bo Bare")
    store.upsert([new, bare])
    for customer in (new, bare):
        profile = scorer(home, store).one(customer.id, as_of=AS_OF, now=AS_OF)
        assert profile.standing == "new"
        assert (profile.churn_risk, profile.value, profile.next_purchase_days) == (None, None, None)
        assert profile.next_products == ()
        assert 0 < profile.contact_risk < 1


def test_who_came_later_is_not_known_earlier(place):
    home, store = place
    late = Customer(source="s", source_id="late", name="Lou Late", created_at=AS_OF)
    store.upsert([late])
    assert scorer(home, store).one(late.id, as_of=AS_OF - timedelta(days=1), now=AS_OF) is None


def test_values_that_no_one_had_at_training_are_taken(place, sample):
    home, store = place
    order = replace(
        sample.orders[-1], source_id="odd", number="ODD-1", payment_method="shells", currency="XAU",
        placed_at=AS_OF - timedelta(days=1),
    )  # fmt: skip
    store.upsert([order])
    store.upsert([Event(source="s", source_id="e", customer_id=order.customer_id, kind="held_a_seance",
                        at=AS_OF - timedelta(hours=3))])  # fmt: skip
    store.upsert([Ticket(source="s", source_id="t", customer_id=order.customer_id, channel="fax",
                         created_at=AS_OF - timedelta(hours=2), labels={"intent": "ghosts"})])  # fmt: skip
    profile = scorer(home, store).one(order.customer_id, as_of=AS_OF, now=AS_OF)
    assert profile.standing == "active"
    assert 0 < profile.churn_risk < 1
    assert profile.next_products


def test_a_live_profile_follows_what_a_customer_does(place):
    from profiles.live import LiveProfiles
    from rapport.registry import use

    home, store = place
    live = LiveProfiles(home, store, SETTINGS)
    lapsed = next(iter(store.keys(RecordKind.CUSTOMERS)))
    assert live.update(lapsed, now=AS_OF) is None  # nothing is in use yet
    use(home, "profiles", "profiles")
    before = live.update(lapsed, now=AS_OF)
    later = AS_OF + timedelta(hours=1)
    store.upsert([Ticket(source="s", source_id=f"t{n}", customer_id=lapsed, created_at=AS_OF + timedelta(minutes=n),
                         labels={"intent": "complaint", "sentiment": "negative"}) for n in range(1, 4)])  # fmt: skip
    after = live.update(lapsed, now=later)
    assert after.contact_risk != before.contact_risk
    assert store.profile(lapsed) == after
    assert (before.as_of, after.as_of) == (AS_OF, later)


def test_a_predictor_trained_anew_under_the_same_name_is_taken_up(place):
    from profiles.live import LiveProfiles
    from rapport.registry import use

    home, store = place
    use(home, "profiles", "profiles")
    live = LiveProfiles(home, store, SETTINGS)
    first = live.ready(now=AS_OF).predictor
    assert live.ready(now=AS_OF).predictor is first
    train(home, store, seed=5)
    assert live.ready(now=AS_OF).predictor is not first


def test_going_back_from_the_first_predictor_leaves_none(place):
    from rapport.registry import current, rollback, use

    home, _ = place
    use(home, "profiles", "profiles")
    assert rollback(home, "profiles") is None
    assert current(home, "profiles") is None


def test_old_records_are_looked_at_as_of_their_end(place):
    from profiles.score import moment_of_records

    _, store = place
    newest = store.newest_moment(before=AS_OF)
    assert moment_of_records(store, AS_OF) == AS_OF
    assert moment_of_records(store, AS_OF + timedelta(days=30)) == newest + timedelta(seconds=1)


def test_predictions_are_remembered_once_a_week(place):
    home, store = place
    making = scorer(home, store)
    for days in (0, 1, 7):
        making.all(as_of=AS_OF + timedelta(days=days), now=AS_OF + timedelta(days=days))
    told = list(store.predictions_between(AS_OF, AS_OF + timedelta(days=30)))
    assert {one.as_of for one in told} == {AS_OF, AS_OF + timedelta(days=7)}
    assert len(told) == 800


def test_profiles_made_on_ray_are_those_of_one_process(place, tmp_path, ray):
    from crm.store import Store
    from profiles.score_ray import RayScoring
    from rapport.settings import Settings

    home, store = place
    shutil.copytree(home.root, tmp_path / "other")
    other = Home(tmp_path / "other")
    one = scorer(home, store).all(as_of=AS_OF, now=AS_OF, block=150)
    with Store.open(f"sqlite:///{other.database_file}") as copy:
        spread = RayScoring(home=other, settings=Settings(), model="profiles")
        seen: list[int] = []
        many = scorer(other, copy).all(as_of=AS_OF, now=AS_OF, block=150, progress=seen.append, blocks=spread)
        assert many == one
        assert len(seen) == 3
        assert sum(seen) == one.customers == 400
        assert list(copy.iterate_profiles()) == list(store.iterate_profiles())
        span = (AS_OF, AS_OF + timedelta(days=1))
        assert list(copy.predictions_between(*span)) == list(store.predictions_between(*span))


def test_a_cluster_is_not_given_records_that_only_this_machine_can_read(place, monkeypatch):
    from profiles.score_ray import RayScoring
    from rapport.settings import Settings

    home, store = place
    monkeypatch.setenv("RAY_ADDRESS", "ray.example:6379")
    spread = RayScoring(home=home, settings=Settings(), model="profiles")
    with pytest.raises(SettingsError, match="SQLite file"):
        scorer(home, store).all(as_of=AS_OF, now=AS_OF, blocks=spread)
    assert list(store.iterate_profiles()) == []
