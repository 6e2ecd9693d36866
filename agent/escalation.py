"""How strongly a message asks for a person, and why: phrases from a file, mood, and what went wrong before."""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.context import Context

FILE = Path(__file__).with_name("escalation.toml")
UNHAPPY = -0.5  # sentiment below which a message counts as unhappy
_MOOD = {"anger", "again"}  # signals that add up with each other and with the sentiment; the others stand alone


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of phrase that speaks for a handover. score: 0-1."""

    id: str
    score: float
    reason: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Escalation:
    """score: 0-1. reason: what the person who takes over reads, or empty. signals: ids of what was found."""

    score: float
    reason: str
    signals: tuple[str, ...] = ()


def escalation(text: str, *, sentiment: float, person_wanted: float, context: Context) -> Escalation:
    """Score one customer message. person_wanted: probability that its intent is to talk to a person."""
    found = [signal for signal in _signals() if signal.pattern.search(text)]
    scores = [(signal.score, signal.reason) for signal in found if signal.id not in _MOOD]
    if person_wanted >= 0.5:
        scores.append((min(0.95, person_wanted), _reason("person")))
    scores.append(_mood(text, [signal for signal in found if signal.id in _MOOD], sentiment))
    scores.append(_history(sentiment, context))
    score, reason = max(scores, key=lambda pair: pair[0])
    return Escalation(round(score, 3), reason if score >= 0.3 else "", tuple(signal.id for signal in found))


def _mood(text: str, found: Sequence[Signal], sentiment: float) -> tuple[float, str]:
    """Strong words alone are not enough, nor is an unhappy customer; both together are."""
    score = sum(signal.score for signal in found) + 0.3 * max(0.0, -sentiment) + 0.1 * _shouted(text)
    reason = max(found, key=lambda signal: signal.score).reason if found else "the customer is unhappy"
    return min(score, 0.9), reason


def _history(sentiment: float, context: Context) -> tuple[float, str]:
    if context.clarified >= 2 and sentiment <= UNHAPPY:
        return 0.65, "the agent did not understand twice and the customer is unhappy"
    if sentiment <= UNHAPPY and len(context.trail) >= 2 and all(past <= UNHAPPY for past in context.trail[-2:]):
        return 0.6, "the customer has been unhappy for three messages"
    return 0.0, ""


def _shouted(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    loud = len(letters) >= 12 and sum(character.isupper() for character in letters) > 0.7 * len(letters)
    return loud or "!!!" in text or "?!?" in text


def _reason(signal_id: str) -> str:
    return next(signal.reason for signal in _signals() if signal.id == signal_id)


@functools.cache
def _signals() -> tuple[Signal, ...]:
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["signal"]
    return tuple(
        Signal(row["id"], row["score"], row["reason"], re.compile("|".join(row["patterns"]), re.I | re.M))
        for row in rows
    )
