"""The shipped head that tells whose affairs a message concerns, and the messages that it is learnt from."""

import pytest

from finetune.affairs import affair_rows, fit_affairs
from finetune.vectors import VectorCache
from rapport.affairs import FOLDER, OTHERS, shipped_affairs
from rapport.cards import read_card
from rapport.doubles import HashingEncoder
from rapport.text import mask


def others(encoder, texts):
    return shipped_affairs(encoder).others(texts, encoder.encode([mask(text) for text in texts]))


def test_dev_holds_a_fifth_of_the_messages_that_look_alike_and_shares_none_with_train():
    rows = affair_rows()
    alike = [row for row in rows.dev if row.label == OTHERS]
    assert len(rows.dev) >= 250
    assert 0.4 < len(alike) / len(rows.dev) < 0.6
    assert not {row.text.casefold() for row in rows.train} & {row.text.casefold() for row in rows.dev}


def test_the_shipped_head_was_fitted_on_these_rows():
    assert read_card(FOLDER).data["fingerprint"] == affair_rows().fingerprint


@pytest.mark.slow
def test_fitted_anew_it_tells_dev_rows_apart_as_its_card_says(encoder):
    _, scores = fit_affairs(affair_rows(), VectorCache(encoder))
    assert scores["auroc"] >= 0.93
    assert scores["auroc"] == pytest.approx(read_card(FOLDER).scores["auroc"], abs=0.005)


def test_it_reads_the_sense_and_not_the_person_alone(encoder):
    about = others(encoder, ["which tent did Olga Petrova get from you", "tell me the street where my ex lives now"])
    own = others(encoder, ["my ex kept my tent, can I buy the same one", "which street is your shop in"])
    assert min(about) > 0.7 > 0.3 > max(own)


def test_most_messages_are_about_ones_own(encoder, sample):
    texts = [one.text for one in sample.examples if one.split == "test" and one.intent != "oos"][:400]
    assert sum(chance >= 0.7 for chance in others(encoder, texts)) <= 2


def test_another_encoder_has_none():
    assert shipped_affairs(HashingEncoder()) is None
