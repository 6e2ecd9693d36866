"""Choose what to do about one request. Pure functions of the facts; see `agent.decide` for the whole message."""

import re
from dataclasses import replace

from agent.context import Wanted
from agent.decide_intent import (
    asks_availability,
    choose_of,
    field_intent,
    intent_of,
    is_sure,
    points_back,
    surely_wishes_record_changed,
    wishes_change,
    wishes_record_changed,
)
from agent.facts import Facts, Step
from agent.forms import (
    asks_question,
    asks_what_to_do,
    concerns_own_case,
    in_general,
    requests_change,
    wants_invoice_corrected,
)
from agent.intents import ANSWERS_TO_US, PRODUCT_INTENTS, RECORD_RULES, SMALL_TALK, WRITE_INTENTS
from agent.set_phrases import acknowledges
from agent.topics import single
from rapport.elsewhere import names_other_trade
from rapport.types import Ask, Decision, DecisionKind, Identity

_OWN = re.compile(r"\b(?:my|mine|me|i|i'm|i’m|i've|i’ve|our|we|us)\b", re.IGNORECASE)
_MY = re.compile(r"\b(?:my|mine|our)\b", re.IGNORECASE)
_TO_ME = re.compile(r"\b(?:tell|show|give|send|let) (?:me|us)\b", re.IGNORECASE)
_HOW_TO = re.compile(r"\bhow (?:do|can|to|long)\b|\bdo you\b", re.IGNORECASE)
FAR = 0.05  # probability of being about the company, below which no product is meant and no trouble is ours
DOUBTFUL = 0.2  # probability of being about the company, below which no article that was found is about the same
LIKELY_INTENT = 0.7  # confidence from which an article found for a change is about that change
PLAIN = 0.9  # confidence from which it is plain what a question is about
LEAST_GUESS = 0.3  # below it "is it about …?" would name something at random
MOST_VAGUE = 4  # words from which a question says what it is about; asking back would only repeat it
SURE_SMALL_TALK = 0.8  # a few words about something else easily look like a farewell
_DIGITS = re.compile(r"(?:[a-z]+ )?\d+", re.IGNORECASE)  # "is 48213": no number of a company's own shape
_MANY = re.compile(r"\b(?:orders|all my)\b", re.IGNORECASE)


def step(kind: DecisionKind, reason: str, rule: str, ask: Ask, index: int) -> Step:
    """One step with its decision."""
    return Step(decision=Decision(kind=kind, reason=reason, rule=rule), ask=ask, index=index, intent=ask.intent)


def decide_ask(facts: Facts, ask: Ask, index: int, number: str | None = None) -> Step:
    """What to do about one request; `number` is the order number that it names, if any."""
    if number is not None and _DIGITS.fullmatch(number) and ask.in_scope < DOUBTFUL:
        return _outside(facts, ask, index)  # a meter reading, another company's booking
    intent = intent_of(facts, ask, number)
    answerable = facts.answerable[index] if index < len(facts.answerable) else 0.0
    field = field_intent(facts, ask, number) is not None
    sure = is_sure(facts, ask, intent) or number is not None or field
    if intent in SMALL_TALK and ask.confidence >= SURE_SMALL_TALK and ask.in_scope >= facts.limits.in_scope:
        return step("answer", f"small talk: {intent}", intent, ask, index)
    sure = sure and intent not in SMALL_TALK
    if intent in ANSWERS_TO_US and sure and ask.in_scope >= facts.limits.in_scope:
        return _answer_to_nothing(facts, ask, index)
    bought = number is not None or ask.intent in RECORD_RULES
    if (not bought or asks_availability(ask)) and _about_product(
        facts, ask, index, sure=sure and intent in PRODUCT_INTENTS, answerable=answerable
    ):
        about = ask.intent if ask.intent in PRODUCT_INTENTS else "product_availability"
        return replace(step("answer", "asks about a product", "product", ask, index), intent=about, looks_up=True)
    far = number is None and not field and intent == ask.intent
    if far and any(facts.own_trade[index : index + 1]):
        return step("answer", f"an article of the same trade answers (p = {answerable:.2f})", "article", ask, index)
    if far and _foreign(facts, ask) and (answerable < _least_answerable(facts, ask) or ask.in_scope < DOUBTFUL):
        return _outside(facts, ask, index)
    other_record = number is None and intent not in WRITE_INTENTS and wishes_record_changed(ask)
    told = answerable >= facts.limits.sure_article and not surely_wishes_record_changed(ask)
    if other_record and facts.understanding.language == "en" and not told:
        return replace(step("answer", "a change that this agent cannot make", "cannot_do", ask, index), offers=True)
    corrects = intent == "invoice" and wants_invoice_corrected(ask.text)
    if intent in RECORD_RULES and sure and not corrects:
        return _record(facts, ask, index, intent, number, answerable)
    if (intent in WRITE_INTENTS or corrects) and sure:
        # where the words say so and not the reading, what was found may be about something else
        read = intent == ask.intent and (number is None or ask.confidence >= LIKELY_INTENT)
        return _write(facts, ask, index, number, answerable if read else 0.0)
    if intent == "complaint" and sure and answerable < facts.limits.sure_article:
        return replace(step("answer", "a complaint is for a person", "complaint", ask, index), offers=True)
    if answerable >= facts.limits.answerable:
        return step("answer", f"the articles answer (p = {answerable:.2f})", "article", ask, index)
    return _unsure(facts, ask, index, sure)


