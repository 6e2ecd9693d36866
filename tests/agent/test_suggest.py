"""Suggested replies: written and checked as in a turn, kept, never sent; text for staff stands beside them."""

from dataclasses import replace

import pytest

from agent.suggest import suggest
from rapport.doubles import ScriptedChat
from rapport.errors import NotFound, Refused
from rapport.types import ConversationId, Identity, State, Viewer

ANNA = Viewer("t:anna", Identity.VERIFIED)
NOBODY = Viewer()


@pytest.fixture
def taken(shop):
    """A conversation of these messages that a colleague has; without answers of the agent."""

    def take(*texts: str, viewer: Viewer = NOBODY) -> ConversationId:
        id = shop.store.create_conversation(channel="web", viewer=viewer, at=shop.clock()).id
        shop.store.transition(id, expected=State.BOT, to=State.HUMAN, event="assign", actor="eva", at=shop.clock())
        for text in texts:
            shop.store.receive(id, text, at=shop.clock())
        return id

    return take


def test_a_verified_customers_order_is_suggested_and_kept_and_nothing_is_sent(shop, taken):
    id = taken("Where is my order #W2611340?", viewer=ANNA)
    before = shop.store.conversation(id)
    found = suggest(shop.agent.parts, id)
    assert "#W2611340" in found.kept.text
    assert "Enamel Mug" in found.kept.text
    assert (found.kept.record, found.kept.model, found.kept.outcome) == ("t:1", "composer", None)
    assert found.message_id == before.messages[-1].id
    assert shop.store.suggestion(found.kept.id) == found.kept
    assert shop.store.conversation(id) == before
    assert shop.store.turns(id) == []


def test_who_is_not_verified_is_told_nothing_of_an_order(shop, taken):
    found = suggest(shop.agent.parts, taken("Where is my order #W2611340?", viewer=Viewer("t:anna", Identity.CLAIMED)))
    assert "Enamel Mug" not in found.kept.text
    assert "email" in found.kept.text.replace("-", "")
    assert found.kept.record is None


def test_staff_text_stands_beside_the_words_and_never_in_them(shop, taken):
    found = suggest(shop.agent.parts, taken("What are the opening hours of your shop?"))
    assert "10:00 to 19:00" in found.kept.text
    assert [citation.id for citation in found.citations] == ["t:hours"]
    assert [one.source.id for one in found.internal] == ["t:secret"]
    assert "35 euros of goodwill" in found.internal[0].text
    assert "goodwill" not in found.kept.text


def test_the_writer_writes_and_what_fails_the_checks_is_not_suggested(shop, taken):
    good, wrong = "Our shop opens at 10:00 [1].", "We open at 06:30 [1]."
    asked = "What are the opening hours of your shop?"
    chat = ScriptedChat(answers=[good])
    found = suggest(shop.writing_with(chat).agent.parts, taken(asked))
    assert (found.kept.text, found.kept.model) == (good, "chat")
    found = suggest(shop.writing_with(ScriptedChat(answers=[wrong, wrong])).agent.parts, taken(asked))
    assert found.kept.model == "composer"
    assert "06:30" not in found.kept.text


def test_who_asked_for_a_person_gets_the_question_before_answered(shop):
    turns = shop.talk("How do I return an item?", "I want to talk to a person")
    id = turns[-1].conversation_id
    assert shop.store.conversation(id).state is State.QUEUED
    shop.store.transition(id, expected=State.QUEUED, to=State.HUMAN, event="assign", actor="eva", at=shop.clock())
    found = suggest(shop.agent.parts, id)
    assert "45 days" in found.kept.text or "Open My orders" in found.kept.text
    assert "person" not in found.kept.text
    assert found.message_id == shop.store.conversation(id).messages[0].id


def test_where_nothing_answers_there_is_no_suggestion(shop, taken):
    id = taken("I want to talk to a person")
    found = suggest(shop.agent.parts, id)
    assert (found.kept, found.internal) == (None, ())
    assert list(shop.store.suggestions()) == []


def test_it_takes_a_colleague_and_a_customer_who_waits(shop, taken):
    id = taken("How do I return an item?")
    shop.store.receive(id, "As it says on the page.", at=shop.clock(), role="staff")
    with pytest.raises(Refused, match="nothing since the last answer"):
        suggest(shop.agent.parts, id)
    turn = shop.talk("How do I return an item?")[0]
    with pytest.raises(Refused, match="nobody has taken"):
        suggest(shop.agent.parts, turn.conversation_id)
    with pytest.raises(NotFound):
        suggest(shop.agent.parts, ConversationId("none"))


def test_where_no_writer_passes_nothing_is_suggested(shop, taken, monkeypatch):
    from agent.check import Checker
    from rapport.types import Verdict

    monkeypatch.setattr(Checker, "check", lambda *_, **__: Verdict(leaks=("everything",)))
    parts = replace(shop.agent.parts)
    assert suggest(parts, taken("How do I return an item?")).kept is None
