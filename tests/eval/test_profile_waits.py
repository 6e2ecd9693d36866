"""The time until the right team reads a ticket: hand-worked."""

from datetime import UTC, datetime, timedelta

import pytest

from eval.profile_waits import Waits
from rapport.records import Ticket, TicketMessage

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def ticket(number: int, intent: str, hours: float, *, channel: str = "chat", began: datetime = DAY) -> Ticket:
    at = began - timedelta(days=9)
    told = (
        TicketMessage(role="customer", text="x", at=at),
        TicketMessage(role="agent", text="a note", at=at, private=True),
        TicketMessage(role="agent", text="x", at=at + timedelta(hours=hours)),
        TicketMessage(role="agent", text="x", at=at + timedelta(hours=hours + 5)),
    )
    return Ticket(source="t", source_id=f"{number}", customer_id="t:a", channel=channel, created_at=at, messages=told,
                  labels={"intent": intent})  # fmt: skip


TICKETS = [
    *(ticket(n, "invoice", hours) for n, hours in enumerate([1, 2, 9])),
    *(ticket(n, "order_status", hours) for n, hours in enumerate([4, 6], start=10)),
    ticket(20, "invoice", 30, channel="email"),
]


def test_a_ticket_in_the_right_queue_waits_for_its_team_alone():
    assert Waits.of(TICKETS, DAY).until("billing", by="billing", channel="chat") == 2
    assert Waits.of(TICKETS, DAY).until("billing", by="billing", channel="email") == 30


def test_a_ticket_in_a_wrong_queue_waits_for_both_teams():
    assert Waits.of(TICKETS, DAY).until("billing", by="delivery", channel="chat") == 5 + 2


def test_a_team_without_tickets_on_a_channel_is_as_slow_as_the_channel_and_an_unknown_channel_as_all():
    waits = Waits.of(TICKETS, DAY)
    assert waits.until("returns", by="returns", channel="chat") == 4
    assert waits.until("returns", by="returns", channel="phone") == 5


def test_what_was_answered_later_is_not_known():
    later = [ticket(n, "invoice", 99, began=DAY + timedelta(days=9)) for n in range(30, 40)]
    assert Waits.of([*TICKETS, *later], DAY) == Waits.of(TICKETS, DAY)
    with pytest.raises(ValueError, match="no ticket"):
        Waits.of(later, DAY)
