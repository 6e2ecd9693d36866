"""Articles that sound like another trade, among those of a shop."""

import pytest

from agent.context import Context
from agent.decide import decide
from agent.facts import Facts, Identified, Limits
from agent.own_trade import OwnTrade
from rapport.types import Ask, Hit, Identity, Passage, PassageId, State, Understanding
from retrieval.search import Found

SHOP, OTHER = (
    ("Return an item", "You can return an item within 45 days of delivery."),
    (
        "Kayak rental",
        "You can rent a kayak for 35 euros a day at the lake house in Immenstadt.",
    ),
)


def passage(article: tuple[str, str]) -> Passage:
    title, text = article
    return Passage(id=PassageId(title), record=f"t:{title}", kind="articles", title=title, text=text,
                   visibility="public")  # fmt: skip


def found(article: tuple[str, str], answerable: float) -> Found:
    return Found((Hit(passage(article), 0.7, 1, "both"),), answerable)


def ask(in_scope: float, *, intent: str = "product_question", text: str = "can I rent a kayak?") -> Ask:
    return Ask(text=text, query=text, intent=intent, confidence=0.9, in_scope=in_scope)


def rules(one: Ask, *, answerable: float, own_trade: bool) -> list[str]:
    said = Understanding(asks=(one,), sentiment=0.0, escalate=0.1, escalate_reason="", escalate_level="answer",
                         language="en", entities=())  # fmt: skip
    facts = Facts(
        understanding=said, answerable=(answerable,), own_trade=(own_trade,), state=State.BOT, context=Context(),
        identity=Identity.ANONYMOUS, identified=Identified(), limits=Limits(),
    )  # fmt: skip
    return [step.rule for step in decide(facts)]


@pytest.fixture(scope="module")
def trade(small_home) -> OwnTrade:
    from agent.assemble import load_heads
    from rapport.doubles import HashingEncoder

    heads, _ = load_heads(small_home, HashingEncoder())
    return OwnTrade(heads.suite, Limits())


def test_an_article_is_read_as_a_question_about_it_is(trade):
    assert trade.scope(passage(OTHER)) < 0.5 < trade.scope(passage(SHOP))


def test_a_foreign_question_matches_an_article_of_its_kind_and_no_other(trade):
    asks = ask(0.01), ask(0.01)
    assert trade.matches(asks, (found(OTHER, 0.9), found(SHOP, 0.9))) == (True, False)


def test_a_question_to_the_shop_or_without_an_answer_matches_nothing(trade):
    nothing = Found((), 0.0)
    asks = ask(0.9), ask(0.01), ask(0.01)
    assert trade.matches(asks, (found(OTHER, 0.9), found(OTHER, 0.4), nothing)) == (False, False, False)


def test_a_passage_is_read_once(trade, monkeypatch):
    first = trade.scope(passage(OTHER))
    monkeypatch.setattr(trade._suite, "read", lambda texts: pytest.fail(f"read again: {texts}"))
    assert trade.scope(passage(OTHER)) == first


def test_an_article_that_sounds_as_foreign_as_the_question_answers_it():
    assert rules(ask(0.001), answerable=0.6, own_trade=True) == ["article"]
    assert rules(ask(0.001), answerable=0.99, own_trade=False) == ["out_of_scope"]


def test_such_an_article_answers_whatever_the_question_was_taken_for():
    ending = ask(0.001, intent="cancel_order", text="how do I end my lessons?")
    assert rules(ending, answerable=0.9, own_trade=True) == ["article"]
    assert rules(ending, answerable=0.9, own_trade=False) == ["out_of_scope"]


def test_an_article_that_alone_sounds_foreign_answers_a_question_in_its_own_words(trade):
    money = ("Kayak prices", "All prices of kayaks are in euros.")
    hits = [Hit(passage(article), 0.7, rank, "both") for rank, article in enumerate((money, SHOP, SHOP), start=1)]
    among_shop_articles = Found(tuple(hits), 0.9)
    asked = ask(0.01, text="are kayak prices in euros?"), ask(0.01, text="can I exchange 500 dollars into francs?")
    assert trade.scope(passage(money)) < 0.5
    assert trade.matches(asked, (among_shop_articles,) * 2) == (True, False)
