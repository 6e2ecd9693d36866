"""Choose what to do next. Knows nothing of models, records or wording; pure functions of the facts.

Rules that concern the whole message come first (a person asked for, an offer answered, identity given); then each
request is decided by itself, and what two of them share is asked once.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from agent.context import Wanted
from agent.decide_ask import decide_ask, record_after, record_step, speaks_of_own, step, waiting_for_identity
from agent.decide_bounds import asked_who, beyond, tried_to_be_verified, trouble_elsewhere, wants_nobody_here
from agent.decide_intent import asks_availability, numbers_of, pointed_at, points_back
from agent.facts import Facts, Step
from agent.forms import asks_question
from agent.intents import ANSWERS_TO_US, RECORD_RULES, SMALL_TALK, WRITE_INTENTS
from agent.passing import told_in_passing
from agent.topics import asks_of_order
from rapport.escalation import GRAVE, REASONS
from rapport.types import Ask, Identity, State

_WHY = re.compile(
    r"^\W*(?:but |and )?(?:why|what for|what do you need|is (?:that|this|it) (?:really )?necessary|"
    r"do i (?:really )?(?:have|need) to)\b"
    r"(?:\W+\w+){0,8}\W*$",
    re.IGNORECASE,
)
MOST_STEPS = 4
_NO_OFFER = SMALL_TALK | {"declined"}
SET_PHRASE = 0.99  # confidence of a whole message that has a fixed meaning
STORY = 0.9  # probability of escalation below which a clear question about an order is answered, and a person offered
SURE_ABROAD = 0.8  # of a wish for a person in a language that the head reads badly
_ANSWERED_BESIDE = frozenset({REASONS["legal"], REASONS["anger"]})
_GRAVE = frozenset(REASONS[name] for name in GRAVE)
_SAYS_NOTHING = frozenset({"clarify", "clarify_open", "out_of_scope", "nothing_pending", "abuse", "declined"})
# What is told beside the thanks for identity facts, where nothing else waited for them.
_OWED = frozenset({"article", "article_then_offer", "cannot_do"})
_THEM = re.compile(r"\b(?:he|she|him|her|his|hers)(?:['’]\w+)?\b", re.IGNORECASE)
# What a part of a message that speaks of nobody seems to want where it goes on about another person.
_OF_OTHERS = frozenset({"verify", "verified_before", "cannot_do", "no_answer"})
LEAST_SHARE = 0.15  # of the probability, for a second reading of a message to count
# What the agent still answers while the customer waits for a person.
_WHILE_WAITING = frozenset({"article", "thanks", "goodbye", "verified_only", "verified_before"})


def decide(facts: Facts) -> tuple[Step, ...]:
    """What the turn does, in the order of the reply; at least one step."""
    return _while_waiting(facts, _with_offer(facts, _decide(facts)))


def _decide(facts: Facts) -> tuple[Step, ...]:
    first = (_danger_or_law, _person_asked_for, _identity_refused, _escalation)
    for rule in (*first, _out_of_bounds, _offer_answered, _identity_given, _question_answered):
        if steps := rule(facts):
            return steps
    return _each(facts, facts.understanding.asks)


def _danger_or_law(facts: Facts) -> tuple[Step, ...]:
    return _escalation(facts) if facts.understanding.escalate_reason in _GRAVE else ()


def _person_asked_for(facts: Facts) -> tuple[Step, ...]:
    if wants_nobody_here(facts):
        return ()
    for index, ask in enumerate(facts.understanding.asks):
        least = facts.limits.confidence if facts.understanding.language == "en" else SURE_ABROAD
        sure = ask.confidence >= least and ask.in_scope >= facts.limits.in_scope
        if ask.intent == "talk_to_person" and sure and facts.understanding.escalate >= facts.limits.person:
            return (step("hand_over", "the customer asked for a person", "asked_for_person", ask, index),)
    return ()


def _identity_refused(facts: Facts) -> tuple[Step, ...]:
    given, main = facts.identified, facts.understanding.main
    if given.outcome != "failed" or given.failures < facts.limits.attempts:
        return ()
    return (step("hand_over", "identity could not be confirmed", "verify_limit", main, 0),)


def _escalation(facts: Facts) -> tuple[Step, ...]:
    said = facts.understanding
    if trouble_elsewhere(facts) or tried_to_be_verified(facts):
        return ()
    set_phrase = said.main.intent in SMALL_TALK and said.main.confidence >= SET_PHRASE  # "are you a robot?"
    if said.escalate_level != "escalate" or (set_phrase and len(said.asks) == 1):
        return ()
    clear = any(asks_of_order(ask) and numbers_of(ask) for ask in said.asks)
    if clear and (said.escalate < STORY or told_in_passing(said)):
        return ()
    if said.escalate_reason == REASONS["person"]:
        return (step("hand_over", "the customer asked for a person", "asked_for_person", said.main, 0),)
    reason = said.escalate_reason or "the conversation needs a person"
    over = step("hand_over", reason, "escalation", said.main, 0)
    # what a court or a customer who is angry at us wants to know of an order is told beside
    owed = _each(facts, said.asks) if clear and reason in _ANSWERED_BESIDE else ()
    return (*(one for one in owed if one.looks_up), over)


def _out_of_bounds(facts: Facts) -> tuple[Step, ...]:
    """Goes before what an answer to us may mean: "what did jo@example.com buy?" gives no identity facts."""
    asks = facts.understanding.asks
    if asked_who(facts):
        return ()
    found = any(beyond(facts, ask, index, None) for index, ask in enumerate(asks) if not numbers_of(ask))
    return _each(facts, asks) if found else ()


def _offer_answered(facts: Facts) -> tuple[Step, ...]:
    pending, main = facts.context.pending, facts.understanding.main
    if not pending or pending.kind != "offer" or len(facts.understanding.asks) > 1:
        return ()
    if main.intent == "confirm":
        return (step("hand_over", "the customer accepted the offer of a person", "offer_accepted", main, 0),)
    if main.intent == "deny" and not numbers_of(main):
        return (step("answer", "the customer declined the offer of a person", "declined", main, 0),)
    return ()


def _identity_given(facts: Facts) -> tuple[Step, ...]:
    given, main = facts.identified, facts.understanding.main
    if given.outcome == "none":
        return ()
    waiting = waiting_for_identity(facts)
    if given.outcome == "failed":
        failed = step("ask", "the identity facts match no customer", "verify_failed", main, 0)
        return (replace(failed, wanted=waiting or _personal(facts)),)
    if given.outcome == "partial":
        more = step("ask", "some identity facts are missing", "verify_more", main, 0)
        return (replace(more, missing=given.missing, wanted=waiting or _personal(facts)),)
    asks = [ask for ask in facts.understanding.asks if ask.intent not in ANSWERS_TO_US | SMALL_TALK]
    resumed = tuple(record_step(facts, item, main) for item in waiting or _asked_beside(main))
    others = _each(facts, [ask for ask in asks if _adds_something(facts, ask, resumed)]) if asks else ()
    others = tuple(other for other in others if other.looks_up or (other.rule in _OWED and not resumed))
    if resumed or others:
        first = (resumed + others)[0]
        greeted = replace(first, decision=replace(first.decision, reason=f"verified; {first.decision.reason}"))
        return (greeted, *(resumed + others)[1:])
    return (step("answer", "the identity facts match", "verified_only", main, 0),)


def _question_answered(facts: Facts) -> tuple[Step, ...]:
    """The customer answers what the last reply asked: an order number, one of the listed orders, a yes to a guess."""
    pending, main = facts.context.pending, facts.understanding.main
    if pending is None or len(facts.understanding.asks) > 1:
        return ()
    if pending.kind in ("order_number", "which_order") and pending.wanted:
        named = numbers_of(main) or pointed_at(main.text, facts.context.orders)
        if named and _only_names_an_order(main):
            return tuple(record_step(facts, replace(pending.wanted[0], order=number), main) for number in named[:3])
    if pending.kind == "verify" and _WHY.match(main.text):
        why = step("ask", "asked why identity facts are needed", "verify_why", main, 0)
        return (replace(why, wanted=pending.wanted),)
    if pending.kind == "verify" and main.intent == "confirm":
        again = step("ask", "agreed to be verified and gave no facts yet", "verify", main, 0)
        return (replace(again, wanted=pending.wanted),)
    if pending.kind == "clarify" and len(pending.wanted) == 1 and main.intent == "confirm":
        wanted = pending.wanted[0]
        return (
            decide_ask(facts, replace(main, intent=wanted.intent, confidence=1.0, in_scope=1.0, text=wanted.text), 0),
        )
    return ()


def _each(facts: Facts, asks: Iterable[Ask]) -> tuple[Step, ...]:
    chosen = list(asks)
    serious = [ask for ask in chosen if ask.intent not in SMALL_TALK]
    steps: list[Step] = []
    for ask in serious or chosen[:1]:
        index = facts.understanding.asks.index(ask) if ask in facts.understanding.asks else 0
        numbers: list[str] | list[None] = numbers_of(ask)[:3] or [None]
        for number in numbers:
            taken = beyond(facts, ask, index, number) or decide_ask(facts, ask, index, number)
            told = any(one.looks_up and one.order == number for one in steps) if number else False
            first = [] if told else _record_first(facts, taken, number)
            steps.extend((*first, taken, *record_after(facts, taken)))
    return _together(steps)


def _record_first(facts: Facts, taken: Step, number: str | None) -> list[Step]:
    """Before anything else about an order is said, its status is looked up: it decides what can still be done."""
    change = taken.rule in ("article_then_offer", "cannot_do")
    change = change or (taken.rule == "article" and taken.intent in WRITE_INTENTS and points_back(taken.ask.text))
    order = number or (facts.context.order if change else None)
    if order is None or taken.looks_up or taken.rule in ("verify", "verify_limit", "out_of_scope"):
        return []
    wanted = Wanted(intent="order_status", text=taken.ask.text, order=order)
    if facts.identity is Identity.VERIFIED:
        return [record_step(facts, wanted, taken.ask)]
    if number is None:
        return []
    verify = step("ask", "own records are for verified customers", "verify", taken.ask, taken.index)
    return [replace(verify, wanted=(wanted,))]


def _together(steps: list[Step]) -> tuple[Step, ...]:
    """Drop what says nothing beside a real answer, and ask for identity once for all that need it."""
    useful = [one for one in steps if one.rule not in _SAYS_NOTHING]
    if any(one.rule == "others" for one in useful):
        # "can you see if my daughter has ordered? She is 17": the second part asks for nothing of their own
        useful = [one for one in useful if not _goes_on_about_others(one)]
    if any(one.order is not None or one.rule == "verify" for one in useful):
        # "I've no account with you" wants no answer beside it
        useful = [
            one for one in useful if one.rule != "no_answer" or numbers_of(one.ask) or asks_question(one.ask.text)
        ]
        # "where are the boots I bought?" is about the order, not about what the shop sells
        useful = [one for one in useful if one.rule != "product" or asks_availability(one.ask)]
    kept: list[Step] = []
    seen: set[tuple[str, str, str | None]] = set()
    for one in useful or steps[:1]:
        about = "" if one.rule in ("verify", "clarify", "cannot_do") else one.ask.query
        rule = "order_status" if one.rule == "delivery" and one.order else one.rule  # both tell how it stands
        sign = (rule, about if one.order is None else " ".join(one.topics), one.order)
        if one.rule == "verify":
            sign = ("verify", "", None)
            for place, other in enumerate(kept):
                if other.rule == "verify":
                    kept[place] = replace(other, wanted=other.wanted + one.wanted)
        if sign not in seen:
            seen.add(sign)
            kept.append(one)
    # what asks the customer something comes last, so that the question is what they read last
    kept.sort(key=lambda one: one.decision.kind in ("ask", "hand_over"))
    if any(one.rule == "verify" for one in kept):
        kept = [replace(one, offers=False) for one in kept]  # one question at a time
    return tuple(kept[:MOST_STEPS])


def _goes_on_about_others(taken: Step) -> bool:
    """Whether a part of a message beside a question about another person is about that person, too."""
    if numbers_of(taken.ask) or taken.rule == "others":
        return False
    of_records = taken.rule in _OF_OTHERS or (taken.looks_up and taken.rule != "product")
    return bool(_THEM.search(taken.ask.text)) or (of_records and not speaks_of_own(taken.ask))


def _with_offer(facts: Facts, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Offer a person beside the answer: to an uneasy customer, and to one who writes another language."""
    if facts.understanding.escalate_level != "answer" and _may_offer(facts, steps):
        return (*steps[:-1], replace(steps[-1], offers=True))
    if facts.understanding.language == "en":
        return steps
    return tuple(replace(one, offers=True) if one.looks_up or one.rule.startswith("article") else one for one in steps)


