"""`rapport profiles forecast`: how many contacts come in each queue and hour of the next days."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened
from ui.commands.profiles_report import season_json
from ui.commands.profiles_train_home import AsOfOption, chosen_moment

if TYPE_CHECKING:
    from profiles.forecast import Forecast


def command(
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="How many days to foresee.")] = 7,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Foresee the contacts, from the tickets and the conversations of the home. Times are UTC."""
    import numpy as np

    from agent.handover import queue_of
    from crm.histories import day_of
    from profiles.contacts import count_contacts
    from profiles.forecast import ForecastPlan, forecast
    from profiles.seasons import season_of

    with opened(home) as place:
        moment = chosen_moment(place.store, as_of, datetime.now(UTC))
        rows = place.store.contact_rows(before=moment)
    season = season_of("contacts", np.array([day for day, _ in rows]), end=day_of(moment))
    contacts = count_contacts(rows, lambda intent: queue_of([intent]), end=day_of(moment))
    found = forecast(contacts, days, ForecastPlan())
    told: dict[str, Any] = {
        "learnt_from": {"contacts": int(contacts.counts.sum()), "days": contacts.days},
        "days": _days(found),
        "hours": _hours(found) if as_json else [],
        "season": None if season is None else season_json(season),
    }
    emit(told, as_json, _render)


def _days(found: "Forecast") -> list[dict[str, Any]]:
    expected = found.by_day()
    total = expected.sum(0)
    bounds, of_all = found.bounds(expected), found.bounds(total)
    return [
        {
            "day": _date(found.first + day),
            "expected": round(float(total[day]), 2), "low": int(of_all[0, day]), "high": int(of_all[-1, day]),
            "queues": {
                queue: {"expected": round(float(expected[row, day]), 2),
                        "low": int(bounds[0, row, day]), "high": int(bounds[-1, row, day])}
                for row, queue in enumerate(found.queues)
            },
        }
        for day in range(expected.shape[1])
    ]  # fmt: skip


def _hours(found: "Forecast") -> list[dict[str, Any]]:
    from crm.histories import moment_of

    bounds = found.bounds(found.expected)
    return [
        {
            "at": moment_of(found.first + hour / 24).isoformat(timespec="minutes"), "queue": queue,
            "expected": round(float(found.expected[row, hour]), 4),
            "low": int(bounds[0, row, hour]), "high": int(bounds[-1, row, hour]),
        }
        for hour in range(found.expected.shape[1])
        for row, queue in enumerate(found.queues)
    ]  # fmt: skip


def _date(day: int) -> str:
    from crm.histories import moment_of

    return moment_of(day).date().isoformat()


def _render(told: dict[str, Any]) -> None:
    from rich.table import Table

    queues = list(told["days"][0]["queues"])
    table = Table("day", "all (8 in 10)", *queues, box=None)
    for one in told["days"]:
        cells = [f"{one['queues'][queue]['expected']:.1f}" for queue in queues]
        table.add_row(one["day"], f"{one['expected']:.1f} ({one['low']}-{one['high']})", *cells)
    console().print(table)
    learnt = told["learnt_from"]
    console().print(f"contacts to expect; learnt from {learnt['contacts']:,} contacts of {learnt['days']:,} days")
    console().print(f"season of the year: {_season(told['season'])}", markup=False)


def _season(season: dict[str, Any] | None) -> str:
    if season is None:
        return "not told; it needs a year of contacts"
    return season["words"] or "none that is sure"
