"""What a predictor reads of a customer as of a day, with the meaning of each in words.

Everything is computed from a history cut at that day, so nothing that happens later can change it. What customers do is
read, not who they are: neither their country nor any attribute of their record, which carries no date besides and may
hold what was found out later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from profiles.counting import Array, Tally, divided, most_of
from profiles.history import History, Kind
from profiles.tables import Table
from profiles.words import counted, in_window, span

VISITS = (Kind.VIEW, Kind.CART, Kind.SEARCH, Kind.LOGIN)
CONTACTS = (Kind.TICKET, Kind.TURN)
SEASONS_AHEAD = 45.0  # the season is told for the middle of the coming quarter


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column. theme: what it is about, shared by columns that tell of the same thing. meaning: in words.

    within: what part of a theme of several it tells of. says: how a value of it is told, as part of a sentence.
    """

    name: str
    theme: str
    meaning: str
    compute: Callable[[Tally], Array]
    says: Callable[[Any], str]
    within: str = ""


def _window(kind: str, theme: str, days: int, kinds: tuple[Kind, ...], words: tuple[str, str]) -> Feature:
    one, many = words
    return Feature(
        name=f"{kind}_{days}",
        theme=theme,
        meaning=f"{many} {in_window(days)}",
        compute=lambda tally: tally.count(*kinds, days=days),
        says=lambda n: f"{counted(n, one, many)} {in_window(days)}",
    )


def _since_order(kind: str, theme: str, kinds: tuple[Kind, ...], words: tuple[str, str]) -> Feature:
    one, many = words
    return Feature(
        name=f"{kind}_since_order",
        theme=theme,
        meaning=f"{many} since the last order",
        compute=lambda tally: tally.count_since_order(*kinds),
        says=lambda n: f"{counted(n, one, many)} since the last order",
    )


def _ago(name: str, theme: str, kinds: tuple[Kind, ...], what: str, never: str) -> Feature:
    return Feature(
        name=name,
        theme=theme,
        meaning=f"days since {what}",
        compute=lambda tally: tally.days_since(*kinds),
        says=lambda days: never if np.isnan(days) else f"{what} was {span(days)} ago",
    )


def _plain(
    name: str, theme: str, meaning: str, compute: Callable[[Tally], Array], says: Callable[[Any], str]
) -> Feature:
    return Feature(name=name, theme=theme, meaning=meaning, compute=compute, says=says)


def _known(words: str, missing: str) -> Callable[[Any], str]:
    """Words around a number, or what is said where it is missing."""
    return lambda value: missing if value is None or np.isnan(value) else words.format(value)


def _gap(tally: Tally) -> Array:
    orders = tally.count(Kind.ORDER)
    return divided(tally.days_since_first(Kind.ORDER) - tally.days_since(Kind.ORDER), np.maximum(orders - 1, 0))


def _fading(tally: Tally) -> Array:
    lately, before = tally.count(*VISITS, days=30), tally.count(*VISITS, days=90, skip=30)
    fading: Array = np.log2((lately + 1) / (before / 2 + 1))
    return fading


def _trend(tally: Tally) -> Array:
    more: Array = tally.count(Kind.ORDER, days=90) - tally.count(Kind.ORDER, days=180, skip=90)
    return more


def _winter(tally: Tally) -> Array:
    facts = tally.history.facts[Kind.ORDER]
    month = facts.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    cold = np.bincount(facts.owner[month >= 11], minlength=tally.size)
    return divided(cold, tally.count(Kind.ORDER))


def _season(part: Callable[[float], float]) -> Callable[[Tally], Array]:
    return lambda tally: np.full(tally.size, part(2 * np.pi * ((tally.day + SEASONS_AHEAD) % 365.25) / 365.25))


def _favourite(tally: Tally) -> Array:
    lines = tally.history.facts[Kind.LINE]
    known = [tally.categories.get(name) or "" for name in tally.history.things]
    names = np.array([*known, ""], object)[lines.thing]  # NOTHING is -1: the last one
    return most_of(lines.owner[names != ""], names[names != ""], tally.size)


