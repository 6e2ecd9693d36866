"""Keep the intent that somebody gave a ticket here when its file, which knows none, is imported again."""

from collections.abc import Sequence
from dataclasses import replace

from crm.importers.rows import Unit
from crm.store import Store
from rapport.records import AnyRecord, RecordKind, Ticket

INTENT = "intent"


def with_kept_labels(store: Store, batch: Sequence[tuple[Unit, AnyRecord]]) -> list[tuple[Unit, AnyRecord]]:
    """The batch, in which a ticket without an intent has the one that its record in the store has.

    An intent that the source gives wins over the kept one.
    """
    bare = [record.key for _, record in batch if isinstance(record, Ticket) and INTENT not in record.labels]
    kept = {
        key: record.labels[INTENT]
        for key, record in store.fetch(RecordKind.TICKETS, bare).items()
        if isinstance(record, Ticket) and INTENT in record.labels
    }
    return [
        (unit, replace(record, labels={**record.labels, INTENT: kept[record.key]}))
        if isinstance(record, Ticket) and record.key in kept
        else (unit, record)
        for unit, record in batch
    ]
