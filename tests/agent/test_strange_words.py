"""Words that neither a shop's customers nor the company itself use make a request less surely its own."""

import math
from dataclasses import replace

import pytest

from agent.strange_words import MOST, OTHER_SHOP, SHIFT, StrangeWords, shop_words
from rapport.types import Ask, Entity
from retrieval.terms import analyzer

UPHOLSTERER = "my upholsterer has kept the armchair"
NUMBER = Entity(kind="order_number", text="W1", value="W1", start=0, end=2)


def ask(text: str, in_scope: float = 0.8, *entities: Entity) -> Ask:
    return Ask(text=text, query=text, intent="delivery_problem", confidence=0.9, in_scope=in_scope, entities=entities)


def odds(probability: float) -> float:
    return probability / (1 - probability)


@pytest.mark.parametrize(
    ("text", "strange"),
    [("where is my parcel", 0), (UPHOLSTERER, 2), ("falconry and the orchestra, falconry!", 2), ("", 0)],
)
def test_words_of_no_shop_are_counted_once_each(text, strange):
    assert StrangeWords().count(text) == strange


def test_a_mistyped_word_is_not_strange():
    assert StrangeWords().count("can I erturn it, my delivry is brokken, redit card") == 0


def test_the_words_of_the_company_are_not_strange():
    own = set(analyzer()("We upholster armchairs."))
    assert StrangeWords(own.__contains__).count("can you upholster the armchair") == 0


def test_strange_words_lower_the_odds_of_being_in_scope():
    (doubted,) = StrangeWords().doubt([ask(UPHOLSTERER)], "en")
    assert odds(doubted.in_scope) == pytest.approx(odds(0.8) * math.exp(-2 * SHIFT), rel=0.01)
    many = ask("upholsterer armchair orchestra falconry harpsichord")
    (doubted,) = StrangeWords().doubt([many], "en")
    assert odds(doubted.in_scope) == pytest.approx(odds(0.8) * math.exp(-MOST * SHIFT), rel=0.01)


@pytest.mark.parametrize("known", [ask("where is my parcel"), ask(UPHOLSTERER, 0.8, NUMBER), ask(UPHOLSTERER, 1.0)])
def test_a_request_in_a_shops_words_one_with_a_number_and_a_set_phrase_stay_as_they_are(known):
    assert StrangeWords().doubt([known], "en") == (known,)


def test_no_word_of_another_language_is_judged():
    german = replace(ask("mein Polsterer behält den Sessel"), in_scope=0.6)
    assert StrangeWords().doubt([german], "de") == (german,)


def test_the_file_has_the_stems_of_a_shops_words():
    assert {"parcel", "refund", "cancel", "jacket"} <= shop_words()
    assert all(analyzer()(word) for word in sorted(shop_words())[::400])


def test_another_shop_is_strange_unless_prices_are_compared_or_the_company_speaks_of_it():
    assert StrangeWords().count("Asos sent me the wrong jacket") == OTHER_SHOP
    assert StrangeWords().count("the jacket is cheaper at Zalando") == 0
    own = set(analyzer()("We also sell on Zalando."))
    assert StrangeWords(own.__contains__).count("where is my Zalando order") == 0
