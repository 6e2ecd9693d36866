"""Choose what to do about a request that is outside the agent's bounds by its words. Pure functions of the facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.bounds import crosses
from agent.decide_ask import DOUBTFUL, FAR, step
from agent.facts import Facts, Step
from agent.intents import ANSWERS_TO_US, SMALL_TALK
from agent.other_trades import concerns_other_trade, takes_legal_steps, wants_explanation, wants_other_person
from rapport.escalation import REASONS
from rapport.signals import UNHAPPY, says
from rapport.types import Ask, Understanding

# What words must show, by reason, for a message that is hardly about the company to be for a person all the same.
SIGNS: Mapping[str, tuple[str, ...]] = {
    REASONS["person"]: ("person",),
    REASONS["anger"]: ("anger", "accuses"),
    REASONS["legal"]: ("legal", "press"),
    REASONS["safety"]: ("safety", "threat", "hurt", "menace"),
    REASONS["repeated"]: ("again",),
    REASONS["value"]: (),
}
_TO_US = re.compile(r"\b(?:you|your|yours|u|ur|this (?:shop|store|company))\b", re.IGNORECASE)
_HARM = ("safety", "threat", "menace", "body")
# Probabilities of being about the company, below which an injury and other trouble are not ours unless words show it.
UNHARMED, UNTROUBLED = 0.1, 0.3
HARDLY = 0.02  # probability of being about the company, below which a death is not reported to us
ANOTHER = 0.7  # probability from which a request concerns another person's data, chosen on dev
CLEAR = 0.7  # confidence from which an insult has a request beside it, which is answered


def beyond(facts: Facts, ask: Ask, index: int, number: str | None) -> Step | None:
    """The step for a request that no classifier may decide, or None.

    number: the order that it names. Such an order is looked up among the customer's own, whoever is spoken of.
    """
    if crosses(ask.text, "danger"):
        return step("hand_over", REASONS["safety"], "escalation", ask, index)
    if crosses(ask.text, "law"):
        return step("hand_over", REASONS["legal"], "escalation", ask, index)
    if crosses(ask.text, "bereavement") and ask.in_scope >= HARDLY:
        return step("hand_over", "a death in the family", "bereavement", ask, index)
    if crosses(ask.text, "inside"):
        return step("answer", "asks for the agent's own inside", "out_of_scope", ask, index)
    if number is None and crosses(ask.text, "who"):
        return step("answer", "asks who somebody is", "out_of_scope", ask, index)
    if number is None and (crosses(ask.text, "others") or _of_another(facts, ask, index)):
        return step("answer", "asks about another person's affairs", "others", ask, index)
    if number is None and crosses(ask.text, "abuse") and not _asks_something(facts, ask):
        return replace(step("answer", "an insult without a request", "abuse", ask, index), offers=True)
    return None


def _of_another(facts: Facts, ask: Ask, index: int) -> bool:
    """Whether a request concerns another person's data by its sense, where no pattern knows its words."""
    sure = any(chance >= ANOTHER for chance in facts.others[index : index + 1])
    about_us = ask.in_scope >= facts.limits.in_scope and ask.intent not in SMALL_TALK
    return sure and about_us and facts.identified.outcome == "none" and not asked_who(facts)


def asked_who(facts: Facts) -> bool:
    """Whether the last reply asked for facts that say who the customer is."""
    return facts.context.pending is not None and facts.context.pending.kind == "verify"


def _asks_something(facts: Facts, ask: Ask) -> bool:
    clear = ask.confidence >= CLEAR and ask.in_scope >= facts.limits.in_scope
    return clear and ask.intent not in SMALL_TALK | ANSWERS_TO_US | {"complaint"}


def trouble_elsewhere(facts: Facts) -> bool:
    """Whether a message seems to be for a person, is hardly about the company, and no word shows the reason."""
    said = facts.understanding
    reason, scope = said.escalate_reason, max(ask.in_scope for ask in said.asks)
    other = _names_other_trade(facts)
    named = _shown(said, ("person",)) and not other
    if reason == REASONS["person"] and scope < DOUBTFUL and said.main.intent != "talk_to_person" and not named:
        return True  # somebody is wanted, and not from this company
    if said.language == "en" and _concerns_others(facts, scope, other=other):
        return True
    signs = SIGNS.get(reason)
    if signs is None or scope >= _least_ours(facts, reason, other=other):
        return False
    if reason == REASONS["anger"] and (said.sentiment > UNHAPPY or (scope < FAR and not _speaks_to_us(facts))):
        return True
    if reason == REASONS["repeated"] and scope < FAR:  # "a bill three times as high" is no third message to us
        return True
    return not _shown(said, signs)


def _least_ours(facts: Facts, reason: str, *, other: bool) -> float:
    """The probability of being about the company from which trouble is ours.

    An injury and a wish for a person are heard unless the message is surely about something else.
    """
    if facts.understanding.main.intent == "talk_to_person":
        return FAR
    if reason == REASONS["safety"] and not other:
        return UNHARMED
    return facts.limits.in_scope if other else UNTROUBLED


def wants_nobody_here(facts: Facts) -> bool:
    """Whether a message that reads as a wish for a person wishes for none of the company's people."""
    asks = facts.understanding.asks
    if all(wants_explanation(ask.text) for ask in asks):
        return True
    doubtful = max(ask.in_scope for ask in asks) < facts.limits.in_scope and not any(facts.own_trade)
    return doubtful and any(wants_other_person(ask.text) for ask in asks)


def _concerns_others(facts: Facts, scope: float, *, other: bool) -> bool:
    """Whether the words show that a reason to hand over concerns another company. other: it names something of one."""
    said, far = facts.understanding, scope < FAR and not _speaks_to_us(facts)
    reason = said.escalate_reason
    if reason == REASONS["person"]:
        return wants_nobody_here(facts) or (far and not _shown(said, ("person",)))
    if reason == REASONS["safety"]:  # "call a plumber, the pipe is leaking"
        return other and far and not _shown(said, _HARM)
    if reason == REASONS["legal"] and not any(takes_legal_steps(ask.text) for ask in said.asks):
        return scope < DOUBTFUL  # "I was fined on the tram"
    return other and (scope < FAR or (scope < DOUBTFUL and not _speaks_to_us(facts)))


def _names_other_trade(facts: Facts) -> bool:
    asks = facts.understanding.asks
    return not any(facts.own_trade) and any(concerns_other_trade(ask.text) for ask in asks)


def tried_to_be_verified(facts: Facts) -> bool:
    """Whether what failed repeatedly is the match of who they are, which has a limit of its own."""
    return facts.understanding.escalate_reason == REASONS["repeated"] and facts.identified.outcome == "failed"


def _shown(said: Understanding, signs: Sequence[str]) -> bool:
    return any(says(ask.text, sign) for ask in said.asks for sign in signs)


def _speaks_to_us(facts: Facts) -> bool:
    return any(_TO_US.search(ask.text) for ask in facts.understanding.asks)
