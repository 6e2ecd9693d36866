from collections import Counter

import numpy as np
import pytest

from rapport.doubles import HashingEncoder
from retrieval.sentences import sentences
from retrieval.terms import analyzer
from retrieval.trials import Corpus, Trial, cloze_trials, label_trials
from retrieval.tuning import TYPICAL_TERMS, Curve, Tuning
from retrieval.weights import choose_curve, gain

ENCODER = HashingEncoder()


def trial(terms, *, dense_right):
    """A trial of three candidates where only one of the two scores puts the right one first."""
    good, bad = np.array([0.9, 0.5, 0.4]), np.array([0.1, 0.5, 0.6])
    cosine, words = (good, bad) if dense_right else (bad, good)
    return Trial(terms, cosine, words, np.array([True, False, False]), 1)


def test_a_longer_question_leans_more_on_its_words():
    curve = Curve(0.5, 0.9)
    shares = [curve.share(terms) for terms in (1, TYPICAL_TERMS, 100)]
    assert shares == sorted(shares, reverse=True)
    assert shares[1] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_the_gain_is_the_mean_of_reciprocal_rank_and_recall():
    gains = gain(trial(5, dense_right=True))
    assert gains[-1] == 1.0  # first of one
    assert gains[0] == pytest.approx((1 / 3 + 1) / 2)  # third by words alone


def test_the_curve_goes_where_the_right_passages_are():
    dense = choose_curve([trial(8, dense_right=True)] * 60)
    words = choose_curve([trial(8, dense_right=False)] * 60)
    assert dense.share(8) > 0.5 >= words.share(8)


def test_the_curve_follows_the_length_where_the_trials_do():
    curve = choose_curve([trial(4, dense_right=True)] * 60 + [trial(120, dense_right=False)] * 60)
    assert curve.share(4) > 0.5 > curve.share(120)


def test_too_few_trials_leave_the_default():
    assert choose_curve([trial(8, dense_right=False)] * 5) == Curve()


def corpus_of(texts):
    counters = [Counter(analyzer()(text)) for text in texts]
    return Corpus(texts, [""] * len(texts), ENCODER.encode(texts), counters)


def test_a_trial_does_not_find_its_passage_by_the_sentence_taken_out():
    texts = [f"Alpha{n} beta{n} gamma{n}. Delta{n} epsilon{n} zeta{n}." for n in range(40)]
    trials = [
        one for one in cloze_trials(corpus_of(texts), encoder=ENCODER, analyze=analyzer(), split=sentences)
        if one.terms == 3
    ]  # fmt: skip
    assert len(trials) == 40
    assert all(one.words[one.right].max() == 0 for one in trials)


def test_long_trials_touch_several_passages():
    texts = [f"Alpha{n} beta{n} gamma{n}. Delta{n} epsilon{n} zeta{n}." for n in range(40)]
    trials = cloze_trials(corpus_of(texts), encoder=ENCODER, analyze=analyzer(), split=sentences)
    assert {one.wanted for one in trials} == {1, 3, 10}


def test_a_labelled_text_does_not_find_itself():
    texts = ["cancel order", "cancel my order", "where is it", "where is the parcel", "alone"]
    trials = label_trials(corpus_of(texts), ["a", "a", "b", "b", "c"], analyze=analyzer())
    assert len(trials) == 4  # the lone label has nothing to find
    assert all(one.wanted == 1 and one.right.sum() == 1 for one in trials)


def test_a_small_collection_shares_the_curve_of_its_kind():
    tuning = Tuning((0.0,), {"articles/*": Curve(1.0, 0.0), "articles/faq": Curve(2.0, 0.0)})
    assert [tuning.curve(name).level for name in ("articles/faq", "articles/x", "orders/own")] == [2.0, 1.0, 0.5]
    assert Tuning.from_json(tuning.to_json()) == tuning
