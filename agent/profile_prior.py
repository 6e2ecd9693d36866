"""Why this customer would probably write, and an unsure reading weighed by it.

What goes on with their orders says it where that was learnt (`profiles.situations`), else their kept profile does.
Only a reading below `UNSURE` is touched, and by `WEIGHT` of the evidence alone: what was written always counts more
than what was expected.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from agent.handover import queue_of
from agent.intents import ANSWERS_TO_US, SMALL_TALK
from profiles.situations import MOST_ORDERS, WORDS, Situations, situation_of
from rapport.records import CustomerId
from rapport.types import Ask, Understanding

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home

UNSURE = 0.6  # confidence below which a reading is weighed
# Kept mild: on the sample company's tickets for choosing (`eval.profile_conversations`) no weight up to 0.7 changes a
# queue, because a message is rarely unsure.
WEIGHT = 0.3
LEAST = 0.02  # the chance of a reason that is not among the likely ones
CLEAR = 0.45  # chance of a queue from which it is taken where the words name none; chosen on the same tickets
REREAD_SECONDS = 60.0
GENERAL = "general"
# A complaint is left out: taking it for nothing named sends 0.7% of first messages for choosing to the wrong queue.
NAMES_NOTHING = frozenset({"talk_to_person", "oos"}) | SMALL_TALK | ANSWERS_TO_US


@dataclass(frozen=True, slots=True)
class Likely:
    """shares: chance by intent that a message is about it. words: for colleagues, what goes on; "" for nothing."""

    shares: Mapping[str, float] = field(default_factory=dict)
    words: str = ""


class Reasons:
    """Says why a customer would write. Safe to share between threads."""

    def __init__(self, store: "Store", home: "Home | None") -> None:
        self._store, self._home = store, home
        self._lock = Lock()
        self._read_at = -REREAD_SECONDS
        self._table: Situations | None = None

    def of(self, customer: CustomerId, at: datetime) -> Likely:
        """What a message of this customer at this moment is probably about."""
        table = self._current()
        if table is None:
            profile = self._store.profile(customer)
            return Likely(dict(profile.next_reasons) if profile is not None else {})
        situation = situation_of(self._store.orders_of(customer, limit=MOST_ORDERS), at)
        words = WORDS.get(situation)
        return Likely(table.reasons[situation], f"At the moment: {words}." if words else "")

    def _current(self) -> Situations | None:
        from profiles.predictor import load_situations

        if self._home is None:
            return None
        with self._lock:
            if time.monotonic() - self._read_at >= REREAD_SECONDS:
                self._table, self._read_at = load_situations(self._home, self._store), time.monotonic()
            return self._table


def likely_queue(reasons: Mapping[str, float]) -> str | None:
    """The queue that most of the likely reasons belong to; None where it is not clear, or is the general one."""
    shares: dict[str, float] = defaultdict(float)
    for intent, share in reasons.items():
        shares[queue_of((intent,))] += share
    best = max(shares, key=lambda queue: shares[queue], default=GENERAL)
    return best if best != GENERAL and shares[best] >= CLEAR else None


def queue_for(topics: Sequence[str], reasons: Mapping[str, float]) -> str:
    """The queue of the first topic that has one; where nothing was named at all, that of the likely reasons.

    topics: intents. reasons: chance by intent. A question about what the shop sells names something: it stays general.
    """
    queue = queue_of(topics)
    named = [topic for topic in topics if topic and topic not in NAMES_NOTHING]
    return queue if queue != GENERAL or named else likely_queue(reasons) or queue


def unsure(understanding: Understanding) -> bool:
    """Whether a request of it would be weighed."""
    return any(_open(ask) for ask in understanding.asks)


def _open(ask: Ask) -> bool:
    return ask.confidence < UNSURE and ask.intent not in ANSWERS_TO_US | SMALL_TALK


def with_prior(understanding: Understanding, reasons: Mapping[str, float], *, weight: float = WEIGHT) -> Understanding:
    """The same understanding with its unsure requests read anew. reasons: chance by intent; empty changes nothing."""
    if not reasons:
        return understanding
    return replace(understanding, asks=tuple(weighed(ask, reasons, weight=weight) for ask in understanding.asks))


def weighed(ask: Ask, reasons: Mapping[str, float], *, weight: float = WEIGHT) -> Ask:
    """A request whose intents are multiplied by chance ** weight; together they stay as likely as they were."""
    if not _open(ask) or not reasons:
        return ask
    ranked = reweighed(((ask.intent, ask.confidence), *ask.alternatives), reasons, weight=weight)
    (intent, confidence), *others = ranked
    return replace(ask, intent=intent, confidence=confidence, alternatives=tuple(others))


def reweighed(
    ranked: Sequence[tuple[str, float]], reasons: Mapping[str, float], *, weight: float = WEIGHT
) -> list[tuple[str, float]]:
    """(intent, probability) pairs, best first, of the same sum; what is no reason to write keeps its probability."""
    kept = [(name, share) for name, share in ranked if name in ANSWERS_TO_US | SMALL_TALK]
    rest = [
        (name, share * max(reasons.get(name, 0.0), LEAST) ** weight)
        for name, share in ranked
        if (name, share) not in kept
    ]
    before = sum(share for _, share in ranked) - sum(share for _, share in kept)
    after = sum(share for _, share in rest)
    if not after > 0:
        return list(ranked)
    scaled = [(name, round(share * before / after, 4)) for name, share in rest]
    return sorted((*kept, *scaled), key=lambda pair: -pair[1])
