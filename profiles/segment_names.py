"""Name segments in plain English by what sets them apart: how often, how much, how long ago. No chance is in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LOW, HIGH = 0.3, 0.7  # a segment's median customer below or above so much of all customers stands out


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The median customer of a segment. The places are shares of all customers that lie below, equal ones by half."""

    recency: float
    frequency: float
    money: float
    recency_place: float
    frequency_place: float
    money_place: float


def names_of(standings: Sequence[Standing]) -> tuple[str, ...]:
    """A name for each segment, no two alike.

    Where the words alone would not tell two apart, the median money is added, then the days, then a number.
    """
    names = [_words(one) for one in standings]
    names = _told_apart(names, [f"about {one.money:,.0f} each" for one in standings])
    names = _told_apart(names, [f"{one.recency:,.0f} days ago" for one in standings])
    return tuple(_told_apart(names, [f"group {place}" for place in range(1, len(names) + 1)]))


def _words(one: Standing) -> str:
    if one.frequency <= 1:
        often = "one-time"
    elif one.frequency_place >= HIGH:
        often = "frequent"
    else:
        often = "occasional" if one.frequency_place <= LOW else "regular"
    spending = "big spenders" if one.money_place >= HIGH else "small spenders" if one.money_place <= LOW else "buyers"
    if one.recency_place <= LOW:
        seen = "active lately"
    elif one.recency_place >= HIGH:
        seen = "long gone"
    else:
        seen = "quiet for a while" if one.recency_place > 0.5 else ""
    return f"{often} {spending}, {seen}" if seen else f"{often} {spending}"


def _told_apart(names: Sequence[str], more: Sequence[str]) -> list[str]:
    """The names with `more` added where one stands twice."""
    counts = Counter(names)
    return [f"{name}, {added}" if counts[name] > 1 else name for name, added in zip(names, more, strict=True)]
