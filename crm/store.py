"""The only door to the database. What it keeps is told by `rapport.records` and `rapport.types`."""

from types import TracebackType
from typing import Self

from crm import schema
from crm.conversations import Conversations
from crm.database import Database, parse_url
from crm.edits import Edits
from crm.histories import Histories
from crm.logs import Logs
from crm.moves import Moves
from crm.profiles import Profiles
from crm.records_reader import RecordsReader
from crm.records_store import RecordsWriter
from crm.suggestions import Suggestions
from crm.timeline import Timeline
from crm.turns import Turns
from crm.values import (
    AuditEntry,
    Change,
    Checkpoint,
    Counts,
    Feedback,
    StaleTurn,
    StoreBusy,
    Suggestion,
    Transition,
)

__all__ = [
    "AuditEntry",
    "Change",
    "Checkpoint",
    "Counts",
    "Feedback",
    "StaleTurn",
    "Store",
    "StoreBusy",
    "Suggestion",
    "Transition",
]


class Store(
    RecordsWriter, RecordsReader, Edits, Conversations, Moves, Turns, Suggestions, Logs, Timeline, Histories, Profiles
):
    """Records and conversations of one company. Threads may share it; processes open one each."""

    def __init__(self, database: Database, store_id: str) -> None:
        self._database = database
        self.store_id = store_id

    @classmethod
    def open(cls, url: str, *, busy_timeout_ms: int = 10_000) -> "Store":
        """Open a database, make or migrate its tables, and check that it can be written.

        busy_timeout_ms: how long a writer waits for another one before StoreBusy.
        Raises SettingsError where the place cannot be reached or written, MissingPackage without psycopg for
        PostgreSQL, DataError for a file that is no database of ours or comes from a newer Rapport.
        """
        database = Database(parse_url(url), busy_timeout_ms=busy_timeout_ms)
        try:
            return cls(database, schema.ensure(database))
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
