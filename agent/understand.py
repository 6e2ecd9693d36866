"""Find out what a customer wants: requests, values, mood, language. One encoder pass a turn; decides nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from agent.batch import Batch
from agent.clauses import Clause, split_clauses
from agent.context import Context, read_context
from agent.entities import find_entities
from agent.follow_up import FollowUp, completed, follow_up
from agent.heads import Heads
from agent.intents import ORDER_CHANGES, PRODUCT_INTENTS, RECORD_RULES, SMALL_TALK
from agent.language import detect_language, warm_up_language
from agent.likely_articles import Titles
from agent.number_shapes import NumberShapes
from agent.readings import (
    OWN_SCOPE,
    YES_OR_NO,
    Group,
    Reading,
    beside_others,
    best,
    grouped,
    of_whole,
    readings_of,
    requests_among,
)
from agent.strange_words import StrangeWords
from agent.topics import ROLE, topic_reading, with_topics
from agent.urgency import Urgency, WorthOf
from rapport.escalation import REASONS, Thresholds, Watch, later_ask
from rapport.finishing import Finishing
from rapport.heads import sentiment_of
from rapport.likeness import pack
from rapport.text import tidy_lines
from rapport.types import Ask, Conversation, Entity, Message, Understanding

if TYPE_CHECKING:
    import numpy as np

    from rapport.topics import Topics

FOLLOW_UP_CONFIDENCE, SPEAKS_FOR_ITSELF = 0.95, 0.8
IDENTITY_KINDS = frozenset({"email", "postcode", "phone"})
_IT = re.compile(r"\b(?:it|them)\b", re.IGNORECASE)


class Understander:
    """Reads a customer's new messages in the light of the conversation so far.

    heads: the classifiers in use. least: thresholds of the escalation levels. shapes: says what the company's own
    numbers look like now, such as `agent.number_shapes.StoreShapes`. worth: says what is at stake, such as
    `agent.worth.StoreWorth`. words: doubts requests with strange words, where the heads know a shop alone.
    Raises IndexMismatch where a head was fitted on another encoder.
    """

    def __init__(
        self,
        heads: Heads,
        *,
        least: Thresholds,
        shapes: Callable[[], NumberShapes] = NumberShapes,
        worth: WorthOf | None = None,
        topics: "Topics | None" = None,
        words: StrangeWords | None = None,
    ) -> None:
        encoder = heads.suite.encoder
        self.suite = heads.suite if topics is None else heads.suite.beside({ROLE: topics.classifier})
        self._urgency = Urgency(Watch(heads.escalation, encoder, least), worth)
        self._finishing = Finishing(heads.finished, encoder)
        self._shapes = shapes
        self._topics = topics
        self.titles = Titles(heads.suite)
        self._words = words

    def understand(
        self, messages: Sequence[Message], conversation: Conversation, *, today: date
    ) -> tuple[Understanding, "np.ndarray"]:
        """What the messages mean together, and the vectors of the asks' queries, (n_asks, dim) in their order.

        messages: the unanswered ones, oldest first; several are read as one. Texts are tidied first, so the places
        of entities refer to the tidied text of the whole (`joined_text`).
        """
        text, context = joined_text(messages), read_context(conversation.context)
        entities = self._entities(text, conversation, context, today)
        follow = follow_up(text, entities, context)
        clauses = split_clauses(text) if follow is None or follow.kind == "pointing" else ()
        batch = Batch([text, *(clause.text for clause in clauses), *completed(follow)])
        read = self.suite.read(batch.texts, later=self._urgency.alarm)
        readings = readings_of(batch, read.outputs["intent"], _impossible(entities))
        entities = _merged(entities, follow.entities if follow else ())
        asks, rows = _asks(text, clauses, follow, readings, entities)
        asks = with_topics(asks, clauses, topic_reading(self._topics, batch.rows, read), message=text)
        language = detect_language(text, default=conversation.locale)
        asks = self._words.doubt(asks, language) if self._words else asks
        sentiment = float(sentiment_of(read.outputs["sentiment"])[0])
        whole = (text, batch.texts[0], read.vectors[0])
        urgent = self._urgency.read(
            *whole, sentiment=sentiment, conversation=conversation,
            ask=later_ask(self._urgency.alarm, read, batch.texts, self.suite.encoder),
        )  # fmt: skip
        understanding = Understanding(
            asks=asks,
            sentiment=round(sentiment, 4),
            escalate=round(urgent.escalate, 4),
            escalate_reason=REASONS.get(urgent.reason, ""),
            escalate_level=urgent.level,
            language=language,
            entities=entities,
            finished=round(self._finishing.read(*whole), 4),
            packed=pack(read.vectors[0]),
        )
        return understanding, read.vectors[rows]

    def warm_up(self) -> None:
        """Encode once and load the language model."""
        self.suite.read(["warm up"])
        warm_up_language()

    def _entities(self, text: str, conversation: Conversation, context: Context, today: date) -> tuple[Entity, ...]:
        asked = context.pending is not None and context.pending.kind == "verify"
        return find_entities(text, today=today, shapes=self._shapes(), locale=conversation.locale, postcode_asked=asked)


def joined_text(messages: Sequence[Message]) -> str:
    """The messages as one text, a line each, every line tidied."""
    return tidy_lines("\n".join(message.text for message in messages))


def _impossible(entities: Sequence[Entity]) -> frozenset[str]:
    """Intents that the values rule out: who names an order and no fact about themselves wants something of it."""
    kinds = {entity.kind for entity in entities}
    about_order = "order_number" in kinds and not kinds & IDENTITY_KINDS
    return frozenset({"verify_me", "greeting", "confirm", "deny"}) if about_order else frozenset()


def _asks(
    text: str,
    clauses: Sequence[Clause],
    follow: FollowUp | None,
    readings: Mapping[str, Reading],
    entities: tuple[Entity, ...],
) -> tuple[tuple[Ask, ...], list[int]]:
    """The requests with the row of each one's query vector."""
    if follow is not None and follow.intent is not None:
        whole = readings[follow.query]
        given = replace(whole, intent=follow.intent, confidence=FOLLOW_UP_CONFIDENCE, in_scope=1.0)
        return (_ask(text, follow.query, given, entities),), [whole.row]
    groups = grouped(requests_among(clauses, entities), clauses, readings) if len(clauses) > 1 else []
    if len(groups) > 1:
        return _several(text, groups, readings[text], entities)
    if follow is not None and follow.own and (follow.query == follow.own or _says_enough(follow, text, readings)):
        reading = best([readings[follow.own], readings[text]])
        return (_ask(text, follow.own, reading, entities),), [readings[follow.own].row]
    reading = of_whole(readings[text], best([readings[text], *(group.reading for group in groups)]))
    if follow is not None and not _is_new(follow, reading):
        whole = readings[follow.query]
        if whole.own and (not reading.own or follow.kind == "bare"):
            reading = whole
        return (_ask(text, follow.query, reading, entities),), [whole.row]
    return (_ask(text, text, reading, entities),), [readings[text].row]


