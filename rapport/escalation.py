"""Whether a message needs a person: the levels and reasons, and the numbers that a head reads beside its vector.

A head for escalation is a `rapport.heads.Head` over (dim + FEATURES) columns: the encoder's vector of the message and,
behind it, what `features` makes of its words and of the conversation before it. `finetune` fits it, `agent` asks it;
both see the same numbers. Knows nothing of how the conversation is kept.
"""

import functools
import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rapport.amounts import find_amounts
from rapport.heads import Head

if TYPE_CHECKING:
    import numpy as np

FILE = Path(__file__).with_name("escalation.toml")
Level = Literal["answer", "offer", "escalate"]
LEVELS: tuple[Level, ...] = ("answer", "offer", "escalate")
# What the person who takes over reads, by the name that labelled rows use.
REASONS = {
    "person": "asks for a person",
    "anger": "anger",
    "repeated": "repeated failure",
    "legal": "legal steps",
    "safety": "danger or injury",
    "value": "value at risk",
}
UNHAPPY = -0.3  # sentiment below which a message counts as unhappy
ALIKE = 0.8  # cosine from which two messages of a conversation count as the same question
FLOOR = 0.99  # probability of "escalate" where a message speaks of danger, whatever the head says
_COMPARED = frozenset({"EUR", "USD", "GBP", "CHF"})  # near enough to one another to tell much from little
_LOUD = re.compile(r"\b[A-Z]{3,}\b(?![-\d])")
_MARKS = re.compile(r"[!?]{2,}|!")


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of phrase. reason: what it speaks for, or "". floor: found means that a person takes over."""

    id: str
    pattern: re.Pattern[str]
    reason: str = ""
    floor: bool = False


@functools.cache
def signals() -> tuple[Signal, ...]:
    """The signals of `escalation.toml`, in its order."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["signal"]
    return tuple(
        Signal(
            row["id"], re.compile("|".join(row["patterns"]), re.I | re.M), row.get("reason", ""), row.get("floor", False)
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What went before a message in its conversation.

    trail: sentiment of the customer's messages so far, oldest first, -1..1. asked: times in a row that the agent asked
    back. unhelped: times in a row that it asked back or had no answer. failures: identity matches that failed.
    offered: the last reply offered a person. likeness: cosine of the message with the most similar one before it, 0
    where there is none. repeats: how many before it are alike (cosine of ALIKE or more).
    order_value, usual_value: total of the order under discussion and of the shop's usual order; 0 where not known.
    """

    trail: Sequence[float] = ()
    asked: int = 0
    unhelped: int = 0
    failures: int = 0
    offered: bool = False
    likeness: float = 0.0
    repeats: int = 0
    order_value: float = 0.0
    usual_value: float = 0.0


_OF_THE_TALK = (
    "sentiment", "sentiment_before", "sentiment_of_three", "unhappy_in_a_row", "worse",
    "asked", "unhelped", "failures", "offered", "first", "turns",
    "likeness", "repeats", "repeats_unhelped", "unhappy_unhelped", "wrong_unhelped",
    "shouted", "loud_words", "marks", "words", "question",
    "worth", "worth_unhappy", "worth_trouble", "deadline_trouble", "many_trouble", "anger_calm", "legal_calm", "hurt_calm",
    "staff_wants", "staff_bot", "body_hurt", "stuck_unhelped", "fury_unhappy", "again_count",
)  # fmt: skip


@functools.cache
def feature_names() -> tuple[str, ...]:
    """The names of the numbers that `features` gives, in their order."""
    return (*_OF_THE_TALK, *(f"says_{signal.id}" for signal in signals()))


def features(text: str, *, sentiment: float, past: Past) -> list[float]:
    """One number per name of `feature_names`, each about -1..1. text: the message's own words, tidied, not masked."""
    found = {signal.id: float(bool(signal.pattern.search(text))) for signal in signals()}
    trail = [*past.trail, sentiment]
    unhappy = max(0.0, -sentiment)
    unhelped, repeats = min(past.unhelped, 3) / 3, min(past.repeats, 3) / 3
    likeness = max(0.0, past.likeness)
    worth = _worth(text, past)
    before = trail[-2] if len(trail) > 1 else 0.0
    calm = found["calm"]
    return [
        sentiment,
        before,
        sum(trail[-3:]) / len(trail[-3:]),
        _unhappy_in_a_row(trail) / 3,
        max(0.0, before - sentiment),
        min(past.asked, 3) / 3,
        unhelped,
        min(past.failures, 5) / 5,
        float(past.offered),
        float(len(trail) == 1),
        min(len(trail), 8) / 8,
        likeness,
        repeats,
        repeats * unhelped,
        unhappy * unhelped,
        found["wrong"] * unhelped,
        float(shouted(text)),
        min(len(_LOUD.findall(text)), 3) / 3,
        min(len(_MARKS.findall(text)), 3) / 3,
        min(1.0, math.log1p(len(text.split())) / 5),
        float("?" in text),
        worth,
        worth * unhappy,
        worth * found["trouble"],
        found["deadline"] * found["trouble"],
        found["many"] * found["trouble"],
        found["anger"] * calm,
        found["legal"] * calm,
        found["hurt"] * calm,
        found["staff"] * found["wants"],
        found["staff"] * found["bot"],
        found["body"] * found["hurt"],
        found["stuck"] * unhelped,
        found["fury"] * unhappy,
        found["again"] * found["count"],
        *found.values(),
    ]


def shouted(text: str) -> bool:
    """Whether a text is written in capitals or with strings of exclamation marks."""
    letters = [character for character in text if character.isalpha()]
    loud = len(letters) >= 12 and sum(character.isupper() for character in letters) > 0.7 * len(letters)
    return loud or "!!!" in text or "?!?" in text


@dataclass(frozen=True, slots=True)
class Escalation:
    """What a head says of one message. escalate, offer: probabilities, 0-1. reason: a key of REASONS, or ""."""

    level: Level
    escalate: float
    offer: float
    reason: str


def judge(
    head: Head, wide: "np.ndarray", texts: Sequence[str], *, said: Sequence[str], least: "Thresholds"
) -> list[Escalation]:
    """Read n messages. wide: (n, dim + FEATURES). texts: masked, for the head; said: as written, for the floor.

    A reason is given for every level but "answer".
    """
    output = head.predict(wide, texts)
    judged = []
    for row, text in enumerate(said):
        shares = dict(zip(output.labels, output.probabilities[row].tolist(), strict=True))
        escalate = sum(share for label, share in shares.items() if label.startswith("escalate"))
        offer = sum(share for label, share in shares.items() if label.startswith("offer"))
        floor = next((signal for signal in signals() if signal.floor and signal.pattern.search(text)), None)
        if floor is not None:
            judged.append(Escalation("escalate", max(escalate, FLOOR), min(offer, 1 - FLOOR), floor.reason))
            continue
        level = least.level(escalate, offer)
        judged.append(Escalation(level, escalate, offer, _reason(level, shares)))
    return judged


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least probabilities: of "escalate", and of "offer or escalate", from which that level is taken."""

    escalate: float
    offer: float

    def level(self, escalate: float, offer: float) -> Level:
        """The level that two probabilities lead to."""
        if escalate >= self.escalate:
            return "escalate"
        return "offer" if escalate + offer >= self.offer else "answer"


def _reason(level: Level, shares: dict[str, float]) -> str:
    """The likeliest reason of a level, over both levels that have one: an offer out of anger is anger still."""
    if level == "answer":
        return ""
    sums: dict[str, float] = {}
    for label, share in shares.items():
        reason = label.partition(" ")[2]
        if reason:
            sums[reason] = sums.get(reason, 0.0) + share
    return max(sums, key=lambda reason: sums[reason], default="")


def _worth(text: str, past: Past) -> float:
    """How much is at stake against the usual order, on a log scale: 0 for a usual one or less, 1 for ten times it."""
    if past.usual_value <= 0:
        return 0.0
    named = [float(found.value) for found in find_amounts(text) if found.currency in _COMPARED]
    most = max([past.order_value, *named])
    return min(1.5, max(0.0, math.log10(max(most, 1e-9) / past.usual_value)))


def _unhappy_in_a_row(trail: Sequence[float]) -> int:
    count = 0
    for sentiment in reversed(trail[-3:]):
        if sentiment > UNHAPPY:
            break
        count += 1
    return count
