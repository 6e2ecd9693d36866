"""A profile report as one HTML page that needs no other file: its words are in templates/profile_report.html.

Every value is escaped by the template engine; pictures and styles stand in the page.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from crm.histories import moment_of
from profiles.evidence import Gain, Trial
from profiles.expectations import Group
from profiles.gathering import CLEANED
from profiles.outcomes import LEAST_ROWS
from profiles.report import ProfileReport
from profiles.seasons import MONTHS, Season, in_words
from rapport.reliability import Bin
from ui.report_pictures import amounts_picture, gains_picture, reliability_picture

FOLDER = Path(__file__).parent / "templates"
TEMPLATE, STYLE, THEME = "profile_report.html", "profile_report.css", Path(__file__).parent / "static" / "theme.css"
TITLES = {"churn_risk": "Risk of leaving", "contact_risk": "Chance of a message"}
OUTCOMES = {"churn_risk": "left", "contact_risk": "wrote"}
LONGEST_DAYS = 730.0  # what is told beyond them says no more than that it is long
FACTS = {"order": "orders", "view": "page views", "ticket": "tickets", "turn": "chat messages"}
COLUMNS = {"country": "country", "locale": "language"}


def report_page(report: ProfileReport, *, company: str) -> str:
    """The whole document."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    engine = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    engine.filters.update(percent=percent, number=number, day=day)
    style = THEME.read_text(encoding="utf-8") + (FOLDER / STYLE).read_text(encoding="utf-8")
    return engine.get_template(TEMPLATE).render(
        report=report,
        company=company,
        style=style,
        titles=TITLES,
        outcomes=OUTCOMES,
        facts=FACTS,
        columns=COLUMNS,
        cleaned=CLEANED,
        known_since=datetime.fromisoformat(report.trained.data["since"]),
        trained_as_of=datetime.fromisoformat(report.trained.data["as_of"]),
        trials={score: _shown(trial) for score, trial in _trials(report).items()},
        reliability=reliability_picture,
        told_bins=told_bins,
        amounts=_amounts(report.currency),
        expected=amounts_picture,
        told_groups=told_groups,
        days=days,
        wait=days_between,
        least=LEAST_ROWS,
        in_words=in_words,
        told_months=told_months,
        year_bars=year_bars,
    )


def percent(share: float | None, digits: int = 0) -> str:
    """ "12%"; a dash where there is none."""
    return "–" if share is None else f"{share:.{digits}%}"


def number(value: float | None, digits: int = 0) -> str:
    """With commas between thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def day(moment: datetime) -> str:
    """ "1 June 2026"."""
    return f"{moment.day} {moment:%B %Y}"


def found_at(gains: Sequence[Gain], depth: float) -> float:
    """The share that is found at the last point up to that depth; 0 where there is none."""
    return max((one.found for one in gains if one.depth <= depth + 1e-9), default=0.0)


def told_bins(bins: Sequence[Bin]) -> str:
    """The points of a reliability picture in words, for who does not see it."""
    return "; ".join(f"given {one.confidence:.0%}, came true for {one.accuracy:.0%} of {one.rows:,}" for one in bins)


def told_groups(groups: Sequence[Group], digits: int) -> str:
    """The points of a picture of amounts in words, for who does not see it."""
    return "; ".join(
        f"foreseen {number(one.told, digits)}, came {number(one.came, digits)} of {one.rows:,}" for one in groups
    )


def days(told: float) -> str:
    """ "31 days"; what lies beyond two years is told as that."""
    return "over 2 years" if told > LONGEST_DAYS else "1 day" if round(told) == 1 else f"{told:,.0f} days"


def days_between(least: float, most: float) -> str:
    """ "12 to 31 days"."""
    if least > LONGEST_DAYS:
        return days(least)
    return f"{least:,.0f} days and more" if most > LONGEST_DAYS else f"{least:,.0f} to {days(most)}"


def told_months(season: Season) -> str:
    """The bars of a year in words, for who does not see them."""
    return ", ".join(f"{month} {times:.1f}" for month, times in zip(MONTHS, season.months, strict=True))


def year_bars(season: Season) -> list[tuple[int, str]]:
    """(height in per cent of the highest, high or low or nothing) of each month."""
    most = max(season.months)
    marked = {**dict.fromkeys(season.high, "high"), **dict.fromkeys(season.low, "low")}
    return [(round(100 * times / most), marked.get(month, "")) for month, times in enumerate(season.months, start=1)]


def _amounts(currency: str) -> Mapping[str, Mapping[str, Any]]:
    """How each amount is spoken of."""
    return {
        "purchases": {"title": "Purchases", "unit": "purchases", "axis": "purchases", "digits": 2},
        "spending": {"title": f"{currency} spent", "unit": currency, "axis": currency, "digits": 0},
    }


def _trials(report: ProfileReport) -> dict[str, Trial]:
    return {} if report.evidence is None else dict(report.evidence.trials)


def _shown(trial: Trial) -> dict[str, Any]:
    """A trial with its pictures and with what the page says of it."""
    fifth, tenth = found_at(trial.gains, 0.2), found_at(trial.gains, 0.1)
    return {
        "trial": trial,
        "from_day": moment_of(trial.cutoff),
        "to_day": moment_of(trial.cutoff + trial.days),
        "reliability": reliability_picture(trial.bins),
        "gains": gains_picture(trial.gains),
        "fifth": fifth,
        "tenth": tenth,
        "lift_tenth": tenth / 0.1,
    }
