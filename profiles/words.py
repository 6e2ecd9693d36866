"""Numbers as a person says them: "two parcels", "a year ago". English, for colleagues."""

import math

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(n: float, one: str, many: str) -> str:
    """ "no parcels", "one parcel", "two parcels", "12 parcels"."""
    whole = round(n)
    return f"{_NUMBERS[whole] if 0 <= whole < len(_NUMBERS) else f'{whole:,}'} {one if whole == 1 else many}"


def span(days: float) -> str:
    """A length of time in the unit that fits: "less than a day", "9 days", "7 weeks", "5 months", "2 years"."""
    for unit, length, least in (("year", 365.25, 2), ("month", 30.44, 4), ("week", 7.0, 4)):
        if days >= length * least:
            return f"{days / length:.0f} {unit}s"
    if days < 1:
        return "less than a day"
    whole = math.floor(days)
    return f"{whole} day{'' if whole == 1 else 's'}"


def in_window(days: float) -> str:
    """ "in the last 90 days", or year."""
    return "in the last year" if days == 365 else f"in the last {days:.0f} days"
