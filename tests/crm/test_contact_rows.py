"""Contacts are tickets and the first turns of conversations."""

from datetime import UTC, datetime

import pytest

from rapport.records import Ticket


def test_tickets_count_from_their_beginning_and_those_without_an_intent_as_well(store):
    at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    store.upsert([
        Ticket(source="t", source_id="1", created_at=at, labels={"intent": "order_status"}),
        Ticket(source="t", source_id="2", created_at=datetime(2026, 3, 1, 12, tzinfo=UTC)),
        Ticket(source="t", source_id="3", created_at=datetime(2026, 3, 9, tzinfo=UTC)),
        Ticket(source="t", source_id="4"),
    ])  # fmt: skip
    found = store.contact_rows(before=datetime(2026, 3, 5, tzinfo=UTC))
    day = (datetime(2026, 3, 2, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert [intent for _, intent in found] == ["", "order_status"]
    assert [when for when, _ in found] == pytest.approx([day - 0.5, day + 0.25])
