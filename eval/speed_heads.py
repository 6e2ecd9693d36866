"""How long the classifiers take beside one bare encoding of the same messages: one by one, and in batches.

The messages are the sample company's labelled ones in a random order, each read once, so that nothing is remembered of
it. The classifiers read them as in a turn; what a turn looks up in the records is left out.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.report import Spread, spread
from rapport.paths import Home
from rapport.text import mask, tidy
from rapport.types import Conversation, ConversationId, Identity, State

if TYPE_CHECKING:
    from agent.heads import Heads
    from rapport.models import Encoder
    from rapport.sample import SampleCompany

WARM_UP = 5
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSpeed:
    """The encoder with every classifier against the encoder alone.

    models: names by role. over_encode: milliseconds a message over those of a bare encoding; batch_over_encode:
    messages a second in batches over those of bare encodings; both are medians of the repetitions.
    """

    models: dict[str, str]
    over_encode: Spread
    heads_ms: Spread
    encode_ms: Spread
    batch_over_encode: Spread
    batch_per_s: Spread
    encode_batch_per_s: Spread


class Reader:
    """Reads messages with every classifier, as `agent.understand` does."""

    def __init__(self, heads: "Heads") -> None:
        from agent.assemble import thresholds
        from agent.urgency import Urgency
        from rapport.escalation import Watch
        from rapport.finishing import Finishing

        self.encoder: Encoder = heads.suite.encoder
        self._suite = heads.suite
        self._watch = Watch(heads.escalation, self.encoder, thresholds())
        self._urgency = Urgency(self._watch)
        self._finishing = Finishing(heads.finished, self.encoder)

    def one(self, text: str) -> tuple[str, str, float]:
        """The intent, the level of escalation, and how probably it is finished, of the first message of a chat."""
        from rapport.escalation import later_ask
        from rapport.heads import sentiment_of

        masked = mask(text)
        read = self._suite.read([masked], later=self._watch.alarm)
        ask = later_ask(self._watch.alarm, read, [masked], self.encoder)
        mood = float(sentiment_of(read.outputs["sentiment"])[0])
        urgent = self._urgency.read(
            text, masked, read.vectors[0], sentiment=mood, conversation=new_conversation(), ask=ask
        )
        finished = self._finishing.read(text, masked, read.vectors[0])
        return read.outputs["intent"].best(0)[0], urgent.level, finished

    def many(self, texts: Sequence[str]) -> list[tuple[str, str, float]]:
        """The same of each of several messages, each the first of its own chat."""
        from rapport.escalation import later_ask
        from rapport.heads import sentiment_of
        from rapport.signals import Past, features, words_of

        masked = [mask(text) for text in texts]
        read = self._suite.read(masked, later=self._watch.alarm)
        ask = later_ask(self._watch.alarm, read, masked, self.encoder)
        moods = sentiment_of(read.outputs["sentiment"]).tolist()
        rows = [
            features(words_of(tidy(text)), sentiment=mood, past=Past()) for text, mood in zip(texts, moods, strict=True)
        ]
        urgent = self._watch.read_all(read.vectors, masked, texts, rows, ask=ask)
        finished = self._finishing.read_all(texts, masked, read.vectors)
        intents = [read.outputs["intent"].best(row)[0] for row in range(len(texts))]
        return list(zip(intents, (one.level for one in urgent), finished.tolist(), strict=True))


def heads_in_use(home: Home) -> "tuple[Heads, dict[str, str]] | None":
    """The classifiers that a home uses, with their names by role; None where it does not have all of them yet."""
    from agent.assemble import load_heads
    from rapport.models import load_encoder
    from rapport.registry import ROLES, current
    from rapport.settings import load_settings

    if not all(current(home, role) for role in ROLES):
        return None
    return load_heads(home, load_encoder(load_settings(home).encoder))


def labelled_messages(company: "SampleCompany") -> list[str]:
    """The different texts of the sample company's labelled messages, in an order of their own."""
    texts = list(dict.fromkeys(utterance.text for utterance in company.examples))
    random.Random(SEED).shuffle(texts)
    return texts


def measure_heads(
    heads: "Heads", models: dict[str, str], singles: Sequence[Sequence[str]], batches: Sequence[Sequence[str]]
) -> HeadSpeed:
    """Time both on the same messages, in turn; each goes first equally often.

    singles: messages read one by one, for each repetition. batches: messages read together; the first only warms up.
    """
    reader = Reader(heads)

    def one(single: Sequence[str]) -> object:
        return reader.one(single[0])

    _pairs(reader, [[text] for text in batches[0][:WARM_UP]], one)
    _pairs(reader, batches[:1], reader.many)
    alone = [_pairs(reader, [[text] for text in texts], one) for texts in singles]
    together = _pairs(reader, batches[1:], reader.many)
    sizes = [len(batch) for batch in batches[1:]]
    medians = [[spread(times).median for times in zip(*found, strict=True)] for found in alone]
    return HeadSpeed(
        models=models,
        over_encode=spread([ours / bare for ours, bare in medians]),
        heads_ms=spread([1000 * ours for found in alone for ours, _ in found]),
        encode_ms=spread([1000 * bare for found in alone for _, bare in found]),
        batch_over_encode=spread([bare / ours for ours, bare in together]),
        batch_per_s=spread([size / ours for size, (ours, _) in zip(sizes, together, strict=True)]),
        encode_batch_per_s=spread([size / bare for size, (_, bare) in zip(sizes, together, strict=True)]),
    )


def _pairs(
    reader: Reader, items: Sequence[Sequence[str]], read: Callable[[Sequence[str]], object]
) -> list[tuple[float, float]]:
    """The seconds that `read` takes on each item, and those of its bare encoding."""
    found = []
    for number, item in enumerate(items):
        masked = [mask(text) for text in item]
        seconds = [0.0, 0.0]
        for part in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            if part == 0:
                read(item)
            else:
                reader.encoder.encode(masked)
            seconds[part] = time.perf_counter() - started
        found.append((seconds[0], seconds[1]))
    return found


def new_conversation() -> Conversation:
    """One without anything said or known before."""
    return Conversation(
        id=ConversationId("speed"), customer_id=None, identity=Identity.ANONYMOUS, channel="eval", state=State.BOT
    )
