"""Tell which intent to act on, and which order the words point at. Pure functions of the facts."""

import re
from collections.abc import Callable

from agent.facts import Choose, Facts
from agent.forms import asks_question, requests_change, wants_order_changed
from agent.intents import PRODUCT_INTENTS, RECORD_RULES, WRITE_INTENTS
from agent.topics import asks_field, topic_intent
from rapport.records import number_key
from rapport.types import Ask, Identity
from rapport.wishes import RECORD

_AVAILABILITY = re.compile(r"\b(?:in stock|available|availability|do you (?:have|sell|stock)|price|cost|buy)\b", re.I)
_CHANGE = re.compile(
    r"\b(?:cancel\w*|chang\w*|return\w*|send(?:ing)? (?:\w+ )?back|exchang\w*|swap\w*|refund\w*|replac\w*|modif\w*|"
    r"edit|add|remove|broken?|damag\w*|fault\w*|defect\w*|wrong|missing|different|address|guarantee|warranty|instead)\b",
    re.IGNORECASE,
)
VERY_SURE = 0.9
LIKELY_CHANGE = 0.55  # probability of all changes together from which one is wanted, whichever it is
# Probability from which a message wants something done about an order or other records, whatever its words: where it
# may ask for a field as well, and where it asks for none; none is believed where a field is asked for so surely. Chosen
# on dev.
WISHED, ONLY_WISHED, ASKED = 0.8, 0.6, 0.95
# Probability of a wish that no field counts against: in words that ask for nothing, and in any. Hardly a question for a
# field, of those written for choosing, reaches the first, and none the second.
PLAIN_WISH, SURE_WISH = 0.9, 0.97
LIKELIEST = 0.6  # of it the share of the likeliest one: a record may be what is to be changed
_TO_KNOW = re.compile(r"\b(?:know|tell|list|name|say|look up|find out|check|which|what|when|how)\b", re.IGNORECASE)
_MONEY = re.compile(r"\b(?:total|cost|costs|paid|pay|price|amount)\b", re.IGNORECASE)
_OWN_MONEY = re.compile(r"\b(?:total|did i (?:\w+ )?pay|i paid|did it cost)\b", re.IGNORECASE)
FOREIGN_SHARE = 0.5  # of the usual confidence, from which a request for own records in another language is taken up
_OTHER = re.compile(r"\b(?:the other|another|other one|other order)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:the (?:one|order) before|before th(?:at|is)|(?:previous|older|earlier) (?:one|order))\b", re.IGNORECASE
)
_AFTER = re.compile(r"\b(?:the (?:one|order) after|after that one|(?:next|newer|later) (?:one|order))\b", re.I)
_NEWEST = re.compile(r"\b(?:last|latest|newest|most recent|recent) (?:order|purchase|one)\b", re.IGNORECASE)

_WHICH: tuple[tuple[tuple[str, ...], Callable[[tuple[str, ...]], str | None]], ...] = (
    (("first", "1st", "erste", "newest", "latest", "most recent", "top"), lambda orders: orders[0]),
    (("second", "2nd"), lambda orders: orders[1] if len(orders) > 1 else None),
    (("third", "3rd"), lambda orders: orders[2] if len(orders) > 2 else None),
    (("last", "oldest", "bottom"), lambda orders: orders[-1]),
)


def intent_of(facts: Facts, ask: Ask, number: str | None) -> str:
    """The intent to act on: an order number given by itself continues the thread, or asks where the order is."""
    sure = ask.confidence >= facts.limits.confidence
    if asked := field_intent(facts, ask, number):
        return asked
    if number is not None:
        return _intent_about(facts, ask, sure=sure)
    if facts.context.order is not None and choose_of(ask.text) and len(ask.text.split()) <= 6:
        return ask.intent if ask.intent in RECORD_RULES else _continued(facts, ask)
    if not sure and points_back(ask.text) and facts.context.intent in RECORD_RULES:
        return str(facts.context.intent)
    known = facts.context.order is not None and facts.identity is Identity.VERIFIED
    routed = sure and (ask.intent in RECORD_RULES or ask.intent in WRITE_INTENTS or ask.intent in PRODUCT_INTENTS)
    clear = routed or (sure and ask.in_scope >= facts.limits.in_scope)
    words = _OWN_MONEY if clear else _MONEY
    if known and not routed and len(ask.text.split()) <= 8 and words.search(ask.text):
        return "invoice"
    return ask.intent


def field_intent(facts: Facts, ask: Ask, number: str | None) -> str | None:
    """The intent of a question for a field of an order: of the one that is named, or is under discussion."""
    sure = ask.confidence >= facts.limits.confidence
    discussed = facts.context.order is not None and facts.identity is Identity.VERIFIED
    # "what day did I put it in?", "I sent it back, so how much do I get?", but not "please change how I pay"
    asks = asks_question(ask.text) or bool(_TO_KNOW.search(ask.text)) or not requests_change(ask.text)
    clear = asks_field(ask) and asks and not _plainly_wishes(ask)
    changes = wishes_change(ask) and not clear
    # "how much will you return of it?": what is surely asked for counts for more than a less sure reading
    surer = ask.confidence >= max(VERY_SURE, ask.topics_sure)
    read = sure and ask.intent in WRITE_INTENTS and (surer or not clear)
    changes = changes or (read and bool(_CHANGE.search(ask.text)))
    if (number is None and not discussed) or changes:
        return None
    return topic_intent(ask.topics)


