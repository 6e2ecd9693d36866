"""What a reply about one field of an order must say and may not say, read from the record itself.

Shares no code with the agent's own sheets and templates, which may be what is at fault.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from eval.order_facts import says
from rapport.records import Order

DENIES = re.compile(r"\b(?:no|not|none|cannot|nothing)\b|n['’]t\b", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"\b(\d{1,2}) (" + "|".join(_MONTHS) + r")[a-z]* (\d{4})\b|\b(\d{4})-(\d{2})-(\d{2})\b", re.IGNORECASE
)
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{2}\b")
# What may stand beside the answer to any question.
ALWAYS = frozenset({"number", "status"})
_BESIDE = {
    "status": {"items", "arrival", "carrier", "tracking number"},
    "arrival": {"carrier", "items"},
    "carrier": {"tracking number"},
    "tracking number": {"carrier"},
    "invoice number": {"total"},
    "refund": {"refund amount", "refund date", "refund method"},
    "refund amount": {"refund"},
    "refund date": {"refund", "refund amount"},
    "refund method": {"refund", "refund amount"},
}


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one field, each as the kinds of text that state it: dates and amounts as numbers, else words."""

    dates: frozenset[str] = frozenset()
    amounts: frozenset[Decimal] = frozenset()
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.dates or self.amounts or self.words)

    def stated(self, text: str) -> bool:
        """Whether a text states all of them."""
        return (
            self.dates <= dates_in(text) and self.amounts <= amounts_in(text) and all(says(text, w) for w in self.words)
        )

    def touched(self, text: str) -> bool:
        """Whether a text states any of them."""
        some = bool(self.dates & dates_in(text) or self.amounts & amounts_in(text))
        return some or any(says(text, word) for word in self.words)


def values_of(order: Order) -> dict[str, Values]:
    """The fields of an order by the topic that asks for them; one that the record lacks is false."""
    parcels, refunds = order.deliveries, order.refunds
    delivered = _dates(parcel.delivered_at for parcel in parcels)
    open_ones = [parcel for parcel in parcels if parcel.delivered_at is None and parcel.status != "delivered"]
    expected = _dates(parcel.expected_at for parcel in open_ones)
    return {
        "status": _words([_plain(order.status)]),
        "items": _words([line.name for line in order.lines]),
        "arrival": delivered or expected,
        "carrier": _words(parcel.carrier for parcel in parcels),
        "tracking number": _words(parcel.tracking for parcel in parcels),
        "shipping date": _dates(parcel.shipped_at for parcel in parcels),
        "order date": _dates([order.placed_at]),
        "total": Values(amounts=frozenset([order.total])) if order.total is not None else Values(),
        "payment method": _words([_plain(order.payment_method)]),
        "invoice number": _words([order.invoice_number]),
        "refund": _words(_plain(refund.status) for refund in refunds),
        "refund amount": Values(amounts=frozenset(refund.amount for refund in refunds)),
        "refund date": _dates(refund.paid_at for refund in refunds),
        "refund method": _words(_plain(refund.method) for refund in refunds),
    }


def judge(text: str, order: Order, topic: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a reply states the right values, and which other fields it states that it may not.

    Where the record lacks what is asked for, right is to say so.
    """
    values = values_of(order)
    need = ("status", "items") if topic == "status" else ("refund", "refund amount") if topic == "refund" else (topic,)
    wanted = [values[name] for name in need]
    there = all(wanted) or (topic == "status" and bool(wanted[0]))
    right = all(one.stated(text) for one in wanted if one) if there else bool(DENIES.search(text))
    # "status" is worded freely only there; the words of states are common ones
    allowed = {*need, *ALWAYS, *_BESIDE.get(topic, ()), *(("items",) if not there else ())}
    own = Values(
        frozenset().union(*(values[name].dates for name in allowed if name in values)),
        frozenset().union(*(values[name].amounts for name in allowed if name in values)),
        tuple(word for name in allowed if name in values for word in values[name].words),
    )
    others = {name: _less(one, own) for name, one in values.items() if name not in allowed}
    if not re.search("refund", text, re.IGNORECASE):
        others.pop("refund", None)  # "paid" alone is no state of a refund
    return right, tuple(sorted(name for name, one in others.items() if one and one.touched(text)))


def dates_in(text: str) -> frozenset[str]:
    """The days that a text names with their year, as ISO dates."""
    found = set()
    for match in _DATE.finditer(text):
        if match[4]:
            found.add(f"{match[4]}-{match[5]}-{match[6]}")
        else:
            found.add(f"{match[3]}-{_MONTHS.index(match[2][:3].lower()) + 1:02d}-{int(match[1]):02d}")
    return frozenset(found)


def amounts_in(text: str) -> frozenset[Decimal]:
    """The sums of money in a text: numbers with cents or thousands."""
    return frozenset(Decimal(match[0].replace(",", "")) for match in _AMOUNT.finditer(text))


def record_words(order: Order) -> str:
    """All that a reply about the order may state, as text: for finding what is invented."""
    fields: list[Any] = [order.number, order.status, order.total, order.payment_method, order.invoice_number]
    days: list[datetime | None] = [order.placed_at]
    for parcel in order.deliveries:
        fields += [parcel.status, parcel.carrier, parcel.tracking]
        days += [parcel.shipped_at, parcel.expected_at, parcel.delivered_at]
    for refund in order.refunds:
        fields += [refund.amount, refund.status, refund.method]
        days += [refund.requested_at, refund.paid_at]
    for line in order.lines:
        fields += [line.name, line.quantity, *line.options.keys(), *line.options.values()]
    fields += Counter(line.name for line in order.lines).values()  # "2 × Mug" of two lines
    written = [f"{day:%d %B %Y} {day.day} {day:%B %Y}" for day in days if day]
    return " ".join([*map(str, filter(None, fields)), *written])


def _less(one: Values, own: Values) -> Values:
    words = tuple(word for word in one.words if not any(says(mine, word) for mine in own.words))
    return Values(one.dates - own.dates, one.amounts - own.amounts, words)


def _words(values: Iterable[str | None]) -> Values:
    return Values(words=tuple(dict.fromkeys(value for value in values if value)))


def _dates(days: Iterable[datetime | None]) -> Values:
    return Values(dates=frozenset(day.date().isoformat() for day in days if day))


def _plain(words: str | None) -> str | None:
    return words.replace("_", " ") if words else None
