"""Write and take off intents of tickets. Each ticket is read and written in one transaction."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from finetune.openings import INTENT
from rapport.errors import NotFound, UserError
from rapport.records import AnyRecord, RecordKind, Ticket

if TYPE_CHECKING:
    from crm.store import Store

LONGEST = 80
AT_ONCE = 500  # tickets read at a time
_NAME = re.compile(r"\S(?:[^\x00-\x1f\x7f]*\S)?")


def set_intent(store: "Store", keys: Sequence[str], intent: str, *, instead_of: str = "") -> list[str]:
    """Label tickets whose intent is exactly `instead_of` ("" = none); `intent` "" takes it off.

    Returns the keys of those that changed. Others, and keys of no ticket, are left alone.
    """

    def change(record: AnyRecord) -> AnyRecord | None:
        if not isinstance(record, Ticket) or record.labels.get(INTENT, "") != instead_of:
            return None
        rest = {name: value for name, value in record.labels.items() if name != INTENT}
        return replace(record, labels={**rest, INTENT: intent} if intent else rest)

    return store.edit(RecordKind.TICKETS, keys, change)


def without_intent(store: "Store", keys: Sequence[str]) -> list[str]:
    """Those of the tickets that have no intent."""
    found: list[str] = []
    for start in range(0, len(keys), AT_ONCE):
        some = store.fetch(RecordKind.TICKETS, keys[start : start + AT_ONCE])
        found += [key for key, one in some.items() if isinstance(one, Ticket) and not one.labels.get(INTENT)]
    return found


def label_ticket(store: "Store", ref: str, intent: str) -> tuple[str, str]:
    """Give one ticket an intent, whatever it had. ref: its key, or its own id where one source alone has it.

    Returns its key and the intent before ("" = none). Raises NotFound, and UserError for an unusable name.
    """
    check_name(intent)
    ticket = _ticket(store, ref)
    before = ticket.labels.get(INTENT, "")
    store.edit(RecordKind.TICKETS, [ticket.key], lambda record: _labelled(record, intent))
    return ticket.key, before


def intents_of(store: "Store") -> Counter[str]:
    """How many tickets have each intent."""
    return Counter(labels[INTENT] for labels in store.ticket_labels() if INTENT in labels)


def check_name(name: str) -> str:
    """The name, if it can be an intent's. Raises UserError for an empty, long or many-lined one."""
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise UserError(
            f"{name[:LONGEST]!r} cannot be the name of an intent.",
            hint=f"Give up to {LONGEST} characters on one line, such as order_status.",
        )
    return name


def _labelled(record: AnyRecord, intent: str) -> AnyRecord | None:
    return replace(record, labels={**record.labels, INTENT: intent}) if isinstance(record, Ticket) else None


def _ticket(store: "Store", ref: str) -> Ticket:
    found = store.get(RecordKind.TICKETS, ref)
    if found is None and ":" not in ref:
        sources = {key.partition(":")[0] for key in store.keys(RecordKind.TICKETS)}
        there = store.fetch(RecordKind.TICKETS, [f"{source}:{ref}" for source in sorted(sources)])
        if len(there) > 1:
            raise UserError(f"'{ref}' may be any of: {', '.join(there)}.", hint="Give one of these keys.")
        found = next(iter(there.values()), None)
    if not isinstance(found, Ticket):
        raise NotFound(f"there is no ticket '{ref}'.", hint="Tickets are named as in: rapport tickets label-next")
    return found
