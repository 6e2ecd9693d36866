"""Whether a home finds what is planted in the sample company: why customers leave, what goes together, the seasons.

The predictors learn as of a day half a year before the sample's, so that everything asked is later than what they know.
The truth is the sample's own (`SampleCompany.left`), which no record shows.
"""

import calendar
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eval.profile_seasons import SEASON_BOUNDS, measure_seasons
from eval.report import Bound
from rapport.paths import Home
from rapport.records import CustomerId, Order

if TYPE_CHECKING:
    from crm.store import Store
    from profiles.predictor import Predictor
    from profiles.score import Scorer
    from rapport.customer_profiles import CustomerProfile
    from rapport.sample import SampleCompany

BOUNDS = (
    Bound(name="planted_named", least=0.9),
    Bound(name="invented", most=0),
    Bound(name="affinities_found", least=0.8),
    *SEASON_BOUNDS,
    Bound(name="train_cpu_seconds", most=60),  # of all cores together; the time on the clock depends on who else works
    Bound(name="profile_cpu_ms", most=10),  # one customer, from the records to the profile that is kept
)
MONTHS_BEFORE = 6
LOST_AFTER_DAYS, DECLINED_AFTER_DAYS = 7.0, 10.0
BATCH = 500
TIMED, WARM = 200, 20  # customers whose profiles are timed, and made before to warm up


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A customer who has left after a disappointment, seen while they still count as active.

    planted: what disappointed them, known by then: late, lost, declined. named: what the profile says raises the risk.
    """

    customer: str
    as_of: datetime
    risk: float
    planted: frozenset[str]
    named: tuple[str, ...]


def measure_sample(company: "SampleCompany", *, seed: int = 42) -> dict[str, Any]:
    """The figures of BOUNDS, with how many cases stand behind them."""
    from profiles.predictor import load_predictor
    from profiles.score import Scorer
    from profiles.train import ProfilePlan, train_profiles
    from rapport.settings import ProfileSettings

    moments = list(_months(company))
    with sample_records(company) as (home, store):
        settings = ProfileSettings()
        card = train_profiles(
            home, store, settings, name="profiles", as_of=moments[0], now=moments[-1], plan=ProfilePlan(seed=seed)
        )
        predictor = load_predictor(home, store, "profiles")
        scorer = Scorer(store, predictor, settings)
        cases, told, invented = list[Case](), 0, 0
        for moment in moments:
            scorer.all(as_of=moment, now=moments[-1])
            profiles = list(store.iterate_profiles())
            cases += _cases(company, profiles, moment)
            told += len(profiles)
            invented += sum(_invents(company, profile) for profile in profiles)
        affinities = affinities_found(predictor, company)
        others = measure_seasons(store, moments[-1])
        people = [profile.customer_id for profile in profiles]
        others["profile_cpu_ms"] = profile_cpu_ms(scorer, people, now=moments[-1])
    at_risk = [case for case in cases if case.risk >= _base_rate(card.scores)]
    named = sum(bool(case.planted & set(case.named)) for case in at_risk)
    return {
        "planted_named": named / len(at_risk) if at_risk else float("nan"),
        "cases_at_risk": len(at_risk),
        "cases": len(cases),
        "invented": invented,
        "profiles": told,
        "affinities_found": sum(affinities.values()) / len(affinities),
        "affinities": affinities,
        **others,
        "train_cpu_seconds": card.scores["cpu_seconds"],
        "scores": dict(card.scores),
    }


@contextmanager
def sample_records(company: "SampleCompany") -> Iterator[tuple[Home, "Store"]]:
    """A temporary home with the records of the sample company, and nothing else."""
    from crm.store import Store

    with TemporaryDirectory(prefix="rapport-eval-") as folder:
        home = Home(Path(folder) / "home").create()
        with Store.open(f"sqlite:///{home.database_file}") as store:
            kinds: Sequence[Sequence[Any]] = (
                company.customers, company.products, company.orders, company.tickets, company.events
            )  # fmt: skip
            for records in kinds:
                for start in range(0, len(records), BATCH):
                    store.upsert(records[start : start + BATCH])
            yield home, store


def profile_cpu_ms(scorer: "Scorer", customers: Sequence[CustomerId], *, now: datetime) -> float:
    """The median CPU time of making and keeping one customer's whole profile, alone and on one thread.

    customers: timed are TIMED of them, evenly spread.
    """
    from profiles.dnn_training import one_thread

    spent = []
    chosen = customers[:: max(1, len(customers) // TIMED)]
    with one_thread():
        for customer in [*chosen[:WARM], *chosen]:
            started = time.process_time()
            scorer.one(customer, as_of=now, now=now)
            spent.append(1000 * (time.process_time() - started))
    return statistics.median(spent[len(chosen[:WARM]) :])


def affinities_found(predictor: "Predictor", company: "SampleCompany") -> dict[str, bool]:
    """For each planted pair, whether what goes with the first category is of the second more often than by chance.

    More often: the second category's share among ten suggestions is at least twice its share of all products.
    """
    from rapport.sample.data_files import toml

    if predictor.recommender is None:
        return {"none": False}
    category = {product.group or product.id: product.category or "" for product in company.products}
    found = {}
    for first, (second, _) in toml("shop")["affinity"].items():
        first, second = first.replace("_", " "), second.replace("_", " ")
        groups = [group for group, name in category.items() if name == first]
        suggested = [
            category.get(one.product, "") for group in groups for one in predictor.recommender.goes_with([group], 10)
        ]
        others = [name for name in category.values() if name != first]
        share = sum(name == second for name in suggested) / max(len(suggested), 1)
        found[f"{first} → {second}"] = share >= 2 * others.count(second) / len(others)
    return found


def disappointments(order: Order, moment: datetime) -> frozenset[str]:
    """What went wrong with an order and was known by then; see `rapport.sample.trade` for what it makes of it."""
    found = set()
    for parcel in order.deliveries:
        due, arrived = parcel.expected_at, parcel.delivered_at
        if due is None or due.date() >= moment.date():
            continue
        if arrived is None or arrived.date() > due.date():
            found.add("late")
        if parcel.status == "lost" and (moment - due).days >= LOST_AFTER_DAYS:
            found.add("lost")
    for refund in order.refunds:
        asked = refund.requested_at
        if refund.status == "declined" and asked and (moment - asked).days >= DECLINED_AFTER_DAYS:
            found.add("declined")
    return frozenset(found)


def _cases(company: "SampleCompany", profiles: Sequence["CustomerProfile"], moment: datetime) -> Iterator[Case]:
    from profiles.features import FEATURES

    last = {order.customer_id: order for order in company.orders if order.placed_at and order.placed_at < moment}
    for profile in profiles:
        left = company.left.get(profile.customer_id)
        if left is None or left >= moment or profile.churn_risk is None:
            continue
        planted = disappointments(last[profile.customer_id], moment)
        if planted:
            named = tuple(
                FEATURES[driver.feature].theme
                for driver in profile.drivers
                if driver.score == "churn_risk" and driver.push > 0
            )
            yield Case(
                customer=profile.customer_id, as_of=moment, risk=profile.churn_risk, planted=planted, named=named
            )


def _invents(company: "SampleCompany", profile: "CustomerProfile") -> bool:
    """Whether a profile names a disappointment that no order of the customer has."""
    from profiles.features import FEATURES

    named = {FEATURES[driver.feature].theme for driver in profile.drivers if driver.push > 0}
    happened: set[str] = set()
    for order in _orders_of(company).get(profile.customer_id, ()):
        happened |= disappointments(order, profile.as_of)
    return bool(named & {"late", "lost", "declined"} - happened)


def _orders_of(company: "SampleCompany") -> Mapping[CustomerId, list[Order]]:
    found: dict[CustomerId, list[Order]] = {}
    for order in company.orders:
        found.setdefault(order.customer_id, []).append(order)
    return found


def _months(company: "SampleCompany") -> Iterator[datetime]:
    """The first mornings of the last months up to the sample's day, oldest first."""
    year, month = company.as_of.year, company.as_of.month
    for back in range(MONTHS_BEFORE, -1, -1):
        at = year * 12 + month - 1 - back
        day = min(company.as_of.day, calendar.monthrange(at // 12, at % 12 + 1)[1])
        yield datetime(at // 12, at % 12 + 1, day, 8, tzinfo=UTC)


def _base_rate(scores: Mapping[str, Any]) -> float:
    churn = scores["churn"]
    return float(churn["happened"] / churn["rows"])
