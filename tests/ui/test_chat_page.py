"""The customer's page in a real browser: what a conversation on it can do."""

import threading
import time

import pytest

from rapport.records import RecordKind
from rapport.types import ConversationId

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio's counting of its own events
]
QUESTION = "How do I return shoes that don't fit?"


def conversation_of(page, site):
    """The conversation that the page shows, as the store has it: found by its first message."""
    first = page.locator("#transcript .msg.customer .bubble").first.inner_text()
    service = site.service
    with service.store._database.read() as connection:
        from crm.tables import messages

        row = connection.execute(
            messages.select().where(messages.c.text == first).order_by(messages.c.id.desc())
        ).first()
    return service.store.conversation(ConversationId(row.conversation_id))


def test_a_question_gets_a_cited_answer_and_the_citation_opens_the_article(page, site, say):
    reply = say(page, QUESTION)
    assert "return" in reply.lower()
    link = page.locator("#transcript .sources a").first
    title = link.inner_text()
    with page.context.expect_page() as opened:
        link.click()
    article = opened.value
    article.wait_for_load_state()
    assert article.url.startswith(f"{site.address}/articles/sample:")
    assert article.locator("h1").inner_text() in title


def test_the_reply_is_shown_while_it_is_written(page, site, monkeypatch):
    from agent.events import Token

    agent, go = site.service.agent, threading.Event()

    class Slow:
        def respond(self, id, **more):
            said = 0
            for event in agent.respond(id, **more):
                said += isinstance(event, Token)
                if said == 4:
                    assert go.wait(30)
                yield event

    monkeypatch.setattr(site.service.runner, "_agent", Slow())
    page.fill("#box textarea", QUESTION)
    page.keyboard.press("Enter")
    page.locator("#live .bubble").filter(has_text=" ").wait_for()
    partial = page.locator("#live .bubble").inner_text()
    page.locator("#box textarea:disabled").wait_for()
    go.set()
    page.locator("#transcript .msg.assistant").wait_for()
    whole = page.locator("#transcript .msg.assistant .bubble").inner_text()
    assert whole.startswith(partial.strip())
    assert len(whole) > len(partial)
    assert page.locator("#live .bubble").count() == 0


def test_a_person_can_be_asked_for_and_their_replies_arrive_by_themselves(page, site, say, state_of):
    text = f"Where is my order? ({time.time_ns()})"
    say(page, text)
    assert state_of(page) == "You are talking to the assistant"
    page.click("#person")
    page.locator(".state.waiting").wait_for()
    assert state_of(page) == "Waiting for a colleague"
    assert site.service.settings.company.contact_hours in page.locator("#transcript .note").last.inner_text()
    conversation = conversation_of(page, site)
    site.service.assign(conversation.id, actor="Anna")
    page.locator(".state.here").wait_for()
    assert state_of(page) == "Anna is here"
    site.service.reply_as_staff(conversation.id, "Hello, this is Anna. <i>Let me look.</i>")
    page.locator("#transcript .msg.staff").wait_for()
    assert page.locator("#transcript .msg.staff .bubble").inner_text() == "Hello, this is Anna. <i>Let me look.</i>"
    page.fill("#box textarea", "Thank you, Anna")
    page.keyboard.press("Enter")
    page.locator("#transcript .msg.customer").nth(1).wait_for()
    assert page.locator("#transcript .msg.assistant").count() == 1
    site.service.give_back(conversation.id, actor="Anna")
    page.locator(".state.bot").wait_for()


def test_the_person_button_works_before_anything_was_said(page):
    page.click("#person")
    page.locator(".state.waiting").wait_for()
    assert page.locator("#transcript .note").count() == 1


def test_a_reload_keeps_the_transcript_and_the_state(page, say, state_of):
    reply = say(page, QUESTION)
    page.click("#person")
    page.locator(".state.waiting").wait_for()
    page.reload()
    page.locator("#transcript .msg.assistant").wait_for()
    assert page.locator("#transcript .msg.customer .bubble").inner_text() == QUESTION
    assert page.locator("#transcript .msg.assistant .bubble").inner_text() == reply
    assert state_of(page) == "Waiting for a colleague"


def test_a_reply_that_was_not_there_at_a_reload_arrives_by_itself(page, site, monkeypatch, wait_ready):
    agent, go = site.service.agent, threading.Event()

    class Slow:
        def respond(self, id, **more):
            assert go.wait(30)
            yield from agent.respond(id, **more)

    monkeypatch.setattr(site.service.runner, "_agent", Slow())
    page.fill("#box textarea", QUESTION)
    page.keyboard.press("Enter")
    page.locator("#transcript .msg.customer").wait_for()
    page.reload()
    wait_ready(page)
    page.locator("#transcript .msg.customer").wait_for()
    assert page.locator("#transcript .msg.assistant").count() == 0
    go.set()
    page.locator("#transcript .msg.assistant").wait_for()


def test_a_new_conversation_starts_empty_and_stays_so(page, say, wait_ready):
    say(page, QUESTION)
    page.click("#again")
    page.locator(".welcome").wait_for()
    page.reload()
    wait_ready(page)
    assert page.locator("#transcript .msg").count() == 0
    assert page.locator("#starters button").first.is_visible()


def test_facts_given_in_the_chat_confirm_the_identity_and_show_the_order(page, site, say):
    store = site.service.store
    order = next(store.iterate(RecordKind.ORDERS))
    customer = store.find_customer(order.customer_id)
    assert order.status not in say(page, f"Where is my order {order.number}?")
    assert order.number in say(page, f"{customer.email}, {customer.postcode}")
    assert page.locator("#status .chip").inner_text().endswith("Identity confirmed")


def test_two_visitors_at_once_do_not_mix(site, visiting):
    with visiting(site) as first, visiting(site) as second:
        for page, text in ((first, "How long does delivery take?"), (second, "How can I pay?")):
            page.fill("#box textarea", text)
        for page in (first, second):
            page.locator("#box textarea").press("Enter")
        for page, text in ((first, "How long does delivery take?"), (second, "How can I pay?")):
            page.locator("#transcript .msg.assistant").wait_for()
            assert page.locator("#transcript .msg.customer .bubble").all_inner_texts() == [text]
            page.reload()
            page.locator("#transcript .msg.assistant").wait_for()
            assert page.locator("#transcript .msg.customer .bubble").all_inner_texts() == [text]


def test_a_starter_question_is_asked_with_one_click(page):
    page.locator("#starters button").nth(1).click()
    page.locator("#transcript .msg.assistant").wait_for()
    assert page.locator("#transcript .msg.customer .bubble").inner_text() == "How do I return something?"
    assert not page.locator("#starters button").first.is_visible()
