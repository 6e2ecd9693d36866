"""Groups are named by the words that set them apart."""

import re

from finetune.cluster_names import KEYWORDS, name_groups

CARDS = ["my card has not arrived", "the card never arrived", "has my new card arrived yet", "card arrived? no"]
FEES = ["why was I charged a fee", "a fee was charged", "you charged me a fee twice", "fee charged on my card"]


def test_a_group_is_named_by_its_words_in_their_usual_order():
    names = [one.name for one in name_groups([CARDS, FEES])]
    assert names == ["card_arrived", "charged_fee"]


def test_names_are_words_with_underscores_and_no_two_are_the_same(planted):
    by_intent = {}
    for text, intent in planted():
        by_intent.setdefault(intent, []).append(text)
    groups = [*by_intent.values(), *by_intent.values()]
    named = name_groups(groups)
    assert len({one.name for one in named}) == len(groups)
    for one in named:
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", one.name)
        assert 0 < len(one.keywords) <= KEYWORDS


def test_placeholders_contractions_and_stop_words_name_nothing():
    texts = [["I can't see order W-12345, mail ann@example.org or https://x.example"] * 3, FEES]
    words = {word for keyword in name_groups(texts)[0].keywords for word in keyword.split()}
    assert "order" in words
    assert not words & {"can't", "the", "link", "mail.com", "#12345", "12345"}


def test_a_group_without_a_telling_word_gets_a_number():
    assert name_groups([["to be or not to be", "12345"], FEES])[0].name == "group_1"
