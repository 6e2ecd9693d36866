"""Days as a shop counts them: working days, Black Friday week, winter and summer."""

from datetime import UTC, date, datetime, timedelta

WINTER_MONTHS = (10, 11, 12, 1, 2)
SUMMER_MONTHS = (4, 5, 6, 7, 8)


def after_working_days(at: datetime, days: int) -> datetime:
    """The moment `days` working days later; Saturdays and Sundays do not count."""
    while days > 0:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def in_black_week(day: date) -> bool:
    """Whether the day lies in the discount week: Friday a week before Black Friday to the Monday after it."""
    friday = black_friday(day.year)
    return friday - timedelta(days=7) <= day <= friday + timedelta(days=3)


def black_friday_between(start: datetime, end: datetime) -> datetime | None:
    """The morning of the first Black Friday in (start, end), or None."""
    for year in range(start.year, end.year + 1):
        friday = black_friday(year)
        at = datetime(friday.year, friday.month, friday.day, 8, tzinfo=UTC)
        if start < at < end:
            return at
    return None
