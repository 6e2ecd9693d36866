"""Numbers that say how a message stands in its conversation: kinds of phrases, mood, repetition, what is at stake.

The escalation head reads them behind the encoder's vector; `finetune` and `agent` both make them here, so that both
see the same. Phrases are a file, `signals.toml`. Knows nothing of models or of how a conversation is kept.
"""

import functools
import hashlib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapport.amounts import find_amounts

FILE = Path(__file__).with_name("signals.toml")
UNHAPPY = -0.3  # sentiment below which a message counts as unhappy
_COMPARED = frozenset({"EUR", "USD", "GBP", "CHF"})  # near enough to one another to tell much from little
_MARKS = re.compile(r"[!?]{2,}|!")
_LOUD = re.compile(r"\b[A-Z]{3,}\b(?![-\d])")


@dataclass(frozen=True, slots=True)
class Signal:
    """A kind of phrase. patterns: read small letters, which takes half the time of reading both.

    floor: "" or the reason for which a message with it goes to a person whatever a head says.
    """

    id: str
    patterns: tuple[re.Pattern[str], ...]
    floor: str = ""

    def stands_in(self, lower: str) -> bool:
        """Whether a text in small letters has such a phrase."""
        return any(pattern.search(lower) for pattern in self.patterns)


@functools.cache
def signals() -> tuple[Signal, ...]:
    """The signals of the file, in its order."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["signal"]
    return tuple(Signal(row["id"], _compiled(row["patterns"]), row.get("floor", "")) for row in rows)


def _compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """Alternatives that all begin at a word's edge are tried at such edges alone, so those that do not stand apart."""
    edged = [pattern for pattern in patterns if pattern.startswith(r"\b")]
    others = [pattern for pattern in patterns if not pattern.startswith(r"\b")]
    return tuple(re.compile("|".join(group), re.M) for group in (edged, others) if group)


def floor_of(text: str) -> str:
    """The reason for which the words alone call for a person, or ""."""
    lower = text.lower()
    return next((one.floor for one in signals() if one.floor and one.stands_in(lower)), "")


def says(text: str, id: str) -> bool:
    """Whether the words hold this kind of phrase. False for a kind that the file does not have."""
    return any(one.id == id and one.stands_in(text.lower()) for one in signals())


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What went before a message in its conversation.

    trail: sentiment of the customer's messages so far, oldest first, -1..1. asked: times in a row that the agent asked
    back. unhelped: times in a row that it asked back or had no answer. failures: identity matches that failed.
    likeness, repeats: cosine of the message with the most similar one before it, and how many are alike; see
    `rapport.likeness`.
    order_value, usual_value: total of the order under discussion and of the shop's usual order; 0 where not known.
    """

    trail: Sequence[float] = ()
    asked: int = 0
    unhelped: int = 0
    failures: int = 0
    likeness: float = 0.0
    repeats: int = 0
    order_value: float = 0.0
    usual_value: float = 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """What a message's own words say. found: 1 or 0 per signal. amount: the largest sum that it names, else 0."""

    found: Mapping[str, float]
    style: Mapping[str, float]
    amount: float


def words_of(text: str) -> Words:
    """Read a message's words; text: tidied, not masked."""
    style = {
        "shouted": float(shouted(text)),
        "loud_words": min(len(_LOUD.findall(text)), 3) / 3,
        "marks": min(len(_MARKS.findall(text)), 3) / 3,
        "words": min(1.0, math.log1p(len(text.split())) / 5),
        "question": float("?" in text),
    }
    amounts = [float(found.value) for found in find_amounts(text) if found.currency in _COMPARED]
    lower = text.lower()
    found = {signal.id: float(signal.stands_in(lower)) for signal in signals()}
    return Words(found, style, max(amounts, default=0.0))


@functools.cache
def fingerprint() -> str:
    """First 16 hexadecimal digits of the sha256 over the features' names and the file of phrases."""
    content = " ".join(feature_names()).encode() + FILE.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


@functools.cache
def feature_names() -> tuple[str, ...]:
    """The names of the numbers that `features` gives, in their order."""
    return tuple(features(words_of(""), sentiment=0.0, past=Past()))


