"""Bring a conversation so far down to what a prompt has room for: the last messages, the older ones in one line."""

from collections.abc import Sequence

from rapport.types import Message

RECENT = 8  # messages told word by word where there is room
_MOST_ASKED = 5
_CLIP = 120


def recent(history: Sequence[Message], keep: int) -> tuple[str, tuple[Message, ...]]:
    """What the customer asked in all but the last `keep` messages, in one line, and those messages."""
    kept = len(history) - min(keep, len(history))
    return one_line(history[:kept]), tuple(history[kept:])


def one_line(messages: Sequence[Message]) -> str:
    """The customer's last few questions, shortened; "" where they asked none."""
    asked = [" ".join(message.text.split()) for message in messages if message.role == "customer"]
    return " · ".join(f"“{_clipped(text)}”" for text in asked[-_MOST_ASKED:])


def _clipped(text: str) -> str:
    return text if len(text) <= _CLIP else f"{text[:_CLIP].rsplit(' ', 1)[0]} …"
