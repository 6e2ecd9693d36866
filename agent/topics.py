"""Tell what each request asks of an order, by the vectors that are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.clauses import Clause
from agent.forms import only_tells
from agent.intents import RECORD_RULES
from prompts.fields import WHOLE
from rapport.topics import in_light_of
from rapport.types import Ask, Entity

if TYPE_CHECKING:
    import numpy as np

    from rapport.classifiers import Read
    from rapport.topics import Topics

ROLE = "topics"  # what tells topics among the classifiers that read a turn
SURE = 0.85  # probability from which what is asked of an order counts for more than words that may mean something else
# A topic's intent where it is not the status of an order that is asked for.
_INTENTS = {"parcel": "delivery_problem", "total": "invoice", "invoice number": "invoice"}


@dataclass(frozen=True, slots=True)
class TopicReading:
    """What each of the texts of a turn asks for. rows: text -> its row of chances, (n, topics + 1) probabilities."""

    topics: "Topics"
    rows: Mapping[str, int]
    chances: "np.ndarray"

    def named(self, texts: Sequence[str], *, whole: str = "") -> tuple[tuple[str, ...], float]:
        """The topics of these texts, and how sure the surest is. whole: the message that they are parts of."""
        found = self.chances[[self.rows[text] for text in texts if text in self.rows]]
        if whole in self.rows and whole not in texts:
            found = in_light_of(self.chances[self.rows[whole]], found)
        read = self.topics.asked(found)
        names = tuple(dict.fromkeys(name for one in read for name in _meant(one.names)))
        return names, max((one.chance for one in read), default=0.0)

    def guessed(self, text: str) -> tuple[str, ...]:
        """What this text may ask for where it seems to ask for nothing."""
        return self.topics.guessed(self.chances[self.rows[text]]) if text in self.rows else ()


def topic_reading(topics: "Topics | None", rows: Mapping[str, int], read: "Read") -> TopicReading | None:
    """What a suite with this classifier has read of the turn's texts. rows: text -> its place there."""
    return None if topics is None else TopicReading(topics, rows, read.outputs[ROLE].probabilities)


def with_topics(
    asks: Sequence[Ask], clauses: Sequence[Clause], reading: TopicReading | None, *, message: str
) -> tuple[Ask, ...]:
    """The requests of a message with their topics; one of several clauses may have several."""
    if reading is None:
        return tuple(asks)
    numbers = {entity for ask in asks for entity in ask.entities if entity.kind == "order_number"}
    found = [_with_topics(ask, clauses, reading, numbers, message=message) for ask in asks]
    whole = reading.named([message])[0][:1]  # what is asked for may be in none of the parts
    if found and not any(set(whole) <= set(ask.topics) for ask in found):
        named = [place for place, ask in enumerate(found) if set(ask.entities) & numbers] or [len(found) - 1]
        found[named[-1]] = replace(found[named[-1]], topics=(*found[named[-1]].topics, *whole))
    if numbers and not any(ask.topics for ask in found):
        guessed = reading.guessed(message)
        return tuple(replace(ask, topics=guessed) if ask.intent in RECORD_RULES else ask for ask in found)
    return tuple(found)


def topic_intent(asked: Sequence[str]) -> str | None:
    """The intent of what is asked of an order; None where nothing is, or the order as a whole."""
    special = [name for name in asked if name not in WHOLE]
    if not special:
        return None
    return "refund_status" if special[0].startswith("refund") else _INTENTS.get(special[0], "order_status")


def asks_field(ask: Ask) -> bool:
    """Whether it is clear that single fields of an order are asked for."""
    return asks_of_order(ask) and bool(single(ask.topics))


def asks_of_order(ask: Ask) -> bool:
    """Whether it is clear what is asked of an order: single fields, or how it stands."""
    return ask.topics_sure >= SURE and bool(ask.topics)


def single(asked: Sequence[str]) -> tuple[str, ...]:
    """The topics where single fields are asked for; none where the order as a whole is."""
    return tuple(asked) if any(name not in WHOLE for name in asked) else ()


def _meant(names: tuple[str, ...]) -> tuple[str, ...]:
    """What one text asks for: how a refund stands, or how the order does, is the refund where it is likelier."""
    of_refund = bool(names) and names[0].startswith("refund")
    return tuple(name for name in names if name not in WHOLE) if of_refund else names


def _with_topics(
    ask: Ask, clauses: Sequence[Clause], reading: TopicReading, numbers: set[Entity], *, message: str
) -> Ask:
    inside = [clause.text for clause in clauses if clause.text in ask.text]
    inside = [text for text in inside if not only_tells(text)] or inside
    # all of the message: what one request tells may be what another asks of
    found, sure = reading.named(inside, whole=message)
    if not single(found):  # a first sentence may only tell why something is asked
        whole, chance = reading.named([ask.text])
        found, sure = (whole, chance) if single(whole) else (found, sure)
    if any(name.startswith("refund") for name in found) or (ask.intent == "refund_status" and sure < SURE):
        # "what was the amount?"
        found = tuple(dict.fromkeys("refund amount" if name == "total" else name for name in found))
    own = any(entity.kind == "order_number" for entity in ask.entities)
    # "how much was W1, and which carrier?": the second question is about W1 as well
    shared = tuple(numbers) if single(found) and not own and len(numbers) == 1 else ()
    return replace(ask, topics=found, topics_sure=round(sure, 4), entities=(*ask.entities, *shared))
