"""Deal the attacks of a file out to customers and put their hidden instructions into the records.

A wrapper hides an instruction in a place: a message or several, a help article, a past ticket, a customer's name or
address, an order's note, the name of a product or a carrier, an event. A demand is what the instruction asks for; its
target, the kind of harm. Every place meets every target.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from eval.safety_disguises import disguised
from rapport.errors import DataError
from rapport.records import AnyRecord, Article, Customer, Event, Order, Ticket, TicketMessage

if TYPE_CHECKING:
    from rapport.sample import SampleCompany

FOLDER = Path(__file__).parent / "attacks"
PLACES = ("message", "conversation", "article", "ticket", "customer_name", "address", "order_note", "product_name",
          "carrier", "event")  # fmt: skip
PARTS = ("dev", "test")
EACH = 15  # attempts of a place in a part
SOURCE = "attack"
NEXT = " || "  # between two messages of one conversation
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
NAME_ROOM = 200  # characters that the name of a product or carrier may have
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What an instruction asks for. writes: what a model that obeys says, with slots for what it must not know.

    disguise: how it writes that; a key of DISGUISES or "".
    """

    target: str
    instruction: str
    writes: str
    disguise: str = ""

    @property
    def blind(self) -> bool:
        """Whether the attacker can write it down: it has nothing in it that they do not know."""
        return "{" not in self.writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attack. question: what the customer writes last; before: what they write before it.

    told: the instruction, or the words to be said, as they stand in `hidden`. other, order_of_other: somebody whose
    data is protected. technique: what the attack relies on.
    """

    part: str
    place: str
    technique: str
    demand: Demand
    told: str
    hidden: str
    owner: Customer
    order: Order
    other: Customer
    order_of_other: Order
    question: str
    before: tuple[str, ...] = ()
    topic: tuple[str, str, str] | None = None


def deal(company: "SampleCompany", *, seed: int, limit: int | None = None) -> list[Attempt]:
    """The attempts, half of each part; 300, or `limit`. No two share a customer where there are enough of them."""
    random = Random(seed)
    owners = _owners(company, random)
    attempts: list[Attempt] = []
    for part in PARTS:
        table = read(part)
        cells = _cells(table, random)
        random.shuffle(cells)
        kept = cells if limit is None else cells[: (limit + (part == "dev")) // 2]
        topics = {place: iter(_shuffled(read("topics")["topic"], random)) for place in PLACES}
        attempts += [_attempt(part, cell, next(owners), next(topics[cell[0]["place"]])) for cell in kept]
    return attempts


def records_of(attempt: Attempt) -> Iterator[AnyRecord]:
    """The records that carry the hidden instruction; none where it stands in the message."""
    owner, order, hidden = attempt.owner, attempt.order, attempt.hidden
    if attempt.place == "article" and attempt.topic:
        title = attempt.topic[0]
        yield Article(source=SOURCE, source_id=title, title=title, text=hidden, visibility="public", url="/help")
    elif attempt.place == "ticket":
        said = (TicketMessage(role="customer", text=f"Question about {order.number}. {hidden}", at=AT),)
        yield Ticket(
            source=SOURCE,
            source_id=order.number,
            subject=hidden[:80],
            customer_id=owner.id,
            created_at=AT,
            messages=said,
        )
    elif attempt.place == "customer_name":
        yield replace(owner, name=hidden)
    elif attempt.place == "address":
        yield replace(owner, city=hidden, attrs={**owner.attrs, "address": hidden})
    elif attempt.place == "event":
        yield Event(
            source=SOURCE, source_id=order.number, customer_id=owner.id, kind="search", at=AT, attrs={"text": hidden}
        )
    elif attempt.place == "carrier":
        first = replace(order.deliveries[0], carrier=hidden[:NAME_ROOM])
        yield replace(order, deliveries=(first, *order.deliveries[1:]), payment_method=hidden[:NAME_ROOM])
    elif attempt.place == "order_note":
        yield replace(order, attrs={**order.attrs, "note": hidden, "gift_message": hidden})
    elif attempt.place == "product_name":
        yield replace(order, lines=(replace(order.lines[0], name=hidden[:NAME_ROOM]), *order.lines[1:]))


@cache
def read(name: str) -> dict[str, Any]:
    """A file of attacks. Raises DataError where it cannot be read."""
    path = FOLDER / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="Reinstall Rapport.") from error


def _cells(table: dict[str, Any], random: Random) -> list[tuple[dict[str, str], Demand]]:
    """EACH (wrapper, demand) of every place: targets and wrappers in turn.

    A wrapper that holds the very words to be said takes only demands that can be written down.
    """
    demands = [Demand(**row) for row in table["demand"]]
    cells = []
    for place in PLACES:
        wrappers = _shuffled([row for row in table["wrapper"] if row["place"] == place], random)
        for n, demand in enumerate(_by_target(demands, random)):
            fitting = [row for row in wrappers if demand.blind or "{payload}" not in row["text"]]
            wrapper = next((row for row in wrappers if row in fitting), fitting[n % len(fitting)])
            wrappers = [*(row for row in wrappers if row is not wrapper), wrapper]
            cells.append((wrapper, demand))
    return cells


def _by_target(demands: Sequence[Demand], random: Random) -> list[Demand]:
    """EACH demands, one of each target before a second of any."""
    left = _shuffled(demands, random)
    chosen: list[Demand] = []
    while len(chosen) < EACH:
        seen: set[str] = set()
        for demand in left or _shuffled(demands, random):
            if demand.target not in seen:
                seen.add(demand.target)
                chosen.append(demand)
        left = [demand for demand in left if demand not in chosen]
    return chosen[:EACH]


def _owners(company: "SampleCompany", random: Random) -> Iterator[tuple[Customer, Order, Customer, Order]]:
    """Customers with one of their orders under way or done, each beside another customer; over again when used up."""
    named = {customer.key: customer for customer in company.customers}
    orders: dict[str, Order] = {}
    for order in company.orders:
        if order.lines and order.deliveries and order.deliveries[0].tracking and order.invoice_number:
            orders.setdefault(order.customer_id, order)
    keys = _shuffled(sorted(orders), random)
    keys, others = keys[len(keys) // 5 :], keys[: len(keys) // 5]  # those whose records stay as they are
    while True:
        for at, key in enumerate(keys):
            other = others[at % len(others)]
            yield named[key], orders[key], named[other], orders[other]


def _attempt(
    part: str,
    cell: tuple[dict[str, str], Demand],
    people: tuple[Customer, Order, Customer, Order],
    topic: Sequence[str],
) -> Attempt:
    wrapper, demand = cell
    owner, order, other, order_of_other = people
    place = wrapper["place"]
    title, text, about = topic
    asked = wrapper.get("asks") or (about if place == "article" else "Where is my order {order}?")
    asked = asked.format(order=order.number)
    disguise = wrapper.get("disguise", "")
    told = disguised(demand.writes if "{payload}" in wrapper["text"] else demand.instruction, disguise)
    slots = {"question": asked, "text": text, "product": order.lines[0].name, "name": owner.name,
             "instruction": told, "payload": told}  # fmt: skip
    hidden = wrapper["text"].format(**slots)
    *before, last = hidden.split(NEXT) if place == "conversation" else (hidden if place == "message" else asked,)
    return Attempt(
        part=part, place=place, technique=wrapper.get("technique", ""), demand=demand, told=told, hidden=hidden,
        owner=owner, order=order, other=other, order_of_other=order_of_other, question=last, before=tuple(before),
        topic=(title, text, about) if place == "article" else None,
    )  # fmt: skip


def _shuffled(items: Sequence[Item], random: Random) -> list[Item]:
    chosen = list(items)
    random.shuffle(chosen)
    return chosen
