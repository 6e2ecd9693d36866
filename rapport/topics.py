"""Find what a message asks of an order: a classifier with a top layer of its own on the encoder that all share.

Kept beside the reply model: `topics.safetensors` with `weight` (topics + 1, dim, or twice dim where there is an own
layer), `words` (places, topics + 1) and `bias` (topics + 1,), whose last entry stands for asking nothing of an order,
and the topics' names; `topics-layers.safetensors` with the layer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.classifiers import Classifier, local
from rapport.errors import CorruptArtifact
from rapport.heads import Head, base_name
from rapport.layers import load_layers, save_layers

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

FILE, LAYERS_FILE = "topics.safetensors", "topics-layers.safetensors"
NOTHING = "nothing"  # the label of a text that asks for no topic
LEAST = 0.4  # probability from which a topic counts as asked for
ENOUGH = 0.93  # of the probability that anything is asked for: topics that hold so much together are all that is told
SECOND = 0.035  # probability from which a topic is told beside a likelier one
MOST = 3  # topics of one text
GUESS = 0.15  # probability from which a topic is worth telling where asking nothing is likelier
RIVAL = 0.3  # of the likeliest topic's probability, from which the next one is as well
DOUBT = 0.003  # of the whole message: a topic that it rules out can still be meant by a part of it


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text asks for.

    names: one topic, two or three where each may be meant, or none. chance: the probability that it is one of them,
    0-1.
    """

    names: tuple[str, ...] = ()
    chance: float = 0.0

    @property
    def likeliest(self) -> str:
        """The topic that is meant most likely; "" for none."""
        return self.names[0] if self.names else ""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names with the classifier whose labels they are; its last label is NOTHING."""

    names: tuple[str, ...]
    classifier: Classifier

    def asked(self, chances: "np.ndarray") -> list[Asked]:
        """What is asked by each row of (n, topics + 1) probabilities.

        All of two or three topics that may be meant, so that the answer holds what was asked.
        """
        return [self._asked(row) for row in chances]

    def guessed(self, chances: "np.ndarray") -> tuple[str, ...]:
        """One topic or two that a text may ask for, of its (topics + 1,) probabilities, where it seems to ask for none.

        Better told than all of an order that the text names anyway.
        """
        topics = chances[:-1]
        likely = (int(at) for at in topics.argsort()[:-3:-1])
        return tuple(self.names[at] for at in likely if topics[at] >= max(GUESS, RIVAL * topics.max()))

    def _asked(self, chances: "np.ndarray") -> Asked:
        none = len(self.names)
        first, *others = (int(at) for at in chances.argsort()[::-1])
        if first == none:
            return Asked()
        places, enough = [first], ENOUGH * (1.0 - chances[none])
        for at in (at for at in others if at != none and chances[at] >= SECOND):
            if len(places) == MOST or chances[places].sum() >= enough:
                break
            places.append(at)
        chance = float(sum(chances[at] for at in places))
        if chance < LEAST:
            return Asked()
        return Asked(tuple(self.names[at] for at in places), chance)


def in_light_of(whole: "np.ndarray", parts: "np.ndarray") -> "np.ndarray":
    """The (n, topics + 1) probabilities of parts of a message, read in the light of those of the whole one.

    "Which day was it sent?" asks for another day behind "my bank looks for the refund by its date".
    """
    joint: np.ndarray = parts * (whole + DOUBT)
    joint /= joint.sum(axis=1, keepdims=True)
    return joint


def make_topics(names: Sequence[str], head: Head, *, top: object = None) -> Topics:
    """Topics from a head whose labels are the names and NOTHING, in this order. top: its own layer, as it runs."""
    return Topics(tuple(names), Classifier(head=head, top=top, start=head.start or 0))


def save_topics(topics: Topics, folder: Path) -> None:
    """Write the classifier into a model's folder."""
    import numpy as np
    from safetensors.numpy import save_file

    head = topics.classifier.head
    told = {"names": json.dumps(topics.names), "base": head.base, "start": json.dumps(head.start)}
    told["temperature"] = json.dumps(head.temperature)
    # in C order: safetensors writes memory as it lies
    halves = {"weight": head.weights, "words": head.words}
    tensors = {name: np.ascontiguousarray(table, dtype=np.float16) for name, table in halves.items()}
    tensors["bias"] = np.ascontiguousarray(head.bias, dtype=np.float32)
    save_file(tensors, str(folder / FILE), metadata=told)
    if topics.classifier.top is not None:
        save_layers(topics.classifier.top, folder / LAYERS_FILE)


def load_topics(folder: Path, encoder: "Encoder") -> Topics | None:
    """The topics beside a model; None where there are none, or they were fitted on another encoder.

    Raises CorruptArtifact for files that are none.
    """
    path = folder / FILE
    head = _head(path) if path.is_file() else None
    if head is None or head.base != base_name(encoder):
        return None
    names = head.labels[:-1]
    if head.start is None:
        return make_topics(names, head)
    return make_topics(names, head, top=load_layers(local(encoder).transformer, head.start, folder / LAYERS_FILE))


def _head(path: Path) -> Head:
    import numpy as np
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            told = file.metadata()
            names: Sequence[str] = json.loads(told["names"])
            tables = [np.asarray(file.get_tensor(name), dtype=np.float32) for name in ("weight", "words", "bias")]
        weight, words, bias = tables
        return Head(
            labels=(*names, NOTHING), weights=weight, words=words, bias=bias, base=told["base"],
            start=json.loads(told["start"]), temperature=json.loads(told["temperature"]), name="topics",
        )  # fmt: skip
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}).", hint="Make the starter again.") from error
