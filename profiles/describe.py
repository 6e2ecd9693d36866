"""A profile in words for colleagues, and what happened with a customer drawn as months. Never for the customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from crm.timeline import TimelineEntry
from profiles.words import span
from rapport.customer_profiles import CustomerProfile, ProfileDriver

MONTHS = 24
NEVER = 731.0  # days; a guess beyond them says nothing
_SHADES = " ▁▂▃▄▅▆▇█"
_ROWS = {"orders": "orders", "tickets": "tickets", "conversations": "chats", "events": "visits"}
_STANDING = {
    "new": "Has never ordered.",
    "active": "An active customer.",
    "lapsed": "Has not ordered for a long time.",
}


def describe(profile: CustomerProfile, *, products: Mapping[str, str] | None = None) -> list[str]:
    """Sentences, the most important first. products: the names of what may come next.

    A part that the predictors could not tell is not spoken of.
    """
    told = [" ".join(filter(None, (_STANDING[profile.standing], _segment(profile))))]
    for score, title in (("churn_risk", "Risk of leaving"), ("contact_risk", "Chance of a message soon")):
        chance = getattr(profile, score)
        if chance is not None:
            reasons = tuple(driver for driver in profile.drivers if driver.score == score)
            told.append(f"{title}: {_level(chance)} ({chance:.0%}).{_because(reasons)}")
    if profile.next_purchase_days is not None:
        told.append(_next_order(profile.next_purchase_days))
    if profile.value is not None:
        told.append(f"Expected to spend {profile.value:,.0f} within a year.")
    if profile.next_products:
        names = [(products or {}).get(id, id) for id in profile.next_products[:3]]
        told.append(f"May want next: {', '.join(names)}.")
    if profile.next_reasons:
        names = [reason.replace("_", " ") for reason, _ in profile.next_reasons[:3]]
        told.append(f"Would probably write about: {', '.join(names)}.")
    told.append(f"As of {profile.as_of:%d %B %Y, %H:%M} UTC, by '{profile.model}'.")
    return told


def draw_months(entries: Sequence[TimelineEntry], *, until: datetime, months: int = MONTHS) -> list[str]:
    """A line for each kind of thing that happened, one bar a month up to `until`, and the years below."""
    last = until.year * 12 + until.month - 1
    counts = {kind: [0] * months for kind in _ROWS}
    for entry in entries:
        place = months - 1 - (last - (entry.at.year * 12 + entry.at.month - 1)) if entry.at else -1
        if 0 <= place < months and entry.kind in counts:
            counts[entry.kind][place] += 1
    drawn = [f"{_ROWS[kind]:<8}│{_bars(row)}│ {sum(row):,}" for kind, row in counts.items() if any(row)]
    if not drawn:
        return ["nothing happened in these months"]
    return [*drawn, f"{'':<8} {_years(last, months)}"]


def _next_order(days: float) -> str:
    if days > NEVER:
        return f"No further order is expected within {span(NEVER)}."
    return f"The next order is expected in about {span(days)}."


def _segment(profile: CustomerProfile) -> str:
    return f"Segment: {profile.segment}." if profile.segment else ""


def _level(chance: float) -> str:
    return "high" if chance >= 0.6 else "raised" if chance >= 0.35 else "low" if chance < 0.15 else "moderate"


def _because(drivers: Sequence[ProfileDriver]) -> str:
    raising = [driver.words for driver in drivers if driver.push > 0]
    lowering = [driver.words for driver in drivers if driver.push < 0]
    told = f" Raised by: {'; '.join(raising)}." if raising else ""
    return told + (f" Lowered by: {'; '.join(lowering)}." if lowering else "")


def _bars(counts: Sequence[int]) -> str:
    most = max(counts)
    return "".join(_SHADES[0 if not n else max(1, round(n / most * (len(_SHADES) - 1)))] for n in counts)


def _years(last: int, months: int) -> str:
    line = [" "] * months
    for place in range(months):
        month = last - (months - 1 - place)
        if month % 12 == 0 and place + 4 <= months:
            line[place : place + 4] = str(month // 12)
    return "".join(line)
