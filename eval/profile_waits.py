"""How long a team usually takes until it reads a new ticket, and so how long one takes to reach the right team."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from agent.handover import queue_of

if TYPE_CHECKING:
    from rapport.records import Ticket


@dataclass(frozen=True, slots=True)
class Waits:
    """Median hours until the first reply, by channel and queue, by channel, and over all tickets."""

    teams: Mapping[tuple[str, str], float]
    channels: Mapping[str, float]
    all: float

    @classmethod
    def of(cls, tickets: Sequence["Ticket"], before: datetime) -> "Waits":
        """As tickets show that were answered before a moment. Raises ValueError where none was."""
        hours: dict[tuple[str, str], list[float]] = defaultdict(list)
        for ticket in tickets:
            waited = _first_reply_hours(ticket, before)
            if waited is not None:
                hours[ticket.channel or "", queue_of((ticket.labels.get("intent", ""),))].append(waited)
        if not hours:
            raise ValueError("no ticket was answered before that moment")
        channels: dict[str, list[float]] = defaultdict(list)
        for (channel, _), some in hours.items():
            channels[channel] += some
        return cls(
            teams={name: median(some) for name, some in hours.items()},
            channels={name: median(some) for name, some in channels.items()},
            all=median(one for some in channels.values() for one in some),
        )

    def until(self, right: str, *, by: str, channel: str) -> float:
        """Hours until the right team reads what goes to the team `by` first, which passes on what is not its own."""
        first = self._wait(by, channel)
        return first if by == right else first + self._wait(right, channel)

    def _wait(self, queue: str, channel: str) -> float:
        return self.teams.get((channel, queue), self.channels.get(channel, self.all))


def _first_reply_hours(ticket: "Ticket", before: datetime) -> float | None:
    began = ticket.created_at
    replies = [one.at for one in ticket.messages if one.role == "agent" and not one.private and one.at]
    if began is None or not replies or min(replies) >= before:
        return None
    return (min(replies) - began).total_seconds() / 3600
