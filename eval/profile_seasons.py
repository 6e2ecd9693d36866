"""Whether the seasons that are planted in the sample company are found as `rapport profiles report` tells them.

Planted are months in which all orders rise, and in which winter and summer goods sell (`[season]` in the sample's
shop.toml). What is found is compared with that month by month.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eval.report import Bound
from rapport.records import RecordKind

if TYPE_CHECKING:
    from crm.store import Store
    from profiles.seasons import Season

SEASON_BOUNDS = (
    Bound(name="season_months", least=0.9),
    Bound(name="seasons_told", least=0.8),
    Bound(name="season_months_wrong", most=0.1),
)


def measure_seasons(store: "Store", moment: datetime) -> dict[str, Any]:
    """The figures of SEASON_BOUNDS, over everything that has a planted season, as known at that moment.

    season_months: of the planted months, how many are among as many highest ones; 5 of 12 would be by chance.
    seasons_told: of how many any month is told as high. season_months_wrong: of the months so told, the share that is
    not planted.
    """
    planted = planted_seasons()
    found = {season.name: season for season in _found(store, moment) if season.name in planted}
    told = [(name, month) for name, season in found.items() for month in season.high]
    wrong = sum(month not in planted[name] for name, month in told)
    return {
        "season_months": sum(_agrees(found.get(name), months) for name, months in planted.items()) / len(planted),
        "seasons_told": len({name for name, _ in told}) / len(planted),
        "season_months_wrong": wrong / max(len(told), 1),
        "seasons": len(planted),
    }


def planted_seasons() -> dict[str, tuple[int, ...]]:
    """By name, the months in which it comes most: a fifth above the average month, or the season of its category."""
    from profiles.seasons import CLEAR
    from rapport.sample.calendar_days import SUMMER_MONTHS, WINTER_MONTHS
    from rapport.sample.data_files import toml

    season: Mapping[str, Sequence[Any]] = toml("shop")["season"]
    weights = season["months"]
    mean = sum(weights) / len(weights)
    found = {"orders": tuple(month for month, weight in enumerate(weights, start=1) if weight >= CLEAR * mean)}
    for kind, months in (("winter", WINTER_MONTHS), ("summer", SUMMER_MONTHS)):
        found |= {name.replace("_", " "): tuple(months) for name in season[kind]}
    return found


def _found(store: "Store", moment: datetime) -> tuple["Season", ...]:
    import numpy as np

    from crm.histories import day_of
    from profiles.buying import Shelf
    from profiles.gathering import Money
    from profiles.sampling import sampled
    from profiles.seasons import home_seasons

    end = day_of(moment)
    history = sampled(store, Money(currency="EUR"), (end, end), most=store.count(RecordKind.CUSTOMERS), seed=0)
    contacts = np.array([day for day, _ in store.contact_rows(before=moment)])
    return () if history is None else home_seasons(history, contacts, Shelf.of(store).category, end=end)


def _agrees(season: "Season | None", months: Sequence[int]) -> float:
    if season is None:
        return 0.0
    order = sorted(range(1, 13), key=lambda month: -season.months[month - 1])
    return len(set(order[: len(months)]) & set(months)) / len(months)
