"""Groups of customers, look-alikes and forecasts of contacts, each against what it must reach.

Segments: all customers of Online Retail II, as of the end of their last day. Look-alikes and segments of the sample
company: against its planted personas, which no record shows. Forecast: the last weeks of a home's contacts, each
foreseen from what came before it, against the same hour a week earlier. Made-up customers: `eval.profile_synthetic`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from crm.histories import day_of
from eval.report import Bound
from profiles.buying import Shelf
from profiles.contacts import Contacts
from profiles.embedding import EmbeddingPlan, Lookalikes, fit_embedding
from profiles.features import feature_table
from profiles.forecast import Forecast, ForecastPlan, forecast, pinball
from profiles.gathering import Moment
from profiles.history import merged
from profiles.reading import home_money, outlier_limit, read_blocks
from profiles.rfm import rfm_of
from profiles.score import moment_of_records
from profiles.segments import Segmentation, SegmentPlan, fit_segments
from profiles.tastes import with_tastes
from profiles.transactions import Transactions

if TYPE_CHECKING:
    from crm.store import Store

NEAREST = 5
SEGMENT_BOUNDS = (
    Bound(name="silhouette", least=0.43),
    Bound(name="smallest_share", least=0.02),
    Bound(name="stability", least=0.9),
)
PERSONA_BOUNDS = (Bound(name="over_chance", least=0.3),)
FORECAST_BOUNDS = (
    Bound(name="mae_over_last_week", most=1.0),
    Bound(name="pinball_over_last_week", most=1.0),
    Bound(name="coverage", least=0.8),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """figures: what SEGMENT_BOUNDS name, and how many segments there are."""

    found: Segmentation
    figures: Mapping[str, float]


def measure_segments(transactions: Transactions, *, plan: SegmentPlan | None = None) -> Segmented:
    """Segments of all customers in a file of purchases."""
    found = fit_segments(rfm_of(transactions), plan or SegmentPlan())
    figures = {
        "silhouette": found.silhouette,
        "stability": found.stability,
        "smallest_share": min(one.share for one in found.segments),
        "segments": float(len(found.segments)),
    }
    return Segmented(found=found, figures=figures)


def measure_personas(store: "Store", personas: Mapping[str, str], *, seed: int = 42) -> dict[str, float]:
    """How often the nearest customers share the planted persona, and how segments agree with personas.

    same_persona_at_5: mean over all customers. by_chance: what two customers drawn at random share. segments_agree,
    six_segments_agree: adjusted Rand index of the segments found, and of six, with the personas.
    """
    from sklearn.metrics import adjusted_rand_score

    now = datetime.now(UTC)
    day = day_of(moment_of_records(store, now))
    money = home_money(store, currency="", rates={})
    history = merged(list(read_blocks(store, money, Moment(now=day_of(now))))).before(day)
    limit, categories = outlier_limit(history), Shelf.of(store).category
    table = with_tastes(feature_table(history, day, limit=limit, categories=categories), history, day, categories)
    truth = np.array([personas[str(id)] for id in table.ids])
    embedder = fit_embedding(table, EmbeddingPlan(seed=seed))
    alike = Lookalikes(customers=table.ids, vectors=embedder.embed(table))
    same = [personas[other] == personas[str(id)] for id in table.ids for other, _ in alike.alike(str(id), NEAREST)]
    shares = np.unique(truth, return_counts=True)[1] / len(truth)
    chance = float((shares**2).sum())
    rfm = rfm_of(history.transactions(limit=limit), as_of=day)
    buyers = [personas[str(id)] for id in rfm.customers]
    agree = {
        name: float(adjusted_rand_score(buyers, fit_segments(rfm, plan).assign(rfm)))
        for name, plan in (
            ("segments_agree", SegmentPlan(seed=seed)),
            ("six_segments_agree", SegmentPlan(seed=seed, count=6)),
        )
    }
    found = float(np.mean(same))
    return {"same_persona_at_5": found, "by_chance": chance, "over_chance": found - chance, **agree}


def measure_forecast(
    contacts: Contacts, *, weeks: int = 4, plan: ForecastPlan | None = None
) -> dict[str, dict[str, float]]:
    """Each of the last weeks from what came before it. By span ("queue and hour", "queue and day", "day"): figures.

    mae: of the expected contacts; mae_median: of the median. last_week_mae: of the same hour or day a week earlier. The
    ratios are to last week, that of mae with the median, which the absolute error asks for. coverage: share of outcomes
    within the interval of 8 in 10; counts being whole, it is mostly more.
    """
    parts: dict[str, list[dict[str, float]]] = {}
    for back in range(weeks, 0, -1):
        end = contacts.days - 7 * back
        found = forecast(contacts.until(end), 7, plan or ForecastPlan())
        seen = contacts.counts[:, end * 24 : (end + 7) * 24]
        before = contacts.counts[:, (end - 7) * 24 : end * 24]
        for span, taken in _SPANS.items():
            part = _compared(found, taken(seen), taken(before), taken(found.expected))
            parts.setdefault(span, []).append(part)
    return {span: _told(found) for span, found in parts.items()}


_SPANS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "queue and hour": lambda values: values,
    "queue and day": lambda values: values.reshape(len(values), -1, 24).sum(2),
    "day": lambda values: values.sum(0).reshape(-1, 24).sum(1),
}


def _compared(found: Forecast, seen: np.ndarray, before: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    bounds = found.bounds(expected)
    middle = found.quantiles.index(0.5)
    return {
        "mae": float(np.abs(seen - expected).mean()),
        "mae_median": float(np.abs(seen - bounds[middle]).mean()),
        "last_week_mae": float(np.abs(seen - before).mean()),
        "pinball": pinball(seen, bounds, found.quantiles),
        "last_week_pinball": pinball(seen, np.stack([before] * len(found.quantiles)), found.quantiles),
        "coverage": float(((seen >= bounds[0]) & (seen <= bounds[-1])).mean()),
    }


def _told(parts: list[dict[str, float]]) -> dict[str, float]:
    mean = {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}
    return {
        **mean,
        "mae_over_last_week": mean["mae_median"] / mean["last_week_mae"],
        "pinball_over_last_week": mean["pinball"] / mean["last_week_pinball"],
    }
