"""Read a written conversation: ` // ` parts the turns, `(asked)` is what the agent did, ` => level reason` a label."""

from dataclasses import dataclass, replace
from typing import cast, get_args

from rapport.dialogues import Did
from rapport.escalation import LEVELS, REASONS
from rapport.types import EscalationLevel


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the customer, unrendered, with its label and what the agent did then."""

    text: str
    level: EscalationLevel = "answer"
    reason: str = ""
    did: Did = "answered"


def read_lines(bullet: str) -> tuple[Line, ...]:
    """The customer's messages of one conversation. Raises ValueError for a label or a deed that is not known."""
    lines: list[Line] = []
    for turn in bullet.split(" // "):
        if turn.startswith("(") and turn.endswith(")"):
            if turn[1:-1] not in get_args(Did) or not lines:
                raise ValueError(f"'{turn}' is nothing that the agent does after a message.")
            lines[-1] = replace(lines[-1], did=cast(Did, turn[1:-1]))
            continue
        text, _, label = turn.partition(" => ")
        level, _, reason = (label or "answer").partition(" ")
        if level not in LEVELS or (reason not in REASONS if level != "answer" else reason):
            raise ValueError(f"'{label}' is no label of a message.")
        lines.append(Line(text, level, reason))
    return tuple(lines)
