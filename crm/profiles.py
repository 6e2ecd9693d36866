"""Profiles of customers: the newest of each, and the predictions made before. `rapport.types` says what they mean."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from crm import codec
from crm.database import Database
from crm.records_store import pieces
from crm.tables import customers, predictions, profiles
from rapport.customer_profiles import CustomerProfile
from rapport.records import CustomerId

_AT_ONCE = 500
_KEPT = ("segment", "churn_risk", "contact_risk", "value")  # columns of a profile beside its text
_FORESEEN = ("churn_risk", "contact_risk", "value", "next_purchase_days", "purchases", "spending")
_LIVING = (
    select(customers.c.id, profiles.c.as_of)
    .select_from(customers.outerjoin(profiles, profiles.c.customer_id == customers.c.id))
    .where(customers.c.removed_at.is_(None))
)
_LIVING_ONE = _LIVING.where(customers.c.id == bindparam("key"))
_LIVING_SOME = _LIVING.where(customers.c.id.in_(bindparam("keys", expanding=True)))
_NEXT_SEGMENT = select(func.min(profiles.c.segment)).where(profiles.c.segment > bindparam("after"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model said of a customer as of a moment in the past."""

    customer_id: CustomerId
    as_of: datetime
    model: str
    churn_risk: float | None = None
    contact_risk: float | None = None
    value: float | None = None
    next_purchase_days: float | None = None
    purchases: float | None = None
    spending: float | None = None


class Profiles:
    """The part of the store that keeps profiles. They go with their customer: see `RecordsWriter.remove`."""

    _database: Database

    def keep_profiles(self, found: Sequence[CustomerProfile], *, log: bool = False) -> int:
        """Keep each customer's profile unless one as of a later moment is there. Returns how many were kept.

        log: also remember the predictions, to compare them one day with what happened. Profiles of customers who are
        not (any more) there are passed over.
        """
        kept = 0
        for part in pieces(found, _AT_ONCE):
            with self._database.write() as connection:
                newest = _newest(connection, [profile.customer_id for profile in part])
                fresh = {one.customer_id: one for one in part if one.customer_id in newest}
                fresh = {id: one for id, one in fresh.items() if one.as_of >= (newest[id] or one.as_of)}
                if fresh:
                    rows = [_row(profile) for profile in fresh.values()]
                    connection.execute(_upsert(connection.dialect.name), rows)
                    if log:
                        names = ("customer_id", "as_of", "model", *_FORESEEN)
                        rows = [{name: getattr(profile, name) for name in names} for profile in fresh.values()]
                        connection.execute(insert(predictions), rows)
                kept += len(fresh)
        return kept

    def profile(self, customer: CustomerId) -> CustomerProfile | None:
        """The customer's profile, or None while there is none."""
        query = select(profiles.c.profile).where(profiles.c.customer_id == customer)
        with self._database.read() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else codec.loads(text, CustomerProfile)

    def iterate_profiles(self, *, after: str = "") -> Iterator[CustomerProfile]:
        """Every profile by the customer's key, in bounded memory."""
        while True:
            query = select(profiles.c.customer_id, profiles.c.profile).where(profiles.c.customer_id > after)
            with self._database.read() as connection:
                found = connection.execute(query.order_by(profiles.c.customer_id).limit(_AT_ONCE)).all()
            for row in found:
                yield codec.loads(row.profile, CustomerProfile)
            if len(found) < _AT_ONCE:
                return
            after = found[-1].customer_id

    def profile_values(self, *, most: int) -> list[float]:
        """What customers are worth a year, of those profiles that tell it, at most so many, by the customer's key."""
        known = select(profiles.c.value).where(profiles.c.value.is_not(None))
        with self._database.read() as connection:
            return [
                float(value)
                for value in connection.execute(known.order_by(profiles.c.customer_id).limit(most)).scalars()
            ]

    def segments(self) -> list[str]:
        """The names of the segments that profiles are in."""
        found: list[str] = []
        with self._database.read() as connection:  # from one name to the next by the index: they are few, profiles many
            while name := connection.execute(_NEXT_SEGMENT, {"after": found[-1] if found else ""}).scalar():
                found.append(name)
        return sorted(found)

    def predictions_between(self, start: datetime, end: datetime) -> Iterator[Prediction]:
        """The predictions made as of [start, end), in the order they were kept, in bounded memory."""
        after = 0
        while True:
            query = select(predictions).where(
                predictions.c.id > after, predictions.c.as_of >= start, predictions.c.as_of < end
            )
            with self._database.read() as connection:
                found = connection.execute(query.order_by(predictions.c.id).limit(_AT_ONCE * 10)).all()
            yield from (_prediction(row) for row in found)
            if len(found) < _AT_ONCE * 10:
                return
            after = found[-1].id

    def last_prediction(self) -> datetime | None:
        """As of when predictions were remembered last; None while there are none."""
        with self._database.read() as connection:
            newest: datetime | None = connection.execute(select(func.max(predictions.c.as_of))).scalar()
        return newest


def _newest(connection: Connection, keys: Sequence[str]) -> dict[str, datetime | None]:
    """As of when the profile is that each of these customers has, None without one; the living alone."""
    if len(keys) == 1:  # a list of keys is written into the statement anew each time
        found = connection.execute(_LIVING_ONE, {"key": keys[0]})
    else:
        found = connection.execute(_LIVING_SOME, {"keys": keys})
    return {row.id: row.as_of for row in found}


def _row(profile: CustomerProfile) -> dict[str, Any]:
    named = ("customer_id", "as_of", "model", *_KEPT)
    return {**{name: getattr(profile, name) for name in named}, "profile": codec.dumps(profile, CustomerProfile)}


@functools.cache
def _upsert(backend: str) -> Any:
    """Built once: for one profile SQLAlchemy would spend more on it than the database on writing it."""
    dialect = postgresql if backend == "postgresql" else sqlite
    statement = dialect.insert(profiles)
    new = {column.name: statement.excluded[column.name] for column in profiles.c if column.name != "customer_id"}
    # Two processes may have read the same older moment: the later profile stays whoever writes last.
    return statement.on_conflict_do_update(
        index_elements=["customer_id"], set_=new, where=profiles.c.as_of <= statement.excluded.as_of
    )


def _prediction(row: Any) -> Prediction:
    return Prediction(
        customer_id=CustomerId(row.customer_id),
        as_of=row.as_of,
        model=row.model,
        **{name: getattr(row, name) for name in _FORESEEN},
    )
