"""Train what tells the topics of an order that a message asks for.

Learns from the grammar's questions, alone, two together and among facts that are told beside them, and from the sample
company's messages about other things as ones that ask for nothing.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from finetune.examples import representative
from finetune.inputs import Inputs, inputs_for
from finetune.logistic import fit_linear
from finetune.parts import Layers, mixed, train_layers
from finetune.plan import TrainingPlan
from finetune.starter.grammar import ask, others
from finetune.starter.stories import story, telling, two_topics
from finetune.tuning import Unwatched, Watch
from finetune.vectors import Encoded, VectorCache
from prompts.fields import TOPICS
from rapport.classifiers import Suite, local
from rapport.dialogues import Ordinary
from rapport.heads import base_name
from rapport.sample.grammar import render
from rapport.topics import NOTHING, Topics, make_topics

if TYPE_CHECKING:
    from rapport.models import Encoder

# Intents whose messages ask for something of an order, so that they are no examples of asking nothing.
ABOUT_ORDERS = frozenset({"order_status", "delivery_problem", "refund_status", "invoice"})
OTHER_RENDERINGS = 3
LABELS = (*TOPICS, NOTHING)
# Shares of the messages beside plain questions; two questions count as one row for each.
STORIES, TELLING, TWO = 0.25, 0.035, 0.05
# This and the next two were chosen on phrases held out in blocks, as different people had written them.
PLAN = TrainingPlan(method="full", epochs=3, batch=64, learning_rate=3e-4)
STRENGTH = 10.0  # of the linear map: the inverse of its penalty on large weights
BLEND = 0.5  # what the linear map on shared vector and words counts beside the own layers


def fit_topics(
    encoder: "Encoder", others: Sequence[str], *, folder: Path, count: int = 20_000, layers: int = 1, seed: int = 7,
    watch: Watch | None = None,
) -> Topics:  # fmt: skip
    """Train on `count` messages and the texts of `others`, which ask for none.

    layers: of the encoder's, to go on from. One without such layers gets a linear map alone. folder: for checkpoints.
    """
    rows = messages(seed, count) + [(text, NOTHING) for text in others]
    texts, labels = zip(*rows, strict=True)
    plan = replace(PLAN, layers=layers)
    given = _inputs(encoder, texts, plan)
    taught = Encoded(texts, encoder.encode(texts) if given is None else given.frozen(), labels)
    linear = fit_linear(taught, strength=STRENGTH, balanced=False).ordered(LABELS)
    own = None
    if given is not None:
        cache = VectorCache(encoder)
        own = train_layers(taught, Encoded.none(cache), LABELS, plan, cache, folder, watch or Unwatched(), given)
    head = mixed(linear, own, BLEND if own else 1.0, base=base_name(encoder))
    return make_topics(tuple(TOPICS), head, top=_served(own, encoder) if own else None)


def matched(topics: Topics, encoder: "Encoder", *, count: int = 1500, seed: int = 11) -> float:
    """Share of questions in phrases never learnt from whose topic is found."""
    rows = questions(seed, count, held_out=True)
    read = Suite(encoder, {"topics": topics.classifier}).read([text for text, _ in rows])
    found = topics.asked(read.outputs["topics"].probabilities)
    return sum(one.likeliest == topic for one, (_, topic) in zip(found, rows, strict=True)) / count


def questions(seed: int, count: int, *, held_out: bool = False) -> list[tuple[str, str]]:
    """Messages that ask for one topic, with it; every topic equally often."""
    random = Random(f"{seed} topics {held_out}")
    names = list(TOPICS)
    asked = [names[number % len(names)] for number in range(count)]
    return [(ask(random, (topic,), held_out=held_out), topic) for topic in asked]


def messages(seed: int, count: int) -> list[tuple[str, str]]:
    """Messages of all kinds with what they ask for; one with two questions stands there with either."""
    random = Random(f"{seed} stories")
    names = list(TOPICS)
    stories = [names[number % len(names)] for number in range(round(STORIES * count))]
    rows = [(story(random, topic), topic) for topic in stories]
    rows += [(telling(random), NOTHING) for _ in range(round(TELLING * count))]
    for _ in range(round(TWO * count)):
        text, topics = two_topics(random)
        rows += [(text, topic) for topic in topics]
    return questions(seed, count - len(rows)) + rows


def other_texts(utterances: Iterable[Ordinary]) -> list[str]:
    """Messages that ask for none of the topics: the grammar's, and the sample company's about other things."""
    from rapport.text import mask

    random = Random("other")
    own = [mask(render(random, phrase)) for phrase in others() for _ in range(OTHER_RENDERINGS)]
    return own + [mask(item.text) for item in representative(utterances) if item.intent not in ABOUT_ORDERS]


def _inputs(encoder: "Encoder", texts: Sequence[str], plan: TrainingPlan) -> Inputs | None:
    """What the own layers read of the texts: the layers below run once for them and for the shared vectors."""
    if getattr(encoder, "transformer", None) is None:
        return None
    here = local(encoder)
    return inputs_for(here.transformer, here.folder, texts, plan)


def _served(layers: Layers, encoder: "Encoder") -> Any:
    """The own layer as it runs behind the encoder, in its number format."""
    transformer = local(encoder).transformer
    return copy.deepcopy(layers.network.top).to(dtype=transformer.dtype, device=transformer.device).eval()