def _several(
    text: str, groups: Sequence[Group], whole: Reading, entities: tuple[Entity, ...]
) -> tuple[tuple[Ask, ...], list[int]]:
    numbers = tuple(entity for entity in entities if entity.kind == "order_number")
    asks = []
    for group in groups:
        own = tuple(entity for entity in entities if group.start <= entity.start < group.end)
        changes = group.reading.intent in ORDER_CHANGES and bool(_IT.search(text[group.start : group.end]))
        about_orders = group.reading.intent in RECORD_RULES or changes
        if about_orders and not any(entity.kind == "order_number" for entity in own):
            own = _merged(own, numbers)  # "where is W1, and when do I get the refund?": both are about W1
        part = text[group.start : group.end]
        asks.append(_ask(part, part, beside_others(whole, group.reading), own))
    return tuple(asks), [group.reading.row for group in groups]


def _ask(text: str, query: str, reading: Reading, entities: tuple[Entity, ...]) -> Ask:
    return Ask(
        text=text,
        query=query,
        intent=reading.intent,
        confidence=round(reading.confidence, 4),
        in_scope=round(reading.in_scope, 4),
        alternatives=tuple((label, round(share, 4)) for label, share in reading.alternatives),
        entities=entities,
    )


def _speaks_for_itself(reading: Reading) -> bool:
    """Whether a few words mean something without the question before them ("and returns?", not "and black?")."""
    return reading.confidence >= SPEAKS_FOR_ITSELF and reading.intent not in SMALL_TALK | YES_OR_NO


def _is_new(follow: FollowUp, reading: Reading) -> bool:
    """Whether "can I still cancel it?" is a question of its own about the same thing; a product's name is needed."""
    other = follow.before not in (None, reading.intent) and reading.in_scope >= OWN_SCOPE
    return other and _speaks_for_itself(reading) and reading.intent not in PRODUCT_INTENTS


def _says_enough(follow: FollowUp, text: str, readings: Mapping[str, Reading]) -> bool:
    """Whether "and returns?" is a question of its own, read with its "and" and without."""
    both = readings[text], readings[follow.own]
    return all(_speaks_for_itself(reading) for reading in both) and both[0].intent == both[1].intent


def _merged(own: tuple[Entity, ...], more: tuple[Entity, ...]) -> tuple[Entity, ...]:
    return tuple(sorted({*own, *more}, key=lambda entity: entity.start))
