"""What a turn does with the customer's profile: which one, what the rules ask for, and how the reply shows it.

A profile is read as it was kept; no model runs. It never reaches a writer: a brief gets the sentence of courtesy, the
offer of a person or the products that a rule asked for, and nothing of why. What a customer could notice is for
verified customers alone.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from agent.brief import Brief, Part, Say
from agent.facts import Facts, Step
from agent.profile_prior import Reasons, queue_for, unsure, with_prior
from agent.profile_rules import NOTHING, Actions, Occasion, ProfileRule, actions_for, shipped_rules, uses
from agent.wording_products import products_words
from profiles.describe import describe
from prompts.render import speaks
from prompts.slots import listing
from rapport.customer_profiles import CustomerProfile
from rapport.records import CustomerId, Product, ProductId, RecordKind
from rapport.types import Handover, Identity, State, ToolResult, Understanding, Viewer

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home

MOST_PRODUCTS = 2
MOST_VALUES = 20_000  # customers whose values say how much is much
REREAD_SECONDS = 600.0
SUGGESTS = "suggest_products"
ASKS_FOR_A_PERSON = "talk_to_person"
# Whatever a rule says: nothing is sold to who complains, sends something back, waits for money or has trouble.
NO_TIME_TO_SELL = frozenset(
    {"complaint", "refund_status", "return_item", "exchange_item", "damaged_item", "wrong_item", "warranty_claim",
     "delivery_problem", "payment_problem", "cancel_order", "data_privacy", "account_access", "talk_to_person", "oos"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Regard:
    """A profile in a turn: what the rules ask for, and the products that the reply suggests, with their evidence.

    words: the profile for the colleague who takes over; reasons: chance by intent that they write about it. Both are
    empty where nobody takes over.
    """

    profile: CustomerProfile | None = None
    actions: Actions = NOTHING
    suggested: ToolResult | None = None
    words: tuple[str, ...] = ()
    reasons: Mapping[str, float] = field(default_factory=dict)

    @property
    def trace(self) -> dict[str, str]:
        """Which profile was used and which rules applied, as a turn keeps it."""
        if self.profile is None:
            return {}
        used = {"profile": f"{self.profile.model} as of {self.profile.as_of.isoformat(timespec='seconds')}"}
        return {**used, "profile_rules": ", ".join(self.actions.applied)} if self.actions.applied else used


NOBODY = Regard()


class ProfileUse:
    """Profiles in the conversations of one company. Safe to share between threads."""

    def __init__(
        self, store: "Store", known: Sequence[ProfileRule] | None = None, *, home: "Home | None" = None
    ) -> None:
        """known: the rules; those of `prompts/rules.toml` without it. Raises DataError where these are wrong.

        home: where what customers write about in which situation was learnt; without it, their profiles alone say it.
        """
        self._store = store
        self._reasons = Reasons(store, home)
        self._rules = shipped_rules() if known is None else tuple(known)
        self._ranks = uses(self._rules, "value_rank")
        self._lock = Lock()
        self._read_at = -REREAD_SECONDS
        self._values: list[float] = []

    def of(self, viewer: Viewer) -> CustomerProfile | None:
        """The kept profile of who is asking, claimed or verified; None where there is none."""
        return self._store.profile(viewer.customer_id) if viewer.customer_id is not None else None

    def read(self, understanding: Understanding, viewer: Viewer, *, at: datetime) -> Understanding:
        """An unsure understanding weighed by what this customer would probably write about, if verified."""
        return with_prior(understanding, self.likely(viewer, at=at)) if unsure(understanding) else understanding

    def likely(self, viewer: Viewer, *, at: datetime) -> Mapping[str, float]:
        """Chance by intent that a message of this customer is about it; empty for who is not verified."""
        return self._reasons.of(viewer.owner, at).shares if viewer.owner is not None else {}

    def regard(self, facts: Facts, steps: Sequence[Step], *, profile: CustomerProfile | None, at: datetime) -> Regard:
        """What the rules ask for in this turn."""
        if profile is None:
            return NOBODY
        occasion = Occasion(
            profile=profile,
            identity=facts.identity,
            sentiment=facts.understanding.sentiment,
            intents=tuple(dict.fromkeys((*(ask.intent for ask in facts.understanding.asks), *_intents(steps)))),
            decisions=tuple(dict.fromkeys(step.decision.kind for step in steps)),
        )
        return self._regarded(occasion, at)

    def requested(
        self, made: Handover, viewer: Viewer, *, topics: Sequence[str], sentiment: float, at: datetime
    ) -> Handover:
        """A handover that was asked for outside a turn, as the profile has it: as one that is asked for in words.

        topics: intents of what was said so far. sentiment: of what the customer wrote last, -1..1.
        """
        regard, profile = NOBODY, self.of(viewer)
        if profile is not None:
            occasion = Occasion(
                profile=profile, identity=viewer.identity, sentiment=sentiment,
                intents=(ASKS_FOR_A_PERSON,), decisions=("hand_over",),
            )  # fmt: skip
            regard = self._regarded(occasion, at)
        regard = self._handed(regard, viewer.customer_id, at)
        told = f"{made.summary}\nProfile: {' '.join(regard.words)}" if regard.words else made.summary
        return routed(replace(made, summary=told), regard, topics)

    def _regarded(self, occasion: Occasion, at: datetime) -> Regard:
        """What the rules ask for on an occasion, whose profile's age and rank are told here."""
        profile = occasion.profile
        whole = replace(
            occasion,
            age_days=max(0.0, (at - profile.as_of).total_seconds() / 86400),
            value_rank=self._rank(profile.value) if self._ranks else None,
        )
        return Regard(profile=profile, actions=actions_for(self._rules, whole))

    def completed(
        self, regard: Regard, facts: Facts, steps: Sequence[Step], results: Sequence[ToolResult | None],
        *, viewer: Viewer, at: datetime,
    ) -> Regard:  # fmt: skip
        """The same with the words for a colleague where one takes over, or the products to suggest.

        These are there where a rule asks for them and it is the right moment.
        """
        if any(step.decision.kind == "hand_over" for step in steps):
            return self._handed(regard, viewer.customer_id, at)
        if regard.profile is None or not regard.actions.suggest_products or not may_suggest(facts, steps, results):
            return regard
        named = {str(result.values.get("product", "")) for result in results if result is not None}
        rows = self._offers(regard.profile.next_products, named)
        if not rows:
            return regard
        values: dict[str, Any] = {"by": "name", "products": rows}
        return replace(regard, suggested=ToolResult(tool="products", found=True, values=values))

    def _offers(self, ids: Sequence[ProductId], named: set[str]) -> list[dict[str, Any]]:
        """The first of these products that can be bought now, as a tool tells them."""
        keys = list(dict.fromkeys(ids))
        found = self._store.fetch(RecordKind.PRODUCTS, keys)
        rows: dict[str, dict[str, Any]] = {}
        for key in keys:
            product = found.get(key)
            if not isinstance(product, Product) or not product.available or product.stock == 0:
                continue
            name = product.group or product.name
            if name not in named and len(rows) < MOST_PRODUCTS:
                price = str(product.price) if product.price is not None else None
                rows.setdefault(name, {"name": name, "available": True, "price": price, "currency": product.currency})
        return list(rows.values())

    def _handed(self, regard: Regard, customer: CustomerId | None, at: datetime) -> Regard:
        if customer is None:
            return regard
        reasons, words = self._reasons.of(customer, at), profile_words(self._store, regard.profile)
        return replace(regard, words=(*words, *([reasons.words] if reasons.words else [])), reasons=reasons.shares)

    def _rank(self, value: float | None) -> float | None:
        """The share of the other customers with a smaller value, 0-1, counted over as many as are read."""
        if value is None:
            return None
        from bisect import bisect_left

        with self._lock:
            if not self._values or time.monotonic() - self._read_at >= REREAD_SECONDS:
                self._values = sorted(self._store.profile_values(most=MOST_VALUES))
                self._read_at = time.monotonic()
            values = self._values
        return min(1.0, bisect_left(values, value) / max(1, len(values) - 1)) if values else None


