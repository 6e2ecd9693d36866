"""Change records that are there, each read and written in one transaction: no import comes in between."""

from collections.abc import Callable, Sequence

from crm.database import Database
from crm.mapping import PLANS, prepare
from crm.records_reader import read_records, with_keys
from crm.records_store import pieces, write_batch
from rapport.records import AnyRecord, RecordKind

_AT_ONCE = 500  # records of one transaction: other writers wait meanwhile


class Edits:
    """The part of the store that changes records in place."""

    _database: Database

    def edit(self, kind: RecordKind, keys: Sequence[str], change: Callable[[AnyRecord], AnyRecord | None]) -> list[str]:
        """Replace each record by what `change` makes of it; None leaves it alone. Returns the keys that changed.

        Keys of no record are passed over. Raises BadRow as `upsert` does, for the 500 records of one transaction.
        """
        plan, changed = PLANS[kind], []
        for part in pieces(dict.fromkeys(keys), _AT_ONCE):
            with self._database.write_records() as connection:
                found = read_records(connection, plan, with_keys(kind), {"keys": part})
                fresh = {key: new for key in part if key in found and (new := change(found[key])) is not None}
                write_batch(connection, plan, [prepare(record) for record in fresh.values()])
            changed += [key for key, record in fresh.items() if record != found[key]]
        return changed
