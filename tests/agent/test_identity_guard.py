"""Guessing at somebody's identity is limited over all conversations, and proof ends with the conversation."""

from dataclasses import replace

import pytest

from rapport.types import Identity, State, Viewer

ANNA = Viewer("t:anna", Identity.VERIFIED)


@pytest.fixture
def strict(shop):
    """The shop with three attempts an hour for one e-mail."""
    parts = shop.agent.parts
    verify = replace(parts.settings.verify, attempts_an_hour=3)
    shop.agent.settings = replace(parts.settings, verify=verify)
    shop.agent.parts = replace(parts, settings=shop.agent.settings)
    return shop


def guess(shop, postcode: str):
    return shop.talk("where is my order #W2611340?", f"anna.berg@example.com, {postcode}")[-1]


def test_new_conversations_do_not_give_new_attempts(strict):
    wrong = [guess(strict, f"1013 A{letter}") for letter in "CDE"]
    right = guess(strict, "1012 AB")
    assert {turn.identity for turn in wrong} | {right.identity} == {Identity.ANONYMOUS}
    assert "shipped" not in right.reply.text


def test_the_right_facts_after_too_many_wrong_ones_read_like_wrong_ones(strict):
    wrong = [guess(strict, f"1013 A{letter}") for letter in "CDE"]
    right = guess(strict, "1012 AB")
    assert [item.rule for item in right.decisions] == [item.rule for item in wrong[-1].decisions]


def test_an_hour_later_the_customer_is_believed_again(strict):
    for letter in "CDE":
        guess(strict, f"1013 A{letter}")
    strict.clock.advance(3700)
    assert guess(strict, "1012 AB").identity is Identity.VERIFIED


def test_the_audit_does_not_say_who_was_guessed_at(strict):
    guess(strict, "1013 AC")
    entry = next(item for item in strict.store.audits() if item.action == "verify_failed")
    assert "anna" not in repr(entry)


@pytest.mark.parametrize("words", ["where is my order #W2611340?"])
def test_who_comes_back_to_a_closed_conversation_has_to_prove_it_again(shop, words):
    from agent import handover

    first = shop.talk(words, viewer=ANNA)[0]
    assert "shipped" in first.reply.text
    handover.close(shop.store, first.conversation_id, actor="mia", at=shop.clock())
    again = shop.agent.ask(words, viewer=ANNA, conversation_id=first.conversation_id)
    assert again.identity is Identity.CLAIMED
    assert "shipped" not in again.reply.text


def test_the_button_on_a_closed_conversation_starts_afresh_too(shop):
    from agent import handover

    id = shop.talk("where is my order #W2611340?", viewer=ANNA)[0].conversation_id
    handover.close(shop.store, id, actor="mia", at=shop.clock())
    shop.store.transition(id, expected=State.CLOSED, to=State.BOT, event="reopen", actor="customer", at=shop.clock())
    opened = shop.store.conversation(id)
    assert (opened.identity, dict(opened.context)) == (Identity.CLAIMED, {})