def profile_words(store: "Store", profile: CustomerProfile | None) -> tuple[str, ...]:
    """A profile in words for colleagues; nothing where there is none."""
    if profile is None:
        return ()
    found = store.fetch(RecordKind.PRODUCTS, profile.next_products)
    names = {key: product.name for key, product in found.items() if isinstance(product, Product)}
    return tuple(describe(profile, products=names))


def routed(handover: Handover, regard: Regard, topics: Sequence[str]) -> Handover:
    """A handover with the priority that the rules ask for, in the queue that one names, else in that of the topics.

    topics: intents of what was said. Where they name nothing, the customer's likely reasons do, if clear enough.
    """
    actions = regard.actions
    queue = actions.queue or queue_for(topics, regard.reasons)
    return replace(handover, queue=queue, priority=actions.raised(handover.priority))


def may_suggest(facts: Facts, steps: Sequence[Step], results: Sequence[ToolResult | None]) -> bool:
    """Whether this is the moment for products: a verified, content customer whose question has just been answered."""
    said = facts.understanding
    if facts.identity is not Identity.VERIFIED or facts.context.suggested or facts.state not in _FREE_STATES:
        return False
    if said.sentiment < 0 or said.escalate_level != "answer" or not speaks(SUGGESTS, said.language):
        return False
    if NO_TIME_TO_SELL & {*(ask.intent for ask in said.asks), *_intents(steps)} or not steps:
        return False
    return all(_answered(step, result) for step, result in zip(steps, results, strict=True))


def with_offer(regard: Regard, facts: Facts, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with the offer of a person where a rule asks for it and the turn only answers."""
    answers = all(step.decision.kind == "answer" and not step.offers for step in steps)
    if not regard.actions.offer_person or not answers or facts.state not in _FREE_STATES:
        return steps
    return (*steps[:-1], replace(steps[-1], offers=True))


def shown(brief: Brief, regard: Regard, steps: Sequence[Step]) -> Brief:
    """A brief with what the rules allow the customer to notice.

    A tone takes the place of the word of regret, or begins a reply that has none. Products come last; fixed words say
    them, so that no model writes such a reply.
    """
    parts = list(brief.parts)
    tone = regard.actions.tone
    if tone is not None and speaks(tone, brief.locale) and any(step.decision.kind != "ask" for step in steps):
        words = Part(rule="sorry", lines=(Say(tone),))
        place = next((n for n, part in enumerate(parts) if part.rule in ("sorry", "complaint")), None)
        if place is not None:
            parts[place] = replace(parts[place], lines=words.lines)
        else:
            parts.insert(1 if parts and parts[0].rule == "verified" else 0, words)
    if regard.suggested is None:
        return replace(brief, parts=tuple(parts))
    named = listing(products_words(regard.suggested.values["products"]))
    parts.append(Part(rule=SUGGESTS, lines=(Say(SUGGESTS, {"products": named}),)))
    return replace(brief, parts=tuple(parts), tools=(*brief.tools, regard.suggested), free=False)


_FREE_STATES = frozenset({State.BOT, State.RETURNED})


def _intents(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.intent for step in steps if step.intent)


def _answered(step: Step, result: ToolResult | None) -> bool:
    if step.decision.kind != "answer" or step.offers:
        return False
    return result.found and result.tool != "orders" if result is not None else step.rule == "article"
