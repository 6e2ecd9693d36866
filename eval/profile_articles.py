"""Messages that leave open what they are about, and clear questions: how they are read, and which articles are found.

Vague messages (`phrasings/vague_*.toml`) come with the reasons that they may be written for; which articles help with a
reason says `phrasings/reason_articles.toml`. Clear questions are the sample company's own, each with the one article
that answers it; they are asked by customers whatever is expected of these, so they can only lose.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from rapport.types import Conversation, ConversationId, Identity, Message, State, Understanding, Viewer

if TYPE_CHECKING:
    import numpy as np

    from agent.turn import Agent

Part = Literal["dev", "test"]
NOBODY = Viewer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vague:
    """A message and the reasons that it may be written for; none: any."""

    text: str
    reasons: frozenset[str]

    def fits(self, reason: str) -> bool:
        """Whether somebody with this reason may write it."""
        return not self.reasons or reason in self.reasons


def vague_messages(part: Part) -> tuple[Vague, ...]:
    """The messages of one part."""
    return tuple(
        Vague(text=text, reasons=frozenset(group["reasons"]))
        for group in _file(f"vague_{part}")["group"]
        for text in group["messages"].strip().splitlines()
    )


def reason_articles() -> dict[str, frozenset[str]]:
    """By reason, the source ids of the articles that help."""
    return {reason: frozenset(ids) for reason, ids in _file("reason_articles").items()}


class Finder:
    """Reads messages and finds articles as a turn of a verified customer does. Each message is read once."""

    def __init__(self, agent: "Agent", at: datetime) -> None:
        self._agent, self._at = agent, at
        self._read: dict[str, tuple[Understanding, np.ndarray]] = {}
        self._found: dict[tuple[str, tuple[tuple[str, float], ...]], tuple[str, ...]] = {}

    def understood(self, text: str) -> Understanding:
        """What the message means, whoever writes it."""
        return self._once(text)[0]

    def articles(self, text: str, reasons: Mapping[str, float]) -> tuple[str, ...]:
        """Source ids of the articles found, best first. reasons: what is expected, by chance; empty for no profile."""
        key = (text, tuple(sorted(reasons.items())))
        if key not in self._found:
            self._found[key] = self._search(text, reasons)
        return self._found[key]

    def _search(self, text: str, reasons: Mapping[str, float]) -> tuple[str, ...]:
        from agent.know import know
        from agent.profile_prior import with_prior

        understanding, vectors = self._once(text)
        expected = self._agent.expecting(lambda: reasons)
        known = know(
            self._agent.parts.searcher, with_prior(understanding, reasons), vectors, messages=_message(text, self._at),
            viewer=NOBODY, expected=expected, titles=self._agent.parts.understander.titles,
        )  # fmt: skip
        found = [hit.passage.record.partition(":")[2] for one in known.found for hit in one.hits]
        return tuple(dict.fromkeys(found))

    def _once(self, text: str) -> "tuple[Understanding, np.ndarray]":
        if text not in self._read:
            conversation = Conversation(
                id=ConversationId("measured"), customer_id=None, identity=Identity.VERIFIED, channel="web",
                state=State.BOT,
            )  # fmt: skip
            self._read[text] = self._agent.parts.understander.understand(
                _message(text, self._at), conversation, today=self._at.date()
            )
        return self._read[text]


def _message(text: str, at: datetime) -> tuple[Message, ...]:
    return (Message(role="customer", text=text, at=at),)


def _file(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("eval").joinpath(f"phrasings/{name}.toml").read_text(encoding="utf-8"))
