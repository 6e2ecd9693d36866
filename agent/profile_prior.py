"""Weigh an unsure reading by what this customer would probably write about. Pure.

Only a reading below `UNSURE` is touched, and by `WEIGHT` of the evidence alone: what was written always counts more
than what was expected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.intents import ANSWERS_TO_US, SMALL_TALK
from rapport.types import Ask, Understanding

UNSURE = 0.6  # confidence below which a reading is weighed
# Chosen on the sample company's tickets before the day from which it is measured, see `eval.profile_conversations`.
WEIGHT = 0.3
LEAST = 0.02  # the chance of a reason that is not among the likely ones


def with_prior(understanding: Understanding, reasons: Mapping[str, float], *, weight: float = WEIGHT) -> Understanding:
    """The same understanding with its unsure requests read anew. reasons: chance by intent; empty changes nothing."""
    if not reasons:
        return understanding
    return replace(understanding, asks=tuple(weighed(ask, reasons, weight=weight) for ask in understanding.asks))


def weighed(ask: Ask, reasons: Mapping[str, float], *, weight: float = WEIGHT) -> Ask:
    """A request whose intents are multiplied by chance ** weight; together they stay as likely as they were."""
    if ask.confidence >= UNSURE or ask.intent in ANSWERS_TO_US | SMALL_TALK:
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