def _may_offer(facts: Facts, steps: tuple[Step, ...]) -> bool:
    """One question at a time, none twice in a row, none after small talk or in the place of one just declined."""
    pending = facts.context.pending
    just_offered = pending is not None and pending.kind == "offer"
    return not just_offered and all(one.decision.kind == "answer" and one.rule not in _NO_OFFER for one in steps)


def _while_waiting(facts: Facts, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """In the queue the agent still answers what it surely can; all else is passed to the waiting person."""
    if facts.state is not State.QUEUED:
        return steps
    sure = tuple(replace(one, offers=False) for one in steps if one.decision.kind == "answer")
    sure = tuple(one for one in sure if one.looks_up or one.rule in _WHILE_WAITING)
    main = facts.understanding.main
    return sure or (step("answer", "the customer waits for a person already", "waiting", main, 0),)


def _personal(facts: Facts) -> tuple[Wanted, ...]:
    """The questions of this very message that wait for the identity given with it."""
    unsure = replace(facts, identity=Identity.ANONYMOUS)
    steps = _each(unsure, [ask for ask in facts.understanding.asks if ask.intent not in ANSWERS_TO_US])
    return tuple(item for one in steps if one.rule == "verify" for item in one.wanted)


def _asked_beside(main: Ask) -> tuple[Wanted, ...]:
    """What a message that gives identity facts asks for as well, where it was read as one request."""
    if main.intent not in ANSWERS_TO_US:
        return ()
    likely = [name for name, share in main.alternatives if name in RECORD_RULES and share >= LEAST_SHARE]
    intent = likely[0] if likely else "order_status"
    numbers = numbers_of(main)[:3]
    if numbers:
        return tuple(Wanted(intent=intent, text=main.text, order=number) for number in numbers)
    return (Wanted(intent=intent, text=main.text),) if likely else ()


def _adds_something(facts: Facts, ask: Ask, resumed: tuple[Step, ...]) -> bool:
    """Whether a request in the message that gave the identity is a new one: it names an order or nothing waited."""
    taken = {one.order for one in resumed}
    return not resumed or any(number not in taken for number in numbers_of(ask))


def _only_names_an_order(ask: Ask) -> bool:
    """Short enough to be the answer to our question, or no other request of its own."""
    return len(ask.text.split()) <= 8 or ask.intent in ANSWERS_TO_US or ask.intent == "order_status"
