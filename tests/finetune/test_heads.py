"""Fitting heads: choosing, publishing, refusing."""

from dataclasses import dataclass

import numpy as np
import pytest

from finetune.common_texts import common_rows
from finetune.defaults import fit_default_heads, fit_head, said_of
from finetune.examples import Labelled, Splits, intent_rows, representative
from finetune.logistic import fit_linear, word_matrix
from finetune.scores import classifier_scores
from finetune.vectors import VectorCache
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow
from rapport.heads import load_head
from rapport.registry import artifact_folder, current, rollback


@dataclass(frozen=True)
class Example:
    text: str
    intent: str
    sentiment: str
    split: str
    language: str = "en"


def examples(extra: str = "") -> list[Example]:
    moods = ("negative", "neutral", "positive")
    rows = common_rows()
    return [
        Example(
            text=f"{row.text} {('I am angry', 'tell me', 'lovely')[place % 3]}{extra}",
            intent=row.label,
            sentiment=moods[place % 3],
            split=("train", "train", "dev", "test")[place % 4],
        )
        for place, row in enumerate(rows)
    ]


@pytest.mark.slow
def test_default_heads_are_fitted_published_and_put_to_use(home):
    cards = fit_default_heads(home, examples(), encoder=HashingEncoder())
    assert [card.kind for card in cards] == ["intent", "sentiment", "escalation", "finished"]
    for card in cards:
        assert current(home, card.kind) == card.name
        head = load_head(artifact_folder(home, card.name))
        assert head.base == card.base
        assert 0 < card.scores.get("accuracy", card.scores.get("macro_f1", 0)) <= 1
    assert cards[0].scores["oos_auroc"] > 0.5
    assert len(load_head(artifact_folder(home, cards[0].name)).labels) == 32


@pytest.mark.slow
def test_fitting_on_other_rows_keeps_the_model_before(home):
    first, *_ = fit_default_heads(home, examples(), encoder=HashingEncoder())
    second, *_ = fit_default_heads(home, examples(" now"), encoder=HashingEncoder())
    assert first.name != second.name
    assert rollback(home, "intent") == first.name


@pytest.mark.slow
def test_the_same_rows_give_the_same_head(home):
    vectors = VectorCache(HashingEncoder())
    splits = intent_rows(examples())
    one, other = fit_head("intent", splits, vectors), fit_head("intent", splits, vectors)
    np.testing.assert_array_equal(one.weights, other.weights)


def test_no_test_text_is_trained_on():
    held = Example("Where is my order?", "order_status", "neutral", "test")
    splits = intent_rows([Example("where is  my order?", "invoice", "neutral", "train"), held], more=common_rows())
    assert [row.text for row in splits.test] == ["Where is my order?"]
    assert "where is my order?" not in {row.text.casefold() for row in splits.train}


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="none of train, dev, test"):
        intent_rows([Example("hi", "greeting", "neutral", "tset")])


def test_a_few_dozen_renderings_of_an_intent_are_enough():
    many = [Example(f"track {place}", "order_status", "neutral", "train") for place in range(200)]
    many += [Example(f"joke {place}", "oos", "neutral", "train") for place in range(200)]
    kept = representative(many, train=10)
    assert sum(item.intent == "order_status" for item in kept) == 10
    assert sum(item.intent == "oos" for item in kept) == 40
    assert kept == representative(many[::-1], train=10)


def rows(*pairs: tuple[str, str]) -> tuple[Labelled, ...]:
    return tuple(Labelled(text, label) for text, label in pairs)


def test_rows_of_one_intent_are_refused():
    one = rows(("a", "greeting"), ("b", "greeting"))
    with pytest.raises(BadRow, match="two or more"):
        fit_head("intent", Splits(one, one, ()), VectorCache(HashingEncoder()))


def test_dev_labels_that_were_never_trained_are_refused():
    train, dev = rows(("a", "x"), ("b", "y")), rows(("c", "z"), ("a b", "x"))
    with pytest.raises(BadRow, match="z"):
        fit_head("intent", Splits(train, dev, ()), VectorCache(HashingEncoder()))


def test_an_unknown_sentiment_is_refused():
    odd = rows(("a", "negative"), ("b", "neutral"), ("c", "happy"))
    with pytest.raises(BadRow, match="negative, neutral, positive"):
        fit_head("sentiment", Splits(odd, odd, ()), VectorCache(HashingEncoder()))


def test_without_out_of_scope_rows_everything_is_in_scope():
    pairs = rows(("where is it", "track"), ("track it", "track"), ("bye now", "bye"), ("good bye", "bye"))
    vectors = VectorCache(HashingEncoder())
    head = fit_head("intent", Splits(pairs, pairs, pairs), vectors)
    scores = classifier_scores(said_of(head, pairs, vectors), [row.label for row in pairs])
    assert (scores["accuracy"], scores["oos_auroc"]) == (1.0, None)


def test_the_head_reads_words_as_the_fit_did():
    """The sparse matrix of the fit and the gathering of the head give the same logits."""
    pairs = rows(("refund me", "r"), ("track it now", "t"), ("my parcel", "t"), ("money back", "r"))
    vectors = VectorCache(HashingEncoder())
    encoded = vectors.of(pairs)
    head = fit_head("intent", Splits(pairs, pairs, ()), vectors)
    linear = fit_linear(encoded, strength=float(head.facts["strength"]))
    # dev is train here, so the head saw the rows twice; compare the arithmetic on its own weights
    by_matrix = encoded.vectors @ head.weights.T + head.bias + word_matrix(encoded.texts) @ head.words
    np.testing.assert_allclose(head.logits(encoded.vectors, encoded.texts), by_matrix, atol=1e-5)
    assert linear.labels == head.labels


def test_the_heavier_the_words_the_more_of_the_answer_is_theirs():
    pairs = rows(("refund me", "r"), ("track it now", "t"), ("my parcel", "t"), ("money back", "r"))
    encoded = VectorCache(HashingEncoder()).of(pairs)
    matrix = word_matrix(encoded.texts)
    spoken = [np.abs(matrix @ fit_linear(encoded, strength=1.0, word_weight=weight).words).mean() for weight in (1, 3)]
    assert spoken[1] > 2 * spoken[0]
