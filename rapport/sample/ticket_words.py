"""Put a ticket into words: the customer's message with its mess, and the agent's replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from random import Random

from rapport.records import Delivery
from rapport.sample.data_files import sections, table
from rapport.sample.grammar import fill, number_form, render, with_noise
from rapport.sample.ticket_cases import Case
from rapport.sample.utterances import Family, families, mood_lines

AGENTS = ("Jip", "Marieke", "Anselm", "Orla", "Farid", "Helga", "Noor", "Etienne")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECOND = ("invoice", "discount_code", "shipping_info", "product_availability", "loyalty_program", "return_item")


@dataclass(frozen=True, slots=True)
class Words:
    """A customer's message. second_intent: what else it asks, or empty."""

    text: str
    sentiment: str
    language: str
    second_intent: str = ""


def customer_message(random: Random, case: Case, channel: str) -> Words:
    """What the customer wrote: the train phrases only, so that held-out ones stay unseen by whoever fits on tickets."""
    language = _language(random, case)
    mood = "negative" if random.random() < case.upset else "positive" if random.random() < 0.08 else "neutral"
    family, bare = _family(random, case.intent, mood, language)
    values = _values(random, case)
    text = render(random, family.template, values)
    if language != "en":
        return Words(with_noise(random, text, level=0.3), family.sentiment, language)
    if bare:
        line = render(random, random.choice(mood_lines(mood, random.choice(("before", "after")), "train")))
        text = f"{_ended(text)} {line}"
    second = ""
    if random.random() < 0.13 and case.intent != "oos":
        second = random.choice([intent for intent in _SECOND if intent != case.intent])
        other, _ = _family(random, second, "neutral", "en")
        join = random.choice(_context("join"))
        text = f"{_ended(text)} {join} {_lowered(render(random, other.template, values))}"
    if channel == "email":
        text = _as_mail(random, text, case)
    text = with_noise(random, text, level=0.5 if channel == "chat" else 0.25)
    return Words(text, mood if bare else family.sentiment, "en", second)


def agent_reply(random: Random, case: Case, words: Words, agent: str) -> str:
    """The answer to a case. Its facts are those of the order at hand."""
    values = {**_reply_values(random, case), "agent": agent}
    if words.language != "en":
        found = _replies("other_languages")
        lines = found.get(f"{case.intent} {words.language}") if case.order else None
        return render(random, random.choice(lines or found[f"any {words.language}"]), values)
    found = _replies("english")
    lines = found.get(f"{case.intent} {case.situation}") or found[f"{case.intent} any"]
    return render(random, random.choice(lines), values)


def agent_line(random: Random, kind: str, case: Case, agent: str) -> str:
    """A line of another kind: "closing", "again" (after a second complaint) or "note" (among staff)."""
    values = {"first": _first_name(case), "agent": agent}
    return render(random, random.choice(_replies("english")[f"{kind} any"]), values)


def follow_up(random: Random, kind: str, words: Words, agent: str) -> str:
    """The customer's second message: "thanks", or "again" when the reply did not help."""
    name = kind if words.language == "en" else f"{kind} {words.language}"
    return with_noise(random, render(random, random.choice(_context(name)), {"agent": agent}), level=0.3)


def _language(random: Random, case: Case) -> str:
    locale = case.customer.locale
    spoken = {family.language for family in families() if family.intent == case.intent}
    return locale if locale in spoken and random.random() < 0.85 else "en"


def _family(random: Random, intent: str, mood: str, language: str) -> tuple[Family, bool]:
    """(a train family, whether the mood still has to be added by a line)."""
    own = _train_families(intent, language)
    fitting = [family for family in own if family.sentiment == mood]
    if language != "en":
        return random.choice(own), False
    if fitting and (mood == "neutral" or random.random() < 0.7 or intent in ("complaint", "talk_to_person", "oos")):
        return random.choice(fitting), False
    neutral = [family for family in own if family.sentiment == "neutral"] or own
    return random.choice(neutral), mood != "neutral"


