"""Read each part of a message, and tell which parts make requests of their own. Words and readings; decides nothing."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.batch import Batch
from agent.clauses import Clause
from agent.follow_up import only_values
from agent.intents import SMALL_TALK
from agent.set_phrases import acknowledges, set_phrase
from rapport.heads import HeadOutput
from rapport.types import Entity

# A part of a message counts as a request of its own from these values on.
OWN_SCOPE, OWN_CONFIDENCE = 0.5, 0.45
SET_PHRASE_CONFIDENCE = 0.99
YES_OR_NO = frozenset({"confirm", "deny"})
# "I'm so angry!" beside a question is its mood, not a second request, unless a complaint is announced.
_COMPLAINS = re.compile(r"complain|beschwer|réclam|reclam|queja|klacht", re.IGNORECASE)
_LEAST = 1e-6  # of a probability whose log odds are taken


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as the intent head reads it. row: its place in the batch."""

    row: int
    intent: str
    confidence: float
    in_scope: float
    alternatives: tuple[tuple[str, float], ...]

    @property
    def fixed(self) -> bool:
        """Whether the text is a set phrase, which means the same in any message."""
        return self.confidence == SET_PHRASE_CONFIDENCE and self.in_scope == 1.0

    @property
    def own(self) -> bool:
        """Whether the text has a meaning of its own."""
        clear = self.in_scope >= OWN_SCOPE and self.confidence >= OWN_CONFIDENCE
        # a few words beside a request are rarely off topic, and alone they look more so than they are
        return clear or (self.in_scope >= 0.2 and self.confidence >= 0.9)


def readings_of(batch: Batch, output: HeadOutput, impossible: frozenset[str]) -> Mapping[str, Reading]:
    """Each text of a batch with its reading. impossible: intents that what else is known rules out."""
    output = output.apart()
    known = output.without(impossible) if impossible else output
    return {text: _reading(text, row, known) for text, row in batch.rows.items()}


def _reading(text: str, row: int, output: HeadOutput) -> Reading:
    said = set_phrase(text)
    if said is not None:
        return Reading(row, said, SET_PHRASE_CONFIDENCE, 1.0, ())
    (intent, confidence), *others = output.ranked(row)
    return Reading(row, intent, confidence, float(output.in_scope[row]), tuple(others))


def of_whole(whole: Reading, part: Reading) -> Reading:
    """A part's reading, as surely for the company as the message: a part alone tells less of that than the whole.

    "Can you bring it tomorrow?" may be asked of any company.
    """
    return part if part.fixed else replace(part, in_scope=whole.in_scope)


def beside_others(whole: Reading, part: Reading) -> Reading:
    """The reading of one of several requests: for the company by the mean of its own log odds and the message's."""
    if part.fixed:
        return part
    odds = 0.5 * (_log_odds(whole.in_scope) + _log_odds(part.in_scope))
    return replace(part, in_scope=1.0 / (1.0 + math.exp(-odds)))


def _log_odds(chance: float) -> float:
    kept = min(max(chance, _LEAST), 1.0 - _LEAST)
    return math.log(kept / (1.0 - kept))


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring parts of a message that make one request; `reading` is that of the part that tells most."""

    start: int
    end: int
    reading: Reading


def requests_among(clauses: Sequence[Clause], entities: Sequence[Entity]) -> frozenset[Clause]:
    """The clauses that can be requests: those that hold more than values."""
    values = set()
    for clause in clauses:
        inside = [
            replace(entity, start=entity.start - clause.start, end=entity.end - clause.start)
            for entity in entities
            if clause.start <= entity.start < clause.end
        ]
        if only_values(clause.text, inside):
            values.add(clause)
    return frozenset(set(clauses) - values)


def grouped(requests: frozenset[Clause], clauses: Sequence[Clause], readings: Mapping[str, Reading]) -> list[Group]:
    """Join parts without a meaning of their own to the request before them, or to the first one behind.

    Small talk is dropped, and so is a yes or no unless it is a set phrase: half a sentence easily looks like one.
    """
    groups: list[Group] = []
    waiting: int | None = None  # start of leading parts that belong to the first request
    for clause in clauses:
        reading = readings[clause.text]
        own = (
            clause in requests
            and reading.own
            and (reading.intent not in YES_OR_NO or reading.confidence == SET_PHRASE_CONFIDENCE)
            and not acknowledges(clause.text)
        )
        own = own and (reading.intent != "complaint" or len(clauses) == 1 or bool(_COMPLAINS.search(clause.text)))
        if not own or reading.intent in SMALL_TALK:
            if groups and not own:
                groups[-1] = replace(groups[-1], end=clause.end)
            elif not groups and waiting is None:
                waiting = clause.start
        elif groups and groups[-1].reading.intent == reading.intent:
            groups[-1] = Group(groups[-1].start, clause.end, best([groups[-1].reading, reading]))
        else:
            start = clause.start if waiting is None or groups else waiting
            groups.append(Group(start, clause.end, reading))
    return groups


def best(readings: Sequence[Reading]) -> Reading:
    """The surest reading; small talk only where nothing else was said."""
    serious = [reading for reading in readings if reading.intent not in SMALL_TALK] or list(readings)
    return max(serious, key=lambda reading: reading.in_scope * reading.confidence)
