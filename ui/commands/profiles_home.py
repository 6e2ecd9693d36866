"""The customers of a home as the verbs that look at all of them at once read them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ui.commands.common import Opened
from ui.commands.profiles_train_home import chosen_moment

if TYPE_CHECKING:
    from profiles.history import History


def home_history(place: Opened, as_of: str | None) -> "tuple[History, float]":
    """Everything known of all customers as of that moment, and the moment in days since 1970-01-01."""
    from crm.histories import day_of
    from profiles.gathering import Moment
    from profiles.history import merged
    from profiles.reading import home_money, read_blocks
    from rapport.errors import UserError
    from rapport.settings_kinds import rates

    now, store, settings = datetime.now(UTC), place.store, place.settings.profiles
    end = day_of(chosen_moment(store, as_of, now))
    money = home_money(store, currency=settings.currency, rates=rates(settings.rates))
    blocks = [block.before(end) for block in read_blocks(store, money, Moment(now=day_of(now)))]
    if not blocks:
        raise UserError("there are no customers in this home.", hint="Run: rapport import customers PATH")
    return merged(blocks), end
