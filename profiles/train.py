"""Learn the predictors of a home from its own records, try them on a later window, and publish them as one artifact.

Everything random takes the seed, and the records are read in the order of their keys, so the same records and seed give
the same artifact on the same machine.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from crm.histories import day_of, moment_of
from profiles.dnn import TableModel, TablePlan, fit_table
from profiles.gathering import Moment, Money
from profiles.history import History, Kind, merged
from profiles.predictor import Facts, Predictor, Shelf
from profiles.reading import home_money, outlier_limit, read_blocks
from profiles.rows import Looking, Rows, TargetOf
from profiles.table_scores import table_scores
from profiles.targets import Horizons, churn_target, contact_target
from rapport.cards import Card, publish, read_card
from rapport.errors import UserError
from rapport.records import RecordKind
from rapport.registry import PROFILES
from rapport.settings_kinds import rates

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home
    from rapport.settings import ProfileSettings

LEAST_BUYERS = 30
LEAST_OF_EACH = 25  # rows of the rarer outcome below which nothing is learnt
MOST_CUSTOMERS = 20_000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """How the predictors of a home are made. tables: the nets of churn and contact risk."""

    seed: int = 42
    customers: int = MOST_CUSTOMERS
    tables: TablePlan = field(default_factory=lambda: TablePlan(parts=3, members=8, width=48, epochs=20, patience=3))


def train_profiles(
    home: "Home", store: "Store", settings: "ProfileSettings", *, name: str, as_of: datetime, now: datetime,
    plan: ProfilePlan, say: Say = lambda _: None,
) -> Card:  # fmt: skip
    """Learn from what was known as of that moment. Returns the card; the artifact is not put to use.

    now: what lies after it is dated in the future, and counted as such.

    Raises UserError where too few customers have ordered to learn anything.
    """
    started = time.perf_counter()
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
    scores: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for part, target, days in (("churn", churn_target, horizons.churn), ("contact", contact_target, horizons.contact)):
        say(f"learning {part} risk")
        parts[part], scores[part] = _risk(looking, target, days, end, plan)
    predictor = Predictor(name=name, facts=facts, **parts)
    card = Card(
        name=name,
        kind=PROFILES,
        base="the company's own records",
        data=_data(store, history, as_of),
        plan=asdict(plan),
        scores={**scores, "seconds": round(time.perf_counter() - started, 1)},
    )
    with publish(home.models / name, card) as folder:
        predictor.save(folder)
    return read_card(home.models / name)


def _history(store: "Store", money: Money, times: tuple[float, float], plan: ProfilePlan) -> History:
    """All customers, or as many as the plan takes of a large company, chosen by a hash of their keys."""
    end, now = times
    blocks = []
    share = plan.customers / max(store.count(RecordKind.CUSTOMERS), 1)
    for block in read_blocks(store, money, Moment(now=now)):
        chosen = np.array([_hashed(str(id), plan.seed) < share for id in block.customers], bool)
        blocks.append(block.before(end) if share >= 1 else block.chosen(chosen).before(end))
    history = merged(blocks) if blocks else None
    buyers = 0 if history is None else len(np.unique(history.facts[Kind.ORDER].owner))
    if history is None or buyers < LEAST_BUYERS:
        raise UserError(
            f"{buyers} customers have ordered before that day; profiles are learnt from {LEAST_BUYERS} or more.",
            hint="Import customers and orders first: rapport import orders PATH",
        )
    return history


def _hashed(id: str, seed: int) -> float:
    """A number in 0-1 that depends on the id and the seed alone."""
    digest = hashlib.blake2b(f"{seed}:{id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _risk(
    looking: Looking, target: TargetOf, days: float, end: float, plan: ProfilePlan
) -> tuple[TableModel | None, Mapping[str, Any] | None]:
    """The model of all windows, and how one of the earlier does on the last; None where there are too few."""
    before, last, every = looking.split(target, days, end, seed=plan.seed)
    scores = None
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
    return (_fit(every, plan) if _enough(every) else None), scores


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
