"""Turn labelled conversations into rows to fit an escalation head on: every message with what went before it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.examples import Labelled
from finetune.vectors import Encoded, VectorCache
from rapport.classifiers import Classifier, classify
from rapport.dialogues import Dialogue, Said
from rapport.escalation import wide
from rapport.heads import sentiment_of
from rapport.likeness import KEPT, likeness, pack
from rapport.signals import Past, Words, features, words_of
from rapport.text import tidy
from rapport.types import EscalationLevel

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Rows:
    """n labelled messages. encoded: masked texts, (n, dim + FEATURES) wide vectors and joint labels ("offer anger").

    said: the messages as written. levels, reasons: the two parts of the labels. languages: of each message.
    invented: whether the shipped alarm may have learnt from it.
    """

    encoded: Encoded
    said: tuple[str, ...]
    levels: tuple[EscalationLevel, ...]
    reasons: tuple[str, ...]
    languages: tuple[str, ...]
    invented: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.said)

    def plus(self, other: "Rows") -> "Rows":
        """These rows, then the other ones."""
        return Rows(
            self.encoded.plus(other.encoded),
            said=self.said + other.said,
            levels=self.levels + other.levels,
            reasons=self.reasons + other.reasons,
            languages=self.languages + other.languages,
            invented=self.invented + other.invented,
        )


class RowMaker:
    """Makes rows of conversations; each distinct message is encoded and read once, however often it occurs."""

    def __init__(self, vectors: VectorCache, sentiment: Classifier) -> None:
        self._vectors = vectors
        self._sentiment = sentiment
        self._known: dict[str, _Message] = {}

    def rows(self, dialogues: Iterable[Dialogue]) -> Rows:
        """The labelled messages of the conversations, in their order."""
        import numpy as np

        held = tuple(dialogues)
        self._learn(dict.fromkeys(said.text for dialogue in held for said in dialogue.said))
        found = [item for dialogue in held for item in self._rows_of(dialogue)]
        messages = [message for message, *_ in found]
        empty = np.zeros((0, self._vectors.encoder.dim), dtype=np.float32)
        stacked = np.stack([message.vector for message in messages]) if messages else empty
        labels = tuple(f"{said.level} {said.reason}".strip() for _, _, said, _ in found)
        encoded = Encoded(
            tuple(message.masked for message in messages), wide(stacked, [row for _, row, _, _ in found]), labels
        )
        return Rows(
            encoded,
            said=tuple(said.text for _, _, said, _ in found),
            levels=tuple(said.level or "answer" for _, _, said, _ in found),
            reasons=tuple(said.reason for _, _, said, _ in found),
            languages=tuple(dialogue.language for *_, dialogue in found),
            invented=tuple(dialogue.invented for *_, dialogue in found),
        )

    def _learn(self, texts: Iterable[str]) -> None:
        new = [text for text in texts if text not in self._known]
        encoded = self._vectors.of([Labelled(text, "") for text in new])
        encoder = self._vectors.encoder
        moods = sentiment_of(classify(self._sentiment, encoded.texts, encoded.vectors, encoder=encoder))
        for text, masked, vector, mood in zip(new, encoded.texts, encoded.vectors, moods, strict=True):
            self._known[text] = _Message(masked, vector, pack(vector), float(mood), words_of(tidy(text)))

    def _rows_of(self, dialogue: Dialogue) -> Iterator[tuple["_Message", dict[str, float], Said, Dialogue]]:
        """The context is carried from message to message as the agent carries it."""
        trail: list[float] = []
        packed: list[str] = []
        asked = unhelped = failures = 0
        for said in dialogue.said:
            message = self._known[said.text]
            if said.level is not None:
                alike, repeats = likeness(message.vector, packed)
                past = Past(
                    trail=trail, asked=asked, unhelped=unhelped, failures=failures, likeness=alike, repeats=repeats,
                    order_value=dialogue.order_value, usual_value=dialogue.usual_value,
                )  # fmt: skip
                yield message, features(message.words, sentiment=message.mood, past=past), said, dialogue
            trail.append(round(message.mood, 2))
            packed = [*packed, message.packed][-KEPT:]
            asked = asked + 1 if said.did == "asked" else 0
            unhelped = unhelped + 1 if said.did in ("asked", "unanswered") else 0
            failures += said.did == "unverified"


@dataclass(frozen=True, slots=True)
class _Message:
    """What is known of one text, whatever stands before it. mood: sentiment, -1..1."""

    masked: str
    vector: "np.ndarray"
    packed: str
    mood: float
    words: Words


def of_split(dialogues: Sequence[Dialogue], *splits: str) -> tuple[Dialogue, ...]:
    """The conversations of some splits."""
    return tuple(dialogue for dialogue in dialogues if dialogue.split in splits)


def dialogues_fingerprint(dialogues: Iterable[Dialogue]) -> str:
    """First 16 hexadecimal digits of the sha256 over all conversations in order."""
    digest = hashlib.sha256()
    for dialogue in dialogues:
        digest.update(f"{dialogue.split}\t{dialogue.order_value:.2f}\t{dialogue.usual_value:.2f}\n".encode())
        for said in dialogue.said:
            line = f"{said.level}\t{said.reason}\t{said.did}\t{said.text}\n"
            digest.update(line.encode("utf-8", "replace"))
    return digest.hexdigest()[:16]
