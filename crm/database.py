"""One connection pool to SQLite or PostgreSQL: transactions, waiting for other writers, errors in plain words.

A read sees one state of the database from its first statement to its last. A write is one transaction; on SQLite it
takes the write lock when it begins, so it never has to give up half-way. Knows nothing of what the tables hold.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, StatementError, TimeoutError

from crm.failures import explained, is_busy
from crm.values import StoreBusy
from rapport.errors import MissingPackage, SettingsError

log = logging.getLogger(__name__)

# A web server's threads each hold a connection for milliseconds. Parameters are personal data: never in a message.
_ENGINE: dict[str, Any] = {"pool_size": 16, "max_overflow": 48, "hide_parameters": True}
_TRY_MS = 20  # one attempt at SQLite's write lock; short, so that a waiting writer finds the gap between two others
_PAUSE_S = 0.001  # between attempts, for the errors that SQLite raises at once
_WRITERS_LOCK = 7_230_911  # PostgreSQL advisory lock: see Database.write_records


class Database:
    """An engine that the store reads and writes through. Threads may share it."""

    def __init__(self, url: URL, *, busy_timeout_ms: int) -> None:
        self.url = url
        self.busy_timeout_ms = busy_timeout_ms
        self.engine = _engine(url, busy_timeout_ms)
        isolation = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = self.engine.execution_options(**isolation)
        self._writing = self.engine.execution_options(rapport_write=True)
        # Threads of this process queue here; SQLite's own waiting polls and is unfair.
        self._turnstile = threading.Lock()

    @property
    def sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def name(self) -> str:
        """The database as a person knows it, without the password."""
        return str(self.url.database) if self.sqlite else self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot for several SELECTs. Raises as `write` does."""
        with self._explained(), self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed on leaving, rolled back on any exception.

        Raises StoreBusy when others kept the lock for longer than the busy timeout, CorruptArtifact for a damaged
        file, SettingsError where the database cannot be reached or written.
        """
        with self._explained(), self._one_at_a_time(), self._writing.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write_records(self) -> Iterator[Connection]:
        """As `write`, and no other writer of records runs meanwhile, so that numbers of changes grow by commit.

        (PostgreSQL numbers rows when they are inserted: without the lock a reader could see change 8, remember
        it, and miss change 7 that is committed later.)
        """
        with self.write() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS_LOCK})
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explained(error.orig or error, self.name, busy_timeout_ms=self.busy_timeout_ms) from error
        except StatementError as error:  # a value that a column's type refuses, such as a time without a zone
            raise (error.orig or error) from None
        except TimeoutError as error:
            raise StoreBusy(f"too many callers use {self.name} at once.", hint="Try again in a moment.") from error
        except (UnicodeEncodeError, OverflowError) as error:  # SQLite's driver
            raise explained(error, self.name, busy_timeout_ms=self.busy_timeout_ms) from None
        except sqlite3.Error as error:  # from the BEGIN of our own
            raise explained(error, self.name, busy_timeout_ms=self.busy_timeout_ms) from error

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        if not self._turnstile.acquire(timeout=self.busy_timeout_ms / 1000):
            raise StoreBusy(
                f"{self.name} was busy for {self.busy_timeout_ms / 1000:g} s.", hint="Try again in a moment."
            )
        try:
            yield
        finally:
            self._turnstile.release()


def parse_url(url: str) -> URL:
    """A URL that the store can use. Raises SettingsError for one that it cannot."""
    hint = "Give sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
    if url.startswith("sqlite:///"):  # taken as it stands: a folder's name may hold a question mark
        return _sqlite_url(url.removeprefix("sqlite:///"))
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise SettingsError("the database URL cannot be read.", hint=hint) from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(f"'{backend}' is not a database that Rapport knows.", hint=hint)
    return _sqlite_url(parsed.database or "")


def _sqlite_url(path: str) -> URL:
    if path in ("", ":memory:"):
        raise SettingsError("a database in memory keeps nothing.", hint="Give sqlite:///PATH of a file.")
    return URL.create("sqlite+pysqlite", database=path)


def _engine(url: URL, busy_timeout_ms: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **_ENGINE, connect_args={"timeout": busy_timeout_ms / 1000})
        event.listen(engine, "connect", _set_up_sqlite(busy_timeout_ms))
        event.listen(engine, "begin", _begin_sqlite(busy_timeout_ms))
        return engine
    options = f"-c lock_timeout={busy_timeout_ms} -c timezone=UTC"
    try:
        return create_engine(
            url, **_ENGINE, pool_pre_ping=True, connect_args={"options": options, "connect_timeout": 10}
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise MissingPackage("PostgreSQL needs the package psycopg.", hint="pip install 'rapport[postgres]'") from error


def _set_up_sqlite(busy_timeout_ms: int) -> Callable[[Any, object], None]:
    def set_up(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # BEGIN is ours: see _begin_sqlite
        # Where two connections turn a new file to WAL at once, SQLite refuses one of them without waiting.
        _wait_and_execute(raw, "PRAGMA journal_mode=WAL", busy_timeout_ms)
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            raw.execute(f"PRAGMA {pragma}")

    return set_up


def _begin_sqlite(busy_timeout_ms: int) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        # The driver's own connection: SQLAlchemy would spend more on these three lines than SQLite does.
        raw: Any = connection.connection.driver_connection
        if connection.get_execution_options().get("rapport_write"):
            _wait_and_execute(raw, "BEGIN IMMEDIATE", busy_timeout_ms)
        else:
            raw.execute("BEGIN")

    return begin


def _wait_and_execute(raw: Any, statement: str, busy_timeout_ms: int) -> None:
    """Run a statement that needs SQLite's lock, trying anew while others hold it, until the busy timeout."""
    deadline = time.monotonic() + busy_timeout_ms / 1000
    raw.execute(f"PRAGMA busy_timeout={min(_TRY_MS, busy_timeout_ms)}")
    try:
        while not _took_lock(raw, statement, last=time.monotonic() >= deadline):
            time.sleep(_PAUSE_S)
    finally:
        raw.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")


def _took_lock(raw: Any, statement: str, *, last: bool) -> bool:
    try:
        raw.execute(statement)
    except sqlite3.OperationalError as error:
        if last or not is_busy(error):
            raise
        return False
    return True