def _intent_about(facts: Facts, ask: Ask, *, sure: bool) -> str:
    """What a message that names an order wants of it: where it is, unless the reading or the words say otherwise."""
    changes = wishes_change(ask)
    if ask.intent == "refund_status" and any(name.startswith("refund") for name in ask.topics):
        changes = ask.wish_sure >= WISHED and ask.topics_sure < ASKED  # "how large is the refund?" wishes for nothing
    if sure and _fits_a_number(ask) and not (changes and _may_be_a_change(ask)):
        return ask.intent
    shares = {ask.intent: ask.confidence, **dict(ask.alternatives)}
    writes = {name: share for name, share in shares.items() if name in WRITE_INTENTS}
    changes = changes or sum(writes.values()) >= LIKELY_CHANGE
    if changes and facts.understanding.language == "en":
        wish = ask.wish if ask.wish in WRITE_INTENTS else "change_order"
        return max(writes, key=lambda name: writes[name], default=wish)
    return _continued(facts, ask)


def wishes_change(ask: Ask) -> bool:
    """Whether a text that names an order wants something done to it, by its words or by its sense."""
    learnt = ask.wish_sure >= (WISHED if ask.topics else ONLY_WISHED) and ask.topics_sure < ASKED
    return wants_order_changed(ask.text) or learnt or _plainly_wishes(ask)


def _plainly_wishes(ask: Ask) -> bool:
    """Whether an order is to be called off, changed or taken back, whatever field its words may also ask for."""
    if ask.wish not in WRITE_INTENTS:
        return False
    asks = asks_question(ask.text) or bool(_TO_KNOW.search(ask.text))
    return ask.wish_share >= LIKELIEST and ask.wish_sure >= (SURE_WISH if asks else PLAIN_WISH)


def wishes_record_changed(ask: Ask) -> bool:
    """Whether a text wants something done to other records of the customer: points moved, a card taken off."""
    return ask.wish == RECORD and ask.wish_share >= WISHED


def surely_wishes_record_changed(ask: Ask) -> bool:
    """Whether no article will do instead: "can you put 100 points back on?" asks for more than how points work."""
    return ask.wish == RECORD and ask.wish_share >= SURE_WISH


def _may_be_a_change(ask: Ask) -> bool:
    """Whether words that ask for a change outweigh a reading of how an order stands: "it must not be sent"."""
    surer = ask.confidence < max(VERY_SURE, ask.wish_sure)
    return (
        ask.intent in ("order_status", "refund_status")
        or (ask.intent == "delivery_problem" and surer)
        or (ask.intent == "invoice" and surer and _plainly_wishes(ask))
    )


def is_sure(facts: Facts, ask: Ask, intent: str) -> bool:
    """Whether the reading is worth acting on. Asking who writes harms nobody, so a foreign one may be less sure."""
    least = facts.limits.confidence
    if facts.understanding.language != "en" and intent in RECORD_RULES:
        least *= FOREIGN_SHARE
    return ask.confidence >= least or intent != ask.intent


def _fits_a_number(ask: Ask) -> bool:
    """Whether a message that names an order may mean this intent. Most ask where it is; typos mislead the head."""
    if ask.intent in RECORD_RULES or ask.confidence >= VERY_SURE:
        return True
    if ask.intent in PRODUCT_INTENTS:
        return bool(_AVAILABILITY.search(ask.text))
    return ask.intent in WRITE_INTENTS and bool(_CHANGE.search(ask.text))


def _continued(facts: Facts, ask: Ask) -> str:
    last = facts.context.intent
    return last if last is not None and last in RECORD_RULES and len(ask.text.split()) <= 8 else "order_status"


def asks_availability(ask: Ask) -> bool:
    """Whether the words ask what can be bought, and not about something bought."""
    return bool(_AVAILABILITY.search(ask.text))


def points_back(text: str) -> bool:
    """Whether a few words mean something said before: "can I still cancel it?"."""
    return bool(_OTHER.search(text)) or (
        len(text.split()) <= 6 and bool(re.search(r"\b(?:it|that|this)\b", text, re.I))
    )


def choose_of(text: str) -> Choose:
    """Which order the words point at, where they name none."""
    if _BEFORE.search(text):
        return "before"
    if _AFTER.search(text):
        return "after"
    if _OTHER.search(text):
        return "other"
    return "newest" if _NEWEST.search(text) else ""


def numbers_of(ask: Ask) -> list[str]:
    """The order numbers of a request, as they were typed where they stand in its words."""
    named = [entity for entity in ask.entities if entity.kind == "order_number"]
    typed = {
        number_key(entity.value): entity.text if number_key(entity.text) == number_key(entity.value) else entity.value
        for entity in named
    }
    return list(typed.values())


def pointed_at(text: str, orders: tuple[str, ...]) -> list[str]:
    """Numbers of the listed orders that the words point at: "the second one", "both"."""
    words = text.casefold()
    if not orders:
        return []
    if any(word in words.split() for word in ("both", "all", "each")):
        return list(orders)
    for names, choose in _WHICH:
        if any(name in words for name in names) and (number := choose(orders)):
            return [number]
    return []
