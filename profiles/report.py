"""All that a CRM admin should know of the predictors in use, gathered: what they are, how good, how fair, how fresh.

Knows nothing of pages and pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm.histories import day_of
from profiles.buying import Shelf
from profiles.drift import Drift, measure_drift
from profiles.evidence import Evidence, load_evidence, seen_table
from profiles.expectations import Expectations, measure_expectations
from profiles.gathering import Money
from profiles.history import History
from profiles.outcomes import Outcome, measure_outcomes, since
from profiles.overview import Influences, influences
from profiles.predictor import Predictor, load_predictor
from profiles.rows import Looking
from profiles.sampling import sampled
from profiles.seasons import Season, home_seasons
from profiles.segments import Segmentation
from rapport.cards import Card, read_card
from rapport.errors import UserError
from rapport.registry import artifact_folder
from rapport.settings_kinds import rates

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home
    from rapport.settings import ProfileSettings

SEED = 42
MOST_CUSTOMERS = 20_000  # of a larger company as many are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReport:
    """The predictors of a home as of a moment.

    customers: who were looked at, of `in_home`. trained: the predictors' card. evidence: None of an artifact that was
    made without; drift is then None as well. influences: by score. segments: those of training; None where none were
    found, and `no_segments` says so.
    """

    as_of: datetime
    customers: int
    in_home: int
    currency: str
    trained: Card
    evidence: Evidence | None
    influences: Mapping[str, Influences]
    segments: Segmentation | None
    no_segments: str
    drift: Drift | None
    outcomes: tuple[Outcome, ...]
    expectations: Expectations
    seasons: tuple[Season, ...]


def profile_report(
    home: "Home", store: "Store", settings: "ProfileSettings", *, as_of: datetime, now: datetime
) -> ProfileReport:
    """Look at the predictors in use and at the records as they were known as of that moment.

    Raises NotFound where nothing was trained, UserError where there are no customers.
    """
    from rapport.records import RecordKind

    predictor = load_predictor(home, store)
    folder = artifact_folder(home, predictor.name)
    evidence, end = load_evidence(folder), day_of(as_of)
    history = _history(store, predictor, settings, (end, day_of(now)))
    facts = predictor.facts
    looking = Looking(history=history, horizons=facts.horizons, limit=facts.limit, categories=Shelf.of(store).category)
    known = set(history.customers.tolist())
    just_made = as_of + timedelta.resolution  # those made as of this very moment are open
    remembered = store.predictions_between(since(facts.horizons, end), just_made)
    contacts = np.array([day for day, _ in store.contact_rows(before=as_of)])
    predictions = [one for one in remembered if one.customer_id in known]
    return ProfileReport(
        as_of=as_of,
        customers=int(history.known().sum()),
        in_home=store.count(RecordKind.CUSTOMERS),
        currency=facts.currency,
        trained=read_card(folder),
        evidence=evidence,
        influences=influences(predictor, looking, end, seed=SEED),
        segments=predictor.segments,
        no_segments="" if predictor.segments else "none were found at training.",
        drift=None if evidence is None else measure_drift(evidence, seen_table(looking, end, seed=SEED)),
        outcomes=measure_outcomes(predictions, history, end=end, horizons=facts.horizons),
        expectations=measure_expectations(predictions, history, end=end, days=facts.horizons.churn, limit=facts.limit),
        seasons=home_seasons(history, contacts, looking.categories, end=end),
    )


def _history(store: "Store", predictor: Predictor, settings: "ProfileSettings", times: tuple[float, float]) -> History:
    money = Money(currency=predictor.facts.currency, rates=rates(settings.rates))
    history = sampled(store, money, times, most=MOST_CUSTOMERS, seed=SEED)
    if history is None:
        raise UserError("there are no customers in this home.", hint="Run: rapport import customers PATH")
    return history
