"""A store with unlabelled tickets of planted intents; watches of a training run."""

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


class Noting:
    """Keeps what a training run tells and can stop it, as a kill would."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.said: list[str] = []
        self.steps: list[int] = []

    def step(self, done: int, total: int, loss: float) -> None:
        self.steps.append(done)
        if done == self.stop_at:
            raise KeyboardInterrupt

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture
def noting() -> type[Noting]:
    """Watches of a training run: `noting()`, or `noting(stop_at=STEP)`."""
    return Noting
