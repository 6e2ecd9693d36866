"""A store with unlabelled tickets of planted intents."""

from collections.abc import Callable

import pytest

from crm.store import Store
from rapport.records import Ticket, TicketMessage


def ticket(number: int, text: str, **labels: str) -> Ticket:
    said = (
        TicketMessage(role="system", text="Ticket opened."),
        TicketMessage(role="customer", text="internal", private=True),
        TicketMessage(role="customer", text=text),
        TicketMessage(role="agent", text="Dear customer, thank you."),
    )
    return Ticket(source="desk", source_id=f"T{number:04d}", messages=said, labels=labels)


@pytest.fixture
def make_ticket() -> Callable[..., Ticket]:
    """Make a ticket from its number, the customer's first message and its labels."""
    return ticket


@pytest.fixture
def truth(store: Store, planted) -> dict[str, str]:
    """Fill the store with 96 tickets; the planted intent of each key."""
    rows = planted()
    store.upsert([ticket(number, text) for number, (text, _) in enumerate(rows)])
    return {f"desk:T{number:04d}": intent for number, (_, intent) in enumerate(rows)}