@cache
def _train_families(intent: str, language: str) -> tuple[Family, ...]:
    return tuple(
        family
        for family in families()
        if family.intent == intent and family.language == language and family.split == "train"
    )


def _values(random: Random, case: Case) -> dict[str, str]:
    customer, order = case.customer, case.order
    values = {
        "name": customer.name,
        "email": customer.email or "",
        "postcode": customer.postcode or "",
        "phone": customer.phone or "",
        "code": random.choice(("WELCOME10", "STUDENT12", "BLACKTRAIL20")),
        "any_thing": fill(random, "one_thing"),
    }
    if order is None or order.placed_at is None:
        name = random.choice(table("products"))["name"]
        return {**values, "item": name, "product": name, "order": number_form(random, _own_number(random))}
    line = random.choice(order.lines)
    short = line.name.split(" ", 1)[1]
    values |= {
        "order": number_form(random, order.number),
        "item": random.choice((line.name, short, short.lower())),
        "product": line.name,
        "amount": f"€{order.refunds[0].amount if order.refunds else order.total}",
        "day": f"{order.placed_at.day} {_MONTHS[order.placed_at.month - 1]}",
        "invoice": order.invoice_number or "the invoice",
    }
    values["a_item"] = f"the {values['item']}"
    if "colour" in line.options and random.random() < 0.7:
        values["colour"] = line.options["colour"]
    if order.deliveries and order.deliveries[0].tracking:
        values["tracking"] = order.deliveries[0].tracking
        values["carrier"] = order.deliveries[0].carrier or "the carrier"
    return values


def _reply_values(random: Random, case: Case) -> dict[str, str]:
    order = case.order
    values = {"first": _first_name(case), "item": random.choice(table("products"))["name"], "order": "your order",
              "amount": "€10.00", "reason": "wear outdoors"}  # fmt: skip
    if order is None:
        return values
    parcel = order.deliveries[0] if order.deliveries else Delivery(status="preparing")
    refund = order.refunds[0] if order.refunds else None
    return values | {
        "item": order.lines[0].name,
        "order": order.number,
        "amount": f"€{refund.amount if refund else order.total}",
        "reason": (refund.reason if refund else None) or values["reason"],
        "paid": _spoken(refund.paid_at if refund else None),
        "carrier": parcel.carrier or "the carrier",
        "tracking": parcel.tracking or "in your e-mail",
        "expected": _spoken(parcel.expected_at),
        "delivered": _spoken(parcel.delivered_at),
    }


def _spoken(at: datetime | None) -> str:
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}" if at else "the day named in your e-mail"


def _first_name(case: Case) -> str:
    return case.customer.name.split(" ")[0]


def _own_number(random: Random) -> str:
    return f"LF-{random.randint(203_200, 216_800)}"


def _as_mail(random: Random, text: str, case: Case) -> str:
    """A mail has a greeting, now and then a story around the question, and a name below."""
    parts = [random.choice(("Hello,", "Hi there,", "Dear Larchfell team,", "Good morning,", "Hi,", ""))]
    if random.random() < 0.3:
        parts.append(render(random, random.choice(_context("before"))))
    parts.append(text)
    if random.random() < 0.25:
        parts.append(render(random, random.choice(_context("after"))))
    signed = random.choice((case.customer.name, _first_name(case), f"Kind regards, {case.customer.name}", ""))
    return "\n\n".join(part for part in (*_paragraphs(parts), signed) if part)


def _paragraphs(parts: Sequence[str]) -> tuple[str, str]:
    return parts[0], " ".join(part for part in parts[1:] if part)


def _ended(text: str) -> str:
    return text if text[-1:] in ".?!" else text + "."


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if not text.startswith(("I ", "I'")) else text


@cache
def _replies(name: str) -> dict[str, tuple[str, ...]]:
    return dict(sections("replies", name))


def _context(heading: str) -> tuple[str, ...]:
    return _replies("context")[heading]
