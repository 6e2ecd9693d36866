"""Fit the map from a message's vector to what it asks of an order.

Learns from the grammar's questions, and from the sample company's messages about other things as ones that ask nothing.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING

from finetune.examples import representative
from finetune.starter.grammar import ask, others
from prompts.fields import TOPICS
from rapport.dialogues import Ordinary
from rapport.lexical import PLACES, places, weight
from rapport.sample.grammar import render
from rapport.topics import Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from rapport.models import Encoder

# Intents whose messages ask for something of an order, so that they are no examples of asking nothing.
ABOUT_ORDERS = frozenset({"order_status", "delivery_problem", "refund_status", "invoice"})
OTHER_RENDERINGS = 3
WORDS = 1.5  # what hashed words weigh beside the vector; this and the next chosen on phrases for choosing
STRENGTH = 10.0  # of the fit: the inverse of its penalty on large weights; chosen on held-out phrases


def fit_topics(encoder: "Encoder", others: Sequence[str], *, count: int = 20_000, seed: int = 7) -> Topics:
    """The map, from `count` questions for one topic each and the texts of `others`, which ask for none."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    texts, asked = questions(seed, count)
    known = [*texts, *others]
    vectors = encoder.encode(known)
    features = hstack([csr_matrix(vectors), _words(known)]).tocsr()
    fitted = LogisticRegression(C=STRENGTH, max_iter=300).fit(features, [*asked, *[len(TOPICS)] * len(others)])
    dim = vectors.shape[1]
    words = WORDS * fitted.coef_[:, dim:].T
    return Topics(tuple(TOPICS), encoder.name, fitted.coef_[:, :dim], words, fitted.intercept_)


def _words(texts: Sequence[str]) -> "csr_matrix":
    """The hashed words of n texts, (n, PLACES)."""
    from scipy.sparse import csr_matrix

    found = [places(text) for text in texts]
    values = [WORDS * weight(len(one)) for one in found for _ in one]
    rows = [row for row, one in enumerate(found) for _ in one]
    return csr_matrix((values, (rows, [place for one in found for place in one])), shape=(len(texts), PLACES))


def matched(topics: Topics, encoder: "Encoder", *, count: int = 1500, seed: int = 11) -> float:
    """Share of questions in phrases never learnt from whose topic is found."""
    texts, asked = questions(seed, count, held_out=True)
    found = topics.asked(texts, encoder.encode(texts))
    return sum(one.likeliest == tuple(TOPICS)[place] for one, place in zip(found, asked, strict=True)) / count


def questions(seed: int, count: int, *, held_out: bool = False) -> tuple[list[str], list[int]]:
    """Messages that ask for one topic, every topic equally often, and the places of their topics in TOPICS."""
    random = Random(f"{seed} topics {held_out}")
    names = list(TOPICS)
    asked = [number % len(names) for number in range(count)]
    return [ask(random, (names[place],), held_out=held_out) for place in asked], asked


def other_texts(utterances: Iterable[Ordinary]) -> list[str]:
    """Messages that ask for none of the topics: the grammar's, and the sample company's about other things."""
    from rapport.text import mask

    random = Random("other")
    own = [mask(render(random, phrase)) for phrase in others() for _ in range(OTHER_RENDERINGS)]
    return own + [mask(item.text) for item in representative(utterances) if item.intent not in ABOUT_ORDERS]