def features(words: Words, *, sentiment: float, past: Past) -> dict[str, float]:
    """About -1..1 each. sentiment: of the message, -1..1."""
    trail = [*past.trail, sentiment]
    unhelped, repeats = min(past.unhelped, 3) / 3, min(past.repeats, 3) / 3
    before = trail[-2] if len(trail) > 1 else 0.0
    return {
        "sentiment": sentiment,
        "sentiment_before": before,
        "sentiment_of_three": sum(trail[-3:]) / len(trail[-3:]),
        "unhappy_in_a_row": _unhappy_in_a_row(trail) / 3,
        "unhappy_twice": _unhappy_together(trail, 2),
        "unhappy_thrice": _unhappy_together(trail, 3),
        "worse": max(0.0, before - sentiment),
        "asked": min(past.asked, 3) / 3,
        "unhelped": unhelped,
        "failures": min(past.failures, 5) / 5,
        "first": float(len(trail) == 1),
        "turns": min(len(trail), 8) / 8,
        "likeness": max(0.0, past.likeness),
        "repeats": repeats,
        "repeats_unhelped": repeats * unhelped,
        **words.style,
        **_together(words, unhappy=max(0.0, -sentiment), unhelped=unhelped, worth=_worth(words, past)),
        **{f"says_{name}": value for name, value in words.found.items()},
    }


def _together(words: Words, *, unhappy: float, unhelped: float, worth: float) -> dict[str, float]:
    """Pairs that mean more than their parts."""
    found = words.found
    return {
        "unhappy_unhelped": unhappy * unhelped,
        "wrong_unhelped": found["wrong"] * unhelped,
        "stuck_unhelped": found["stuck"] * unhelped,
        "worth": worth,
        "worth_unhappy": worth * unhappy,
        "worth_trouble": worth * found["trouble"],
        "deadline_trouble": found["deadline"] * found["trouble"],
        "many_trouble": found["many"] * found["trouble"],
        "anger_calm": found["anger"] * found["calm"],
        "legal_calm": found["legal"] * found["calm"],
        "hurt_calm": found["hurt"] * found["calm"],
        "staff_wants": found["staff"] * found["wants"],
        "staff_bot": found["staff"] * found["bot"],
        "body_hurt": found["body"] * found["hurt"],
        "fury_unhappy": found["fury"] * unhappy,
        "again_count": found["again"] * found["count"],
        "legal_denied": found["legal"] * found["denied"],
        "person_denied": found["person"] * found["denied"],
        "staff_denied": found["staff"] * found["denied"],
        "anger_denied": found["anger"] * found["denied"],
        "anger_others": found["anger"] * found["others"],
        "hurt_others": found["hurt"] * found["others"],
    }


def shouted(text: str) -> bool:
    """Whether a text is written in capitals or with strings of exclamation marks."""
    letters = [character for character in text if character.isalpha()]
    loud = len(letters) >= 12 and sum(character.isupper() for character in letters) > 0.7 * len(letters)
    return loud or "!!!" in text or "?!?" in text


def _worth(words: Words, past: Past) -> float:
    """How much is at stake against the usual order, on a log scale: 0 for a usual one or less, 1 for ten times it."""
    if past.usual_value <= 0:
        return 0.0
    most = max(past.order_value, words.amount)
    return min(1.5, max(0.0, math.log10(max(most, 1e-9) / past.usual_value)))


def _unhappy_in_a_row(trail: Sequence[float]) -> int:
    count = 0
    for sentiment in reversed(trail[-3:]):
        if sentiment > UNHAPPY:
            break
        count += 1
    return count


def _unhappy_together(trail: Sequence[float], count: int) -> float:
    """How unhappy the last `count` messages are, all of them, 0-1; a mild one weighs by how near it comes to unhappy.

    What is told from one message by a line alone gets lost where the mood is just above it.
    """
    if len(trail) < count:
        return 0.0
    return math.prod(min(1.0, max(0.0, sentiment / UNHAPPY)) for sentiment in trail[-count:])