_BUYING = (
    _ago("days_since_order", "quiet", (Kind.ORDER,), "the last order", "has never ordered"),
    _plain("overdue", "quiet", "days since the last order over the usual days between orders",
           lambda tally: tally.days_since(Kind.ORDER) / np.maximum(_gap(tally), 1.0),
           _known("{:.1f} times the usual time between orders has passed", "has no rhythm of orders yet")),
    _plain("order_gap", "rhythm", "mean days between orders", _gap,
           _known("orders about every {:.0f} days", "has ordered once at most")),
    _window("orders", "quiet", 90, (Kind.ORDER,), ("order", "orders")),
    _window("orders", "frequency", 365, (Kind.ORDER,), ("order", "orders")),
    _plain("orders", "frequency", "orders so far", lambda tally: tally.count(Kind.ORDER),
           lambda n: f"{counted(n, 'order', 'orders')} so far"),
    _plain("order_trend", "quiet", "orders of the last 90 days less those of the 90 before", _trend,
           lambda n: "orders as often as before" if not n else
           f"{counted(abs(n), 'order', 'orders')} {'more' if n > 0 else 'fewer'} than in the 90 days before"),
    _plain("customer_days", "tenure", "days since the first order", lambda tally: tally.days_since_first(Kind.ORDER),
           lambda days: "has never ordered" if np.isnan(days) else f"a customer for {span(days)}"),
    _plain("value_365", "value", "money of the orders in the last year",
           lambda tally: tally.total(Kind.ORDER, days=365), lambda money: f"spent {money:,.0f} in the last year"),
    _plain("order_value", "value", "mean money of an order", lambda tally: tally.mean(Kind.ORDER),
           _known("spends {:,.0f} an order", "no order of known value")),
    _plain("value_trend", "value", "the last order's money over the mean",
           lambda tally: divided(tally.last_value(Kind.ORDER), np.nan_to_num(tally.mean(Kind.ORDER))),
           _known("the last order was {:.1f} times the usual size", "no order of known value")),
    _plain("lines_per_order", "basket", "lines in an order",
           lambda tally: divided(tally.count(Kind.LINE), tally.count(Kind.ORDER)),
           _known("buys {:.1f} things an order", "has never ordered")),
    _plain("discount_share", "discounts", "share of the orders that used a discount code",
           lambda tally: divided(tally.count(Kind.DISCOUNTED), tally.count(Kind.ORDER)),
           _known("{:.0%} of the orders used a discount code", "has never ordered")),
    _plain("winter_share", "season", "share of the orders in November and December", _winter,
           _known("{:.0%} of the orders came in November and December", "has never ordered")),
    _plain("season_sine", "season", "time of the year, as a sine", _season(np.sin), lambda _: "the time of the year"),
    _plain("season_cosine", "season", "time of the year, as a cosine", _season(np.cos),
           lambda _: "the time of the year"),
)  # fmt: skip
_LATE, _LOST = ("parcel came late", "parcels came late"), ("parcel was lost", "parcels were lost")
_DECLINED = ("refund was declined", "refunds were declined")
_TROUBLE = (
    _window("late", "late", 90, (Kind.LATE,), _LATE),
    _window("late", "late", 365, (Kind.LATE,), _LATE),
    _since_order("late", "late", (Kind.LATE,), _LATE),
    _window("lost", "lost", 365, (Kind.LOST,), _LOST),
    _since_order("lost", "lost", (Kind.LOST,), _LOST),
    _window("declined", "declined", 365, (Kind.DECLINED,), _DECLINED),
    _since_order("declined", "declined", (Kind.DECLINED,), _DECLINED),
    _window("returns", "returns", 365, (Kind.RETURN,), ("return", "returns")),
    _since_order("returns", "returns", (Kind.RETURN,), ("return", "returns")),
    _plain("return_share", "returns", "returns over orders",
           lambda tally: divided(tally.count(Kind.RETURN), tally.count(Kind.ORDER)),
           _known("sends back {:.0%} of the orders", "has never ordered")),
    _window("cancelled", "cancelled", 365, (Kind.CANCELLED,), ("cancelled order", "cancelled orders")),
)  # fmt: skip
_VISIT = ("visit to a page", "visits to pages")
_VISITING = (
    _ago("days_since_visit", "quiet", VISITS, "the last visit", "has never visited the site"),
    _window("visits", "quiet", 30, VISITS, _VISIT),
    _window("visits", "quiet", 90, VISITS, _VISIT),
    _since_order("visits", "quiet", VISITS, _VISIT),
    _plain("visits_fading", "quiet", "visits of the last 30 days against the 60 before, as a power of two", _fading,
           lambda power: "visits as before" if abs(power) < 0.5 else
           f"visits have {'become more' if power > 0 else 'faded'} in the last 30 days"),
    _window("carts", "carts", 30, (Kind.CART,), ("thing put into the cart", "things put into the cart")),
    _window("tracking", "tracking", 30, (Kind.TRACKING,), ("look at a parcel", "looks at a parcel")),
    _window("searches", "quiet", 90, (Kind.SEARCH,), ("search", "searches")),
    _window("mails", "mails", 90, (Kind.MAIL,), ("mail opened", "mails opened")),
)  # fmt: skip
_WROTE = ("message to us", "messages to us")
_UPSET = ("upset message", "upset messages")
_CONTACT = (
    _ago("days_since_contact", "contacts", CONTACTS, "the last message to us", "has never written to us"),
    _window("contacts", "contacts", 30, CONTACTS, _WROTE),
    _window("contacts", "contacts", 90, CONTACTS, _WROTE),
    _window("contacts", "contacts", 365, CONTACTS, _WROTE),
    _window("chats", "chats", 90, (Kind.TURN,), ("message in the chat", "messages in the chat")),
    _plain("upset_365", "mood", "upset messages in the last year", lambda tally: tally.negative(days=365),
           lambda n: f"{counted(n, *_UPSET)} in the last year"),
    _plain("upset_since_order", "mood", "upset messages since the last order",
           lambda tally: tally.negative(since_order=True),
           lambda n: f"{counted(n, *_UPSET)} since the last order"),
    _plain("mood", "mood", "mean mood of the messages in the last year, -1 to 1",
           lambda tally: tally.mean(Kind.MOOD, days=365), _known("mean mood {:+.1f}", "has not written for a year")),
    _plain("csat", "satisfaction", "mean satisfaction with our answers in the last year, 0-1",
           lambda tally: tally.mean(Kind.CSAT, days=365),
           _known("satisfaction {:.0%}", "gave no satisfaction score in the last year")),
    _window("escalated", "escalated", 365, (Kind.ESCALATED,), ("escalation", "escalations")),
    _window("handed", "escalated", 90, (Kind.HANDED,), ("conversation given to a person",
            "conversations given to a person")),
)  # fmt: skip
# Who stays away stays away from orders and visits: one reason, told of both.
NUMERIC: tuple[Feature, ...] = (
    *(replace(feature, within="orders") for feature in _BUYING),
    *_TROUBLE,
    *(replace(feature, within="visits") for feature in _VISITING),
    *_CONTACT,
)
CATEGORICAL: tuple[Feature, ...] = (
    _plain("channel", "channel", "the channel they write on most", lambda tally: tally.most(Kind.TICKET),
           lambda name: f"writes by {name}" if name else "has never written"),
    _plain("reason", "reason", "why they wrote last", lambda tally: tally.last_thing(Kind.REASON),
           lambda name: f"wrote last about {name.replace('_', ' ')}" if name else "has never written"),
    _plain("favourite", "favourite", "the category they have bought most of", _favourite,
           lambda name: f"buys {name} most" if name else "no favourite category"),
    _plain("payment", "payment", "how the last order was paid", lambda tally: tally.last_thing(Kind.ORDER),
           lambda name: f"paid last with {name}" if name else "no known payment"),
)  # fmt: skip
FEATURES: Mapping[str, Feature] = {feature.name: feature for feature in (*NUMERIC, *CATEGORICAL)}


def feature_table(history: History, day: float, *, limit: float, categories: Mapping[str, str] | None = None) -> Table:
    """One row a customer, as of the beginning of `day`; the history may go on, what comes later is not looked at.

    limit: the money of one order that counts at most. categories: product -> category, for the favourite one.
    """
    return tally_table(Tally(history.before(day), day, limit=limit, categories=categories or {}))


def tally_table(tally: Tally) -> Table:
    """One row a customer of the tally, as of the beginning of its day."""
    return Table(
        ids=tally.history.customers,
        numeric={feature.name: feature.compute(tally).astype(np.float64) for feature in NUMERIC},
        categorical={feature.name: feature.compute(tally) for feature in CATEGORICAL},
    )
