"""The shipped head that tells what is to be done about an order, and the messages that it is learnt from."""

import pytest

from agent.decide_intent import WISHED
from finetune.vectors import VectorCache
from finetune.wishes import fit_wishes, wish_rows
from rapport.cards import read_card
from rapport.doubles import HashingEncoder
from rapport.text import mask
from rapport.types import Ask
from rapport.wishes import CANCEL, FOLDER, KNOW, RETURN, shipped_wishes


def wishes(encoder, texts):
    asks = [Ask(text=text, query=text, intent="", confidence=0.0, in_scope=0.0) for text in texts]
    return shipped_wishes(encoder).read(asks, texts, encoder.encode([mask(text) for text in texts]))


def test_dev_holds_a_fifth_of_the_written_messages_and_shares_none_with_train():
    rows = wish_rows()
    assert len(rows.dev) >= 200
    assert 0.5 < sum(row.label != KNOW for row in rows.dev) / len(rows.dev) < 0.9
    assert not {row.text.casefold() for row in rows.train} & {row.text.casefold() for row in rows.dev}


def test_the_shipped_head_was_fitted_on_these_rows():
    assert read_card(FOLDER).data["fingerprint"] == wish_rows().fingerprint


@pytest.mark.slow
def test_fitted_anew_it_tells_dev_rows_apart_as_its_card_says(encoder):
    _, scores = fit_wishes(wish_rows(), VectorCache(encoder))
    assert scores["auroc"] >= 0.9
    assert scores["auroc"] == pytest.approx(read_card(FOLDER).scores["auroc"], abs=0.005)


def test_a_wish_is_read_by_its_sense_and_not_by_its_words(encoder):
    off, back, know, late = wishes(
        encoder,
        [
            "LF-204006 would only gather dust here, so please leave it in your warehouse",
            "LF-204006 pinches at the toes, I shall be posting it home to you",
            "has the cancellation of LF-204006 gone through",
            "the driver for LF-204006 came late but he was a darling",
        ],
    )
    assert (off.wish, back.wish) == (CANCEL, RETURN)
    assert min(off.wish_sure, back.wish_sure) >= WISHED > know.wish_sure
    assert late.wish_sure < 0.4


def test_questions_about_an_order_wish_for_nothing(encoder, sample):
    texts = [one.text for one in sample.examples if one.split == "test" and one.intent == "order_status"][:200]
    assert sum(ask.wish_sure >= WISHED for ask in wishes(encoder, texts)) <= 2


def test_another_encoder_has_none():
    assert shipped_wishes(HashingEncoder()) is None