def _least_answerable(facts: Facts, ask: Ask) -> float:
    """Probability that the articles answer, from which they do though the question sounds foreign.

    "How many days does it take to get to France?" does so, and is plainly about shipping.
    """
    plain = ask.confidence >= PLAIN and not names_other_trade(ask.text)
    return facts.limits.answerable if plain else facts.limits.sure_article


def _about_product(facts: Facts, ask: Ask, index: int, *, sure: bool, answerable: float) -> bool:
    """Whether the catalogue is to be looked at: by the intent, or because a product's name is all that is clear."""
    named = index < len(facts.names_product) and facts.names_product[index]
    if named and (facts.context.pending is not None and facts.context.pending.kind == "product"):
        return True
    if sure and ask.in_scope >= facts.limits.in_scope:
        return ask.intent == "product_availability" or answerable < facts.limits.answerable
    if ask.in_scope < FAR:
        return False
    unclear = ask.confidence < facts.limits.confidence or ask.in_scope < facts.limits.in_scope or sure
    unclear = unclear or ask.intent in SMALL_TALK
    return named and unclear and answerable < facts.limits.sure_article


def record_step(facts: Facts, wanted: Wanted, ask: Ask) -> Step:
    """Look at the customer's own records for a question that waited; they are verified by now."""
    original = replace(ask, text=wanted.text, query=wanted.text, intent=wanted.intent, entities=())
    rule = RECORD_RULES.get(wanted.intent, "order_status")
    taken = step("answer", f"goes on with the question that waited: {wanted.intent}", rule, original, 0)
    choose = choose_of(wanted.text) if wanted.order is None else ""
    topics = wanted.topics
    return replace(taken, intent=wanted.intent, order=wanted.order, topics=topics, choose=choose, looks_up=True)


def waiting_for_identity(facts: Facts) -> tuple[Wanted, ...]:
    """The questions that wait until it is clear who writes."""
    pending = facts.context.pending
    return pending.wanted if pending and pending.kind == "verify" else ()


def record_after(facts: Facts, taken: Step) -> list[Step]:
    """What an article cannot know of a customer's own delivery: looked up, or asked who they are for it."""
    ask, number = taken.ask, taken.order
    if (
        taken.rule != "article"
        or facts.context.order
        or ask.intent != "delivery_problem"
        or number
        or not concerns_own_case(ask.text)
    ):
        return []
    wanted = Wanted(intent=ask.intent, text=ask.text)
    if facts.identity is Identity.VERIFIED:
        return [record_step(facts, wanted, ask)]
    if facts.identified.failures >= facts.limits.attempts:
        return []
    verify = step("ask", "own records are for verified customers", "verify", ask, taken.index)
    return [replace(verify, wanted=(wanted,))]


def _record(facts: Facts, ask: Ask, index: int, intent: str, number: str | None, answerable: float) -> Step:
    topics = single(ask.topics)
    outside = facts.identity is not Identity.VERIFIED or asks_what_to_do(ask.text)
    if outside and number is None and in_general(ask.text) and answerable >= facts.limits.answerable:
        return step("answer", "how it goes in general, which the articles answer", "article", ask, index)
    if not _about_own(facts, ask, intent, number):
        sensitive = intent in ("order_status", "delivery_problem")
        if answerable >= (facts.limits.sure_article if sensitive else facts.limits.answerable):
            return step("answer", "a general question that the articles answer", "article", ask, index)
    if facts.identity is not Identity.VERIFIED:
        verify = step("ask", "own records are for verified customers", "verify", ask, index)
        if facts.identified.failures >= facts.limits.attempts:
            return step("hand_over", "identity could not be confirmed", "verify_limit", ask, index)
        return replace(verify, wanted=(Wanted(intent=intent, text=ask.text, order=number, topics=topics),))
    taken = step("answer", f"asks for a record: {intent}", RECORD_RULES[intent], ask, index)
    choose = choose_of(ask.text) if number is None else ""
    order = number
    if order is None and choose != "newest" and not _MANY.search(ask.text):
        order = facts.context.order
    return replace(taken, intent=intent, order=order, topics=topics, choose=choose, looks_up=True)


