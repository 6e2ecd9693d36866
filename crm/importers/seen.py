"""Remember the ids of a file in a temporary SQLite database, so that memory does not grow with the file.

SQLite keeps a few megabytes of it in memory and the rest in a file that it deletes itself.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType


class Seen:
    """Ids that a file held, each with the line where it stood first."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("pragma journal_mode = off")
        self._database.execute("create table seen (id text primary key, line integer, times integer) without rowid")
        self._database.execute("create table gone (key text)")
        self._database.execute("begin")

    def __enter__(self) -> "Seen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def claim(self, source_id: str, line: int) -> int | None:
        """None for a new id; the line where it was first for one seen before."""
        added = self._database.execute("insert or ignore into seen values (?, ?, 1)", (source_id, line))
        if added.rowcount:
            return None
        found = self._database.execute("select line from seen where id = ?", (source_id,)).fetchone()
        return int(found[0])

    def numbered(self, source_id: str, line: int) -> str:
        """The id itself the first time, then id-2, id-3 and so on."""
        sql = "insert into seen values (?, ?, 1) on conflict do update set times = times + 1 returning times"
        times = int(self._database.execute(sql, (source_id, line)).fetchone()[0])
        if times == 1:
            return source_id
        self._database.execute("insert or ignore into seen values (?, ?, 1)", (f"{source_id}-{times}", line))
        return f"{source_id}-{times}"

    def keep_unseen(self, ids: Iterable[str]) -> int:
        """Set aside those ids that the file did not hold; how many there are."""
        sql = "insert into gone select ?1 where not exists (select 1 from seen where id = ?1)"
        self._database.executemany(sql, ((one,) for one in ids))
        return int(self._database.execute("select count(*) from gone").fetchone()[0])

    def unseen(self, size: int = 500) -> Iterator[Sequence[str]]:
        """What `keep_unseen` set aside, in pieces."""
        cursor = self._database.execute("select key from gone order by key")
        while rows := cursor.fetchmany(size):
            yield [str(row[0]) for row in rows]
