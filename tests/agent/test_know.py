"""The article that most passages speak for comes first, and a follow-up is led by its own words."""

from agent.know import KEPT, in_order
from rapport.types import Ask, Hit, Passage, PassageId


def hit(record: str, score: float, text: str = "words", *, title: str = "Title", heading: str = "") -> Hit:
    passage = Passage(id=PassageId(f"{record}-{score}"), record=record, kind="articles", title=title, text=text,
                      visibility="public", heading=heading)  # fmt: skip
    return Hit(passage, score, 1, "both")


def ask(text: str, *, query: str = "", intent: str = "shipping_info", confidence: float = 0.9) -> Ask:
    return Ask(text=text, query=query or text, intent=intent, confidence=confidence, in_scope=1.0)


def test_an_article_with_several_good_passages_goes_before_one_with_a_single_better_one():
    hits = [hit("a", 0.50), hit("b", 0.49), hit("b", 0.48), hit("b", 0.47)]
    assert in_order(hits, ask("how does it go?"))[0].passage.record == "b"


def test_a_title_that_names_the_intent_decides_for_a_bare_topic():
    hits = [hit("gift", 0.53, title="Gifts over the holidays"), hit("return", 0.5, title="Return an item")]
    assert in_order(hits, ask("returns", intent="return_item"))[0].passage.record == "return"


def test_the_words_of_a_follow_up_go_before_those_of_the_question_before():
    hits = [hit("a", 0.6, "We do not ship to Norway."), hit("a", 0.4, "Shipping to Spain costs more.")]
    follow = ask("and what about Spain?", query="do you ship to Norway? and what about Spain?")
    assert "Spain" in in_order(hits, follow)[0].passage.text


def test_the_hits_that_are_kept_are_few_and_numbered_from_one():
    kept = in_order([hit(f"r{n}", 1 - n / 20) for n in range(10)], ask("what is it?"))
    assert [item.rank for item in kept] == list(range(1, KEPT + 1))


def test_nothing_found_stays_nothing():
    assert in_order([], ask("x")) == ()
