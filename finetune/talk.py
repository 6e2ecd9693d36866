"""Fit the two heads that read a conversation: escalation, and whether the customer has finished writing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from finetune.escalation import publish_escalation
from finetune.examples import representative
from finetune.finished import finished_rows, publish_finished
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.classifiers import Classifier
from rapport.dialogues import Dialogue, Ordinary
from rapport.heads import Head
from rapport.paths import Home
from rapport.sample.conversations import make_conversations
from rapport.sample.endings import make_endings
from rapport.sample.utterances import make_examples

SEED = 7  # of the invented conversations


def fit_talk_heads(
    home: Home,
    utterances: Sequence[Ordinary],
    vectors: VectorCache,
    *,
    names: Mapping[str, str],
    sentiment: Head,
    conversations: Sequence[Dialogue] | None = None,
) -> list[Card]:
    """Fit those that have a name, publish them and put them to use. Returns their cards.

    names: of the artifacts by role. utterances: ordinary messages. sentiment: the head that is asked at each turn,
    best fitted without the test texts. conversations: labelled ones to use instead of the sample company's.
    """
    cards = []
    if "escalation" in names:
        if conversations is None:
            conversations = make_conversations(SEED, utterances)
        asked = Classifier(head=sentiment)
        cards.append(publish_escalation(home, conversations, vectors, sentiment=asked, name=names["escalation"]))
    if "finished" in names:
        rows = finished_rows(make_endings(SEED, utterances))
        cards.append(publish_finished(home, rows, vectors, name=names["finished"]))
    return cards


def sample_conversations(*, only_train: bool) -> tuple[Dialogue, ...]:
    """The invented conversations that the head of a new home knows, to learn from beside a company's own.

    None is for test, so that figures are of the company's own. only_train: nor is any for dev.
    """
    kept = "train" if only_train else "dev"
    talks = make_conversations(SEED, representative(make_examples(SEED)))
    return tuple(replace(one, split=kept if one.split == "dev" else "train") for one in talks)
