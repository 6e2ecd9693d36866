"""Articles on what a customer probably writes about: put first where a message is open, and in no reply."""

from datetime import UTC, datetime

import pytest

from agent.know import know
from agent.likely_articles import BOOST, LONGEST, OPEN, Expected, Titles
from rapport.customer_profiles import CustomerProfile
from rapport.types import Ask, Entity, Hit, Identity, Message, Passage, PassageId, Viewer

ANNA = "t:anna"
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VAGUE = "what about my thing"


def ask(text: str, *entities: Entity) -> Ask:
    return Ask(text=text, query=text, intent="oos", confidence=0.3, in_scope=0.5, alternatives=(), entities=entities)


def hit(title: str, score: float) -> Hit:
    passage = Passage(id=PassageId(title), record=f"t:{title}", kind="articles", title=title, text="x",
                      visibility="public")  # fmt: skip
    return Hit(passage, score, 1, "dense")


@pytest.fixture
def titles(shop) -> Titles:
    return Titles(shop.agent.parts.understander.suite)


def expected(titles: Titles, **reasons: float) -> Expected:
    return Expected(titles, lambda: reasons, answered=0.5)


def test_only_a_short_message_that_no_passage_answers_is_open(titles):
    sought = expected(titles, return_item=1.0)
    assert sought.concerns(ask(VAGUE), OPEN - 0.01)
    assert not sought.concerns(ask(VAGUE), OPEN)
    assert not sought.concerns(ask("word " * (LONGEST + 1)), 0.1)
    number = Entity(kind="order_number", text="W1", value="W1", start=0, end=2)
    assert not sought.concerns(ask("W1", number), 0.1)


def test_what_may_be_quoted_is_never_open(titles):
    assert not Expected(titles, dict, answered=0.2).concerns(ask(VAGUE), 0.2)


def test_the_title_says_what_an_article_is_about(titles):
    about = titles.read(["Return an item", "Cancel an order"])
    assert max(about["Return an item"], key=about["Return an item"].__getitem__) == "return_item"
    assert max(about["Cancel an order"], key=about["Cancel an order"].__getitem__) == "cancel_order"


def test_a_title_is_read_once(titles, monkeypatch):
    first = titles.read(["Return an item"])
    monkeypatch.setattr(titles._suite.encoder, "encode", lambda texts: pytest.fail(f"read again: {texts}"))
    assert titles.read(["Return an item"]) == first


def test_an_expected_article_rises_by_the_boost_at_most_and_a_clear_match_stays_first(titles):
    sought = expected(titles, return_item=1.0)
    near = sought.first([hit("Opening hours of our shop", 0.3), hit("Return an item", 0.25)])
    assert [one.passage.title for one in near] == ["Return an item", "Opening hours of our shop"]
    assert 0.25 < near[0].score <= 0.25 + BOOST
    assert [one.rank for one in near] == [1, 2]
    far = sought.first([hit("Opening hours of our shop", 0.9), hit("Return an item", 0.9 - BOOST - 0.01)])
    assert far[0].passage.title == "Opening hours of our shop"
    assert sought.first([hit("Return an item", 0.99)])[0].score == 1.0


def test_without_reasons_nothing_moves(titles):
    hits = (hit("Opening hours of our shop", 0.3), hit("Return an item", 0.29))
    assert expected(titles).first(hits) == hits


def found(shop, text: str, **reasons: float) -> list[str]:
    parts, message = shop.agent.parts, Message(role="customer", text=text, at=AT)
    conversation = shop.store.create_conversation(channel="web", viewer=Viewer(), at=AT)
    understanding, vectors = parts.understander.understand([message], conversation, today=AT.date())
    known = know(parts.searcher, understanding, vectors, messages=[message], viewer=Viewer(),
                 expected=shop.agent.expecting(lambda: reasons))  # fmt: skip
    return [one.passage.title for one in known.hits]


@pytest.mark.parametrize(("reason", "title"), [("return_item", "Return an item"), ("cancel_order", "Cancel an order")])
def test_an_open_message_finds_first_what_is_expected(shop, reason, title):
    assert found(shop, VAGUE, **{reason: 1.0})[0] == title


def test_a_clear_question_finds_what_it_asks_whatever_is_expected(shop):
    text = "What are the opening hours of your shop?"
    assert found(shop, text, return_item=1.0) == found(shop, text)


def profile(reason: str) -> CustomerProfile:
    return CustomerProfile(customer_id=ANNA, as_of=AT, model="m", standing="active", next_reasons=((reason, 0.9),))


def test_a_colleague_finds_the_expected_article_and_the_customer_reads_the_same_reply(shop, monkeypatch):
    monkeypatch.setattr("agent.compose._pick", lambda conversation: 0)  # else each conversation has its own wordings
    viewer = Viewer(ANNA, Identity.VERIFIED)
    replies, first = set(), []
    for reason in ("return_item", "cancel_order"):
        shop.store.keep_profiles([profile(reason)])
        (turn,) = shop.talk(VAGUE, viewer=viewer)
        replies.add((turn.reply.text, turn.reply.citations, tuple(one.rule for one in turn.decisions)))
        first.append(turn.hits[0].passage.title)
    assert first == ["Return an item", "Cancel an order"]
    assert len(replies) == 1


def test_nothing_is_expected_of_who_only_claims_to_be_somebody(shop):
    before = shop.talk(VAGUE, viewer=Viewer(ANNA, Identity.CLAIMED))[0].hits
    shop.store.keep_profiles([profile("cancel_order")])
    assert shop.talk(VAGUE, viewer=Viewer(ANNA, Identity.CLAIMED))[0].hits == before
