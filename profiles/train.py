"""Learn the predictors of a home from its own records, try them on a later window, and publish them as one artifact.

Everything random takes the seed, and the records are read in the order of their keys, so the same records and seed give
the same artifact on the same machine.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from crm.histories import day_of, moment_of
from profiles.buying import Shelf, contacts_of, usual
from profiles.dnn import TableModel, TablePlan, fit_table
from profiles.embedding import Embedder, EmbeddingPlan, fit_embedding
from profiles.evidence import Evidence, Trial, evidence_of, groups_of, trial_of
from profiles.features import feature_table
from profiles.gathering import Money
from profiles.history import History, Kind
from profiles.lstm import fit_purchases
from profiles.predictor import Facts, Predictor
from profiles.purchase_plan import PurchasePlan
from profiles.purchase_trial import try_purchases
from profiles.reading import home_money, outlier_limit
from profiles.recommend import fit_recommender
from profiles.recommend_shop import by_group, catalogue_of
from profiles.recommend_signals import RecommendPlan
from profiles.rfm import rfm_of
from profiles.rows import Looking, Rows, TargetOf
from profiles.sampling import sampled
from profiles.segments import SegmentPlan, fit_segments
from profiles.situations import learn_from
from profiles.table_scores import table_scores
from profiles.targets import Horizons, churn_target, contact_target
from rapport.cards import Card, publish, read_card
from rapport.errors import DataError, UserError
from rapport.registry import PROFILES
from rapport.settings_kinds import rates

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home
    from rapport.settings import ProfileSettings

log = logging.getLogger(__name__)
LEAST_BUYERS = 30
LEAST_OF_EACH = 25  # rows of the rarer outcome below which nothing is learnt
MOST_CUSTOMERS = 20_000
Say = Callable[[str], None]
GroupsOf = Callable[[np.ndarray], Mapping[str, np.ndarray]]
Learnt = tuple[Any, Mapping[str, Any] | None]  # a model and its scores; None where there is too little to learn


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """How the predictors of a home are made.

    customers: at most so many are learnt from. tables: the nets of churn and contact risk. purchases: money, time and
    reasons. products: suggestions.
    """

    seed: int = 42
    customers: int = MOST_CUSTOMERS
    tables: TablePlan = field(
        default_factory=lambda: TablePlan(
            parts=3, members=4, width=24, depth=1, pieces=6, batch=128, epochs=20, patience=3
        )
    )
    purchases: PurchasePlan = field(default_factory=PurchasePlan)
    products: RecommendPlan = field(default_factory=RecommendPlan)
    segments: SegmentPlan = field(default_factory=SegmentPlan)
    embedding: EmbeddingPlan = field(default_factory=EmbeddingPlan)

    def seeded(self) -> "ProfilePlan":
        """The same plan with its seed given to every part."""
        return replace(
            self,
            tables=replace(self.tables, seed=self.seed),
            purchases=replace(self.purchases, seed=self.seed),
            products=replace(self.products, seed=self.seed),
            segments=replace(self.segments, seed=self.seed),
            embedding=replace(self.embedding, seed=self.seed),
        )


def train_profiles(
    home: "Home", store: "Store", settings: "ProfileSettings", *, name: str, as_of: datetime, now: datetime,
    plan: ProfilePlan, say: Say = lambda _: None,
) -> Card:  # fmt: skip
    """Learn from what was known as of that moment. Returns the card; the artifact is not put to use.

    now: what lies after it is dated in the future, and counted as such.
    Raises UserError where too few customers have ordered to learn anything.
    """
    started, spent = time.perf_counter(), time.process_time()
    end = day_of(as_of)
    shelf = Shelf.of(store)
    money = home_money(store, currency=settings.currency, rates=rates(settings.rates))
    history = _history(store, money, (end, day_of(now)), plan)
    horizons = Horizons(churn=settings.churn_days, active=settings.active_days, contact=settings.contact_days)
    facts = Facts(
        company=store.store_id, as_of=end, currency=money.currency, horizons=horizons,
        limit=outlier_limit(history.before(end - horizons.churn)),
    )  # fmt: skip
    looking = Looking(history=history, horizons=horizons, limit=facts.limit, categories=shelf.category)
    plan = plan.seeded()
    parts, scores, evidence = _parts(looking, shelf, end, plan, say, partial(groups_of, store))
    say("learning reasons by situation")
    predictor = Predictor(name=name, facts=facts, situations=learn_from(store, as_of), **parts)
    card = Card(
        name=name,
        kind=PROFILES,
        base="the company's own records",
        data=_data(store, history, as_of),
        plan={**asdict(plan), "horizons": asdict(horizons), "currency": money.currency},
        scores={
            **scores,
            "seconds": round(time.perf_counter() - started, 1),
            "cpu_seconds": round(time.process_time() - spent, 1),
        },
    )
    with publish(home.models / name, card) as folder:
        predictor.save(folder)
        evidence.save(folder)
    return read_card(home.models / name)


def _parts(
    looking: Looking, shelf: Shelf, end: float, plan: ProfilePlan, say: Say, groups: GroupsOf
) -> tuple[dict[str, Any], dict[str, Any], Evidence]:
    """The models by the names that `Predictor` gives them, what each scored on the last window, and the evidence."""
    horizons = looking.horizons
    parts: dict[str, Any] = {}
    trials: dict[str, Trial] = {}
    scores: dict[str, Any] = {}
    for part, target, days in (("churn", churn_target, horizons.churn), ("contact", contact_target, horizons.contact)):
        say(f"learning {part} risk")
        parts[part], scores[part], trial = _risk(looking, target, days, end, plan, groups)
        trials.update({} if trial is None else {f"{part}_risk": trial})
    say("learning purchases")
    parts["purchases"], scores["purchases"] = _purchases(looking, end, plan)
    say("learning products")
    parts["recommender"], scores["products"] = _products(looking, shelf, end, plan)
    say("finding segments")
    parts["segments"], scores["segments"] = _segments(looking, end, plan)
    parts["embedder"] = _embedder(looking, end, plan)
    return parts, scores, evidence_of(looking, end, trials, seed=plan.seed)


def _history(store: "Store", money: Money, times: tuple[float, float], plan: ProfilePlan) -> History:
    """Some or all customers, who are enough to learn from."""
    history = sampled(store, money, times, most=plan.customers, seed=plan.seed)
    buyers = 0 if history is None else len(np.unique(history.facts[Kind.ORDER].owner))
    if history is None or buyers < LEAST_BUYERS:
        raise UserError(
            f"{buyers} customers have ordered before that day; profiles are learnt from {LEAST_BUYERS} or more.",
            hint="Import customers and orders first: rapport import orders PATH",
        )
    return history


def _risk(
    looking: Looking, target: TargetOf, days: int, end: float, plan: ProfilePlan, groups: GroupsOf
) -> tuple[TableModel | None, Mapping[str, Any] | None, Trial | None]:
    """The model of all windows, and how one of the earlier does on the last; None where there are too few."""
    before, last, every = looking.split(target, days, end, seed=plan.seed)
    scores = trial = None
    if _enough(before) and 0 < last.happened.sum() < len(last):
        chances = _fit(before, plan).predict(last.table)
        found = table_scores(chances, last.happened, np.zeros(len(last), int))
        scores = {
            **{name: round(value, 4) for name, value in found.items()},
            "rows": len(last),
            "happened": int(last.happened.sum()),
            "base_brier": round(float(last.happened.mean() * (1 - last.happened.mean())), 4),
            "learnt_from": len(before),
        }
        trial = trial_of(chances, last.happened, cutoff=end - days, days=days, columns=groups(last.table.ids))
    return (_fit(every, plan) if _enough(every) else None), scores, trial


def _purchases(looking: Looking, end: float, plan: ProfilePlan) -> Learnt:
    """The model of buying, and how one that knows nothing of the last window does on it."""
    days = float(looking.horizons.churn)
    wanted = replace(plan.purchases, horizon=days)
    bought = looking.history.transactions(limit=looking.limit)
    contacts = usual(contacts_of(looking.history))
    try:
        trial = try_purchases(bought, replace(wanted, until=end - days), cutoff=end - days, horizon=days)
        scores = {**trial.scores, "rows": trial.customers, "reference": dict(trial.reference)}
        return fit_purchases(bought, replace(wanted, until=end), events=contacts), scores
    except DataError as error:
        log.info("purchases are not learnt: %s", error)
        return None, None


def _products(looking: Looking, shelf: Shelf, end: float, plan: ProfilePlan) -> Learnt:
    """The recommender, and how it does on the purchases that its weights were picked on."""
    bought = by_group(looking.history.transactions(limit=looking.limit), shelf.shop)
    try:
        found = fit_recommender(bought, plan.products, as_of=end, catalogue=catalogue_of(shelf.shop))
    except DataError as error:
        log.info("products are not learnt: %s", error)
        return None, None
    return found, {name: round(value, 4) for name, value in found.dev.items()}


def _segments(looking: Looking, end: float, plan: ProfilePlan) -> Learnt:
    """The segments, and how well they stand apart and come back."""
    rfm = rfm_of(looking.history.transactions(limit=looking.limit), as_of=end)
    try:
        found = fit_segments(rfm, plan.segments)
    except UserError as error:
        log.info("segments are not found: %s", error)
        return None, None
    scores = {"silhouette": round(found.silhouette, 4), "stability": round(found.stability, 4)}
    return found, {**scores, "customers": {one.name: one.customers for one in found.segments}}


def _embedder(looking: Looking, end: float, plan: ProfilePlan) -> Embedder | None:
    """What places everybody known near those who are like them."""
    known = looking.history.chosen(looking.history.known())
    table = feature_table(known, end, limit=looking.limit, categories=looking.categories)
    try:
        return fit_embedding(table, plan.embedding)
    except UserError as error:
        log.info("no embedding is learnt: %s", error)
        return None


def _fit(rows: Rows, plan: ProfilePlan) -> TableModel:
    return fit_table(rows.table, rows.happened, plan.tables)


def _enough(rows: Rows) -> bool:
    happened = int(rows.happened.sum())
    return min(happened, len(rows) - happened) >= LEAST_OF_EACH


def _data(store: "Store", history: History, as_of: datetime) -> dict[str, Any]:
    digest = hashlib.sha256()
    for kind in Kind:
        facts = history.facts[kind]
        for column in (facts.owner, facts.day, facts.value):
            digest.update(np.ascontiguousarray(column).tobytes())
    return {
        "company": store.store_id,
        "as_of": as_of.isoformat(timespec="seconds"),
        "since": moment_of(min(facts.day.min() for facts in history.facts.values() if len(facts))).isoformat(
            timespec="seconds"
        ),
        "customers": len(history),
        "facts": {kind.value: len(history.facts[kind]) for kind in Kind},
        "cleaned": dict(history.cleaned),
        "fingerprint": digest.hexdigest(),
    }
