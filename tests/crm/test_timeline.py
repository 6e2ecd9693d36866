"""A customer's story in one line of time."""

from datetime import UTC, datetime

from rapport.records import Customer, Event, Order, Ticket
from rapport.types import Identity, Viewer


def at(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def keep(store) -> Customer:
    ana, ben = (Customer(source="t", source_id=name, name=name) for name in ("ana", "ben"))
    store.upsert([ana, ben])
    store.upsert(
        [
            Order(source="t", source_id="o1", number="A-1", customer_id=ana.id, status="shipped", placed_at=at(2)),
            Order(source="t", source_id="o2", number="A-2", customer_id=ana.id, status="processing"),
            Order(source="t", source_id="o3", number="B-1", customer_id=ben.id, status="shipped", placed_at=at(4)),
        ]
    )
    store.upsert([Ticket(source="t", source_id="t1", subject="Late", customer_id=ana.id, created_at=at(3))])
    store.upsert([Event(source="t", source_id="e1", customer_id=ana.id, kind="login", at=at(1))])
    store.create_conversation(channel="web", viewer=Viewer(ana.id, Identity.VERIFIED), at=at(5))
    return ana


def test_it_is_newest_first_and_what_has_no_date_comes_last(store):
    ana = keep(store)
    told = [(entry.kind, entry.title, entry.status) for entry in store.timeline(ana.id)]
    assert told == [
        ("conversations", "web", "bot"),
        ("tickets", "Late", "closed"),
        ("orders", "A-1", "shipped"),
        ("events", "login", ""),
        ("orders", "A-2", "processing"),
    ]


def test_it_holds_no_more_than_asked_for_and_nothing_that_was_removed(store):
    from rapport.records import RecordKind

    ana = keep(store)
    store.remove(RecordKind.TICKETS, ["t:t1"])
    assert [entry.record for entry in store.timeline(ana.id, limit=2)][1] == "t:o1"
