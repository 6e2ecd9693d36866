"""Articles on the change that is wanted: first where an order is named, and none on something else."""

from dataclasses import replace

from agent.change_articles import HARDLY, LIKELY, Change, change_wanted
from agent.know import in_order
from agent.likely_articles import Titles
from rapport.types import Ask, Entity, Hit, Passage, PassageId
from retrieval.search import Found


class Told(Titles):
    """Titles whose readings are given."""

    def __init__(self, **about: dict[str, float]) -> None:
        self.about = about

    def read(self, titles):
        return {title: self.about[title] for title in titles}


def ask(intent: str, confidence: float = 0.9) -> Ask:
    return Ask(text="kill it", query="kill it", intent=intent, confidence=confidence, in_scope=0.9, alternatives=())


def hit(title: str) -> Hit:
    passage = Passage(id=PassageId(title), record=title, kind="articles", title=title, text="x", visibility="public")
    return Hit(passage, 0.5, 1, "dense")


TOLD = Told(
    track={"order_status": 0.99, "cancel_order": 0.01},
    cancel={"cancel_order": 0.97},
    change={"change_order": 0.99},
    faq={"store_info": 0.4, "cancel_order": 0.01},
)


def test_a_change_is_clear_from_some_confidence_on_and_other_requests_are_none():
    assert change_wanted(ask("cancel_order", LIKELY), TOLD) == Change("cancel_order", TOLD)
    assert change_wanted(ask("cancel_order", LIKELY - 0.01), TOLD) is None
    assert change_wanted(ask("store_info"), TOLD) is None
    assert change_wanted(ask("cancel_order"), None) is None


def test_articles_that_are_surely_about_something_else_are_left_out_and_the_others_keep_their_order():
    found = Found((hit("track"), hit("faq"), hit("change"), hit("cancel")), 0.8)
    kept = Change("cancel_order", TOLD).fitting(found)
    assert [(one.passage.title, one.rank) for one in kept.hits] == [("faq", 1), ("change", 2), ("cancel", 3)]
    assert kept.answerable == 0.8


def test_where_all_are_about_something_else_they_stay_as_sources_and_answer_nothing():
    found = Found((hit("track"),), 0.8)
    assert Change("cancel_order", TOLD).fitting(found) == Found(found.hits, 0.0)
    assert Change("cancel_order", Told(track={"order_status": 0.9, "cancel_order": HARDLY})).fitting(found) == found


def test_of_equal_articles_on_an_order_that_is_named_the_one_on_the_change_goes_first():
    number = Entity(kind="order_number", text="W1", value="W1", start=0, end=2)
    wanted, hits = replace(ask("cancel_order"), entities=(number,)), (hit("faq"), hit("change"), hit("cancel"))
    ordered = in_order(hits, wanted, change_wanted(wanted, TOLD))
    assert [one.passage.title for one in ordered] == ["cancel", "faq", "change"]
