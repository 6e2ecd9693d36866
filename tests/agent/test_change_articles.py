"""Articles on the change that is wanted: first where an order is named, and none on something else."""

from dataclasses import replace

import pytest

from agent.change_articles import HARDLY, LIKELY, TOGETHER, Change, change_wanted
from agent.intents import WRITE_INTENTS
from agent.know import in_order, know
from agent.likely_articles import Titles
from rapport.types import Ask, Entity, Hit, Message, Passage, PassageId, Viewer
from retrieval.search import Found

ABOUT = {
    "track": {"order_status": 0.99, "cancel_order": 0.01},
    "cancel": {"cancel_order": 0.97},
    "change": {"change_order": 0.99},
    "faq": {"store_info": 0.4, "cancel_order": 0.01},
}


class Told(Titles):
    """Titles whose readings are given."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []

    def read(self, titles):
        self.asked.append(set(titles))
        return {title: ABOUT[title] for title in titles}


def ask(intent: str, confidence: float = 0.9) -> Ask:
    return Ask(text="kill it", query="kill it", intent=intent, confidence=confidence, in_scope=0.9, alternatives=())


def hit(title: str, score: float = 0.5, *, heading: str = "") -> Hit:
    passage = Passage(id=PassageId(title), record=title, kind="articles", title=title, text="x", visibility="public",
                      heading=heading)  # fmt: skip
    return Hit(passage, score, 1, "dense")


def kept(*hits: Hit) -> Found:
    return Change("cancel_order", ABOUT).fitting(Found(hits, 0.8))


def test_what_belongs_together_does_so_both_ways_and_every_change_is_known():
    assert set(TOGETHER) == WRITE_INTENTS
    assert all(one in TOGETHER[other] for one in TOGETHER for other in TOGETHER[one] & TOGETHER.keys())
    assert "order_status" not in TOGETHER["cancel_order"]


def test_a_change_is_clear_from_some_confidence_on_and_other_requests_are_none():
    hits, told = (hit("track"), hit("cancel")), Told()
    assert change_wanted(ask("cancel_order", LIKELY), hits, told).intent == "cancel_order"
    assert told.asked == [{"track", "cancel"}]  # all in one pass
    assert change_wanted(ask("cancel_order", LIKELY - 0.01), hits, told) is None
    assert change_wanted(ask("store_info"), hits, told) is None
    assert change_wanted(ask("cancel_order"), hits, None) is None


def test_articles_that_are_surely_about_something_else_are_left_out_and_the_others_keep_their_order():
    found = kept(hit("track"), hit("faq"), hit("change"), hit("cancel"))
    assert [one.passage.title for one in found.hits] == ["faq", "change", "cancel"]
    assert found.answerable == 0.8


def test_a_section_on_the_change_counts_under_a_title_on_something_else():
    assert kept(hit("track", heading="cancel")).hits
    assert not kept(hit("track", heading="track")).answerable


def test_beside_an_article_surely_on_the_change_a_trace_of_it_in_another_title_is_too_little():
    about = {**ABOUT, "care": {"product_question": 0.77, "return_item": 0.11}, "boots": {"greeting": 0.2}}
    care, cancel, faq = hit("care", heading="boots"), hit("cancel"), hit("faq")
    assert Change("cancel_order", about).fitting(Found((care, cancel, faq), 0.8)).hits == (cancel, faq)
    unsure = {**about, "cancel": {"cancel_order": 0.85}}
    assert Change("cancel_order", unsure).fitting(Found((care, cancel), 0.8)).hits == (care, cancel)
    told = {**about, "boots": {"cancel_order": 0.6}}
    assert Change("cancel_order", told).fitting(Found((care, cancel), 0.8)).hits == (care, cancel)


def test_what_is_left_answers_as_much_less_as_it_was_found_less_surely():
    assert kept(hit("track", 0.8), hit("cancel", 0.4)).answerable == pytest.approx(0.4)
    assert kept(hit("cancel", 0.8), hit("track", 0.4)).answerable == pytest.approx(0.8)


def test_where_all_are_about_something_else_they_stay_as_sources_and_answer_nothing():
    found = kept(hit("track"))
    assert [one.passage.title for one in found.hits] == ["track"]
    assert found.answerable == 0.0
    doubtful = Change("cancel_order", {"track": {"order_status": 0.9, "cancel_order": HARDLY}})
    assert doubtful.fitting(Found((hit("track"),), 0.8)).answerable == 0.8


def test_of_equal_articles_on_an_order_that_is_named_the_one_on_the_change_goes_first():
    number = Entity(kind="order_number", text="W1", value="W1", start=0, end=2)
    wanted, hits = replace(ask("cancel_order"), entities=(number,)), (hit("faq"), hit("change"), hit("cancel"))
    ordered = in_order(hits, wanted, change_wanted(wanted, hits, Told()))
    assert [one.passage.title for one in ordered] == ["cancel", "faq", "change"]


@pytest.mark.parametrize(("language", "asked"), [("en", True), ("de", False)])
def test_titles_are_asked_about_a_change_in_english(shop, language, asked):
    message, seen = Message(role="customer", text="Please cancel order W10001", at=shop.clock()), []
    parts = shop.agent.parts

    class Watched(Titles):
        def read(self, titles):
            seen.append(sorted(titles))
            return super().read(titles)

    conversation = shop.store.create_conversation(channel="web", viewer=Viewer(), at=shop.clock())
    said, vectors = parts.understander.understand([message], conversation, today=shop.clock().date())
    sure = replace(said, language=language, asks=(replace(said.main, intent="cancel_order", confidence=0.9),))
    known = know(parts.searcher, sure, vectors[:1], messages=[message], viewer=Viewer(),
                 titles=Watched(parts.understander.suite))  # fmt: skip
    assert bool(seen) is asked
    assert known.found[0].hits