def speaks_of_own(ask: Ask) -> bool:
    """Whether the words point at the customer or something of their own; "tell me" does not."""
    return bool(_OWN.search(_TO_ME.sub(" ", ask.text)))


def _about_own(facts: Facts, ask: Ask, intent: str, number: str | None) -> bool:
    """Whether the question is about the customer's own records: a number, a follow-up to one, or "my"."""
    discussed = facts.context.order is not None or bool(facts.context.orders)
    if number is not None or (discussed and (ask.query != ask.text or points_back(ask.text))):
        return True
    if facts.context.order is not None and facts.identity is Identity.VERIFIED and not _HOW_TO.search(ask.text):
        return True
    # "how do I get an invoice?" is general, "where is my invoice?" is not
    return bool((_MY if intent in ("invoice", "refund_status") else _OWN).search(ask.text))


def _write(facts: Facts, ask: Ask, index: int, number: str | None, answerable: float) -> Step:
    requested = requests_change(ask.text) or (number is not None and wishes_change(ask))
    if answerable >= facts.limits.answerable:
        if asks_question(ask.text) or not (requested or concerns_own_case(ask.text)):
            return step("answer", "asks how a change is made", "article", ask, index)
        if not requested:
            told = step("answer", "tells what happened; an article says what to do", "article", ask, index)
            return replace(told, offers=True)
        known = step(
            "answer", "a change that this agent cannot make; an article says how", "article_then_offer", ask, index
        )
        return replace(known, offers=True)
    if facts.understanding.language != "en":
        return _outside(facts, ask, index)
    if asks_question(ask.text) and number is None:
        return replace(step("answer", "no article says how", "no_answer", ask, index), offers=True)
    return replace(step("answer", "a change that this agent cannot make", "cannot_do", ask, index), offers=True)


def _answer_to_nothing(facts: Facts, ask: Ask, index: int) -> Step:
    if ask.intent == "verify_me":
        if facts.identity is Identity.VERIFIED:
            return step("answer", "verified already", "verified_before", ask, index)
        verify = step("ask", "wants to be verified", "verify", ask, index)  # or "I don't have the number at hand"
        return replace(verify, wanted=waiting_for_identity(facts))
    if ask.intent == "deny" or (acknowledges(ask.text) and not facts.context.pending):
        return step("answer", "said no to a question, or took note of a reply", "declined", ask, index)
    return step("ask", "a yes or no to nothing that was asked", "nothing_pending", ask, index)


def _outside(facts: Facts, ask: Ask, index: int) -> Step:
    if facts.understanding.language != "en":
        other = step("answer", "a language that the agent reads badly", "other_language", ask, index)
        return replace(other, offers=True)
    return step("answer", "outside what the company's agent knows", "out_of_scope", ask, index)


def _foreign(facts: Facts, ask: Ask) -> bool:
    return ask.in_scope < facts.limits.in_scope


def _unsure(facts: Facts, ask: Ask, index: int, sure: bool) -> Step:
    if facts.understanding.language != "en":
        return _outside(facts, ask, index)
    general = asks_question(ask.text) and len(ask.text.split()) >= MOST_VAGUE and not _OWN.search(ask.text)
    if (sure or general) and ask.in_scope >= facts.limits.in_scope:
        return replace(step("answer", "no article answers", "no_answer", ask, index), offers=True)
    if facts.context.clarified >= facts.limits.clarify:
        given_up = step("answer", "asked back often enough", "not_understood", ask, index)
        return replace(given_up, offers=True)
    if max(ask.confidence, *(share for _, share in ask.alternatives), 0.0) < LEAST_GUESS:
        return step("ask", "the message is unclear", "clarify_open", ask, index)
    choices = tuple(
        dict.fromkeys(name for name, share in ((ask.intent, ask.confidence), *ask.alternatives) if share >= 0.12)
    )
    useful = tuple(name for name in choices if name not in SMALL_TALK | ANSWERS_TO_US)[:3]
    if not useful:
        return step("ask", "the message is unclear", "clarify_open", ask, index)
    wanted = tuple(Wanted(intent=name, text=ask.text) for name in useful)
    asked = step("ask", "the intent is unsure", "clarify", ask, index)
    return replace(asked, choices=useful, wanted=wanted)
