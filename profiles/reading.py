"""Read a home's records into dated facts, cleaned. What cannot be used is counted by reason, never mended in silence.

- **Missing values.** What has no date is left out. An order's missing total is the sum of its lines; where a price is
  missing as well, the order counts and its money is unknown.
- **Duplicates.** The same order number of a customer at the same moment, the same event, the same ticket count once.
- **Dates.** What lies in the future, or before 1990, is left out. A status that carries no date of its own (cancelled,
  lost, declined, escalated) counts from when it is usually known.
- **Currencies.** Money is told in one currency, the one of most orders unless `profiles.currency` names it; others are
  converted where `profiles.rates` has a rate, else the order counts and its money is unknown.
- **Negative amounts.** An order below zero is money going back and no order; a refund counts by its size; a line
  without a positive quantity is left out.
- **Outliers.** Money of one order above `outlier_limit` counts as the limit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles.gathering import CLEANED, EARLIEST, Gathering, Moment, Money, Rows, floats
from profiles.history import History, Kind
from profiles.reading_orders import OrderRows, take_deliveries, take_lines, take_orders, take_refunds

if TYPE_CHECKING:
    from crm.histories import KeyRange
    from crm.store import Store

BLOCK = 2_000  # customers read at once
SETTLED_DAYS = 14.0  # how a ticket ended is known so long after its beginning, where it has no end
_KIND_OF_EVENT = {
    "page_view": Kind.VIEW, "product_view": Kind.VIEW, "add_to_cart": Kind.CART, "search": Kind.SEARCH,
    "login": Kind.LOGIN, "email_open": Kind.MAIL,
}  # fmt: skip
_EVENT_KINDS = (Kind.VIEW, Kind.TRACKING, Kind.CART, Kind.SEARCH, Kind.LOGIN, Kind.MAIL, Kind.OTHER)
_TRACKING, _OTHER = _EVENT_KINDS.index(Kind.TRACKING), _EVENT_KINDS.index(Kind.OTHER)
_CODE_OF_EVENT = {name: _EVENT_KINDS.index(kind) for name, kind in _KIND_OF_EVENT.items()}
_MOODS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


def read_history(store: "Store", keys: "KeyRange", money: Money, moment: Moment) -> History:
    """The facts of these customers, all of one state of the records; memory grows with what they did."""
    kinds = store.history_rows(keys)
    _, rows = next(kinds)
    customers = sorted((row for part in rows for row in part), key=lambda row: row[0])
    gathering = Gathering(moment, [row[0] for row in customers])
    _take_all(gathering, kinds, money)
    created = floats([row[1] for row in customers])
    with np.errstate(invalid="ignore"):
        created = np.where(created >= EARLIEST, created, np.nan)
    return History(
        customers=gathering.ids,
        created=created,
        country=np.array([row[2] or "" for row in customers], object),
        things=gathering.things(),
        facts=gathering.facts(),
        cleaned={reason: gathering.cleaned[reason] for reason in CLEANED},
    )


def read_blocks(store: "Store", money: Money, moment: Moment, *, size: int = BLOCK) -> Iterator[History]:
    """The facts of all customers, so many of them at a time."""
    for keys in store.customer_ranges(size):
        yield read_history(store, keys, money, moment)


def home_money(store: "Store", *, currency: str, rates: Mapping[str, float]) -> Money:
    """The currency that is named, else the one of most orders (the first by name of equals), with the rates."""
    counts = store.order_currencies()
    most = max(sorted(counts), key=lambda name: counts[name], default="EUR")
    return Money(currency=currency or most, rates=rates)


def outlier_limit(history: History) -> float:
    """The money of one order above which it counts as the limit: five robust deviations above the median, in logs.

    Infinite where there are fewer than 20 orders to tell from.
    """
    value = history.facts[Kind.ORDER].value
    with np.errstate(invalid="ignore"):
        logs = np.log(value[value > 0])
    if len(logs) < 20:
        return float("inf")
    middle = np.median(logs)
    deviation = 1.4826 * np.median(np.abs(logs - middle))
    return float(np.exp(middle + 5 * max(deviation, 0.25)))


def _take_all(gathering: Gathering, kinds: Iterator[tuple[str, Rows]], money: Money) -> None:
    orders = OrderRows.none()
    for kind, rows in kinds:
        match kind:
            case "events":
                _take_events(gathering, rows)
            case "orders":
                orders = take_orders(gathering, rows, money)
            case "lines":
                take_lines(gathering, rows, orders)
            case "deliveries":
                take_deliveries(gathering, rows, orders)
            case "refunds":
                take_refunds(gathering, rows, orders)
            case "tickets":
                _take_tickets(gathering, rows)
            case "turns":
                _take_turns(gathering, rows)


def _take_events(gathering: Gathering, rows: Rows) -> None:
    parts = [_event_columns(gathering, part) for part in rows]
    if not parts:
        return
    owner, day, kind, product = (np.concatenate(column) for column in zip(*parts, strict=True))
    gathering.count_dates(owner, day)
    first = gathering.first(owner, day, kind, product)
    for code, name in enumerate(_EVENT_KINDS):
        mine = np.flatnonzero(first & (kind == code))
        if len(mine):
            gathering.add(name, owner[mine], day[mine], thing=product[mine])


def _event_columns(gathering: Gathering, part: Sequence[Sequence[Any]]) -> tuple[np.ndarray, ...]:
    acts = [row for row in part if row[1] != "purchase"]  # the order tells it better
    owners, kinds, days, products, tracked = zip(*acts, strict=True) if acts else ((),) * 5
    codes = [_TRACKING if one else _CODE_OF_EVENT.get(kind, _OTHER) for kind, one in zip(kinds, tracked, strict=True)]
    return gathering.owners(owners), floats(days), np.array(codes, np.int8), gathering.codes(products)


def _take_tickets(gathering: Gathering, rows: Rows) -> None:
    found = [row for part in rows for row in part]
    if not found:
        return
    owner, created, resolved = (
        gathering.owners([row[0] for row in found]),
        *(floats([row[place] for row in found]) for place in (1, 2)),
    )
    labels: list[Mapping[str, str]] = [row[4] for row in found]
    gathering.count_dates(owner, created)
    channel = gathering.codes([row[3] for row in found])
    reason = gathering.codes([kept.get("intent") for kept in labels])
    owner = np.where(gathering.first(owner, created, channel, reason), owner, -1).astype(np.int32)
    gathering.add(Kind.TICKET, owner, created, thing=channel)
    gathering.add(Kind.REASON, np.where(reason == -1, -1, owner), created, thing=reason)
    mood = floats([_MOODS.get(kept.get("sentiment", "")) for kept in labels])
    gathering.add(Kind.MOOD, np.where(np.isnan(mood), -1, owner), created, value=mood)
    settled = np.where(np.isnan(resolved), gathering.moment.known(created, SETTLED_DAYS), resolved)
    csat = floats([row[5] for row in found])
    gathering.add(Kind.CSAT, np.where(np.isnan(csat), -1, owner), settled, value=csat)
    escalated = np.array([kept.get("escalated") == "yes" for kept in labels], bool)
    gathering.add(Kind.ESCALATED, np.where(escalated, owner, -1), settled)


def _take_turns(gathering: Gathering, rows: Rows) -> None:
    found = [row for part in rows for row in part]
    if not found:
        return
    owner, at = gathering.owners([row[0] for row in found]), floats([row[1] for row in found])
    gathering.count_dates(owner, at)
    gathering.add(Kind.TURN, owner, at)
    reason = gathering.codes([row[2] for row in found])
    gathering.add(Kind.REASON, np.where(reason == -1, -1, owner), at, thing=reason)
    mood = floats([row[3] for row in found])
    gathering.add(Kind.MOOD, np.where(np.isnan(mood), -1, owner), at, value=mood)
    handed = np.array([row[4] == "hand_over" for row in found], bool)
    gathering.add(Kind.HANDED, np.where(handed, owner, -1), at)
