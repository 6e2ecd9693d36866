"""Sentences are checked before they are let out; a fault gets one rewrite, then the composer goes on, then a person."""

import pytest

from agent import handover
from agent.events import Finished, Retracted, StateChanged, Token
from rapport.doubles import Breaks, ScriptedChat
from rapport.types import Identity, State, Viewer

OWNER = Viewer("t:anna", Identity.VERIFIED)
QUESTION = "Where is my order #W2611340?"
STATUS = "Your order #W2611340 is shipped."
ITEMS = "It holds 2 Enamel Mug and one Desk Lamp."
LIE = "It is due on 9 March 2026."


def asked(shop, chat, question: str = QUESTION):
    """The events of a turn, one by one."""
    shop = shop.writing_with(chat)
    id = shop.store.create_conversation(channel="t", viewer=OWNER, at=shop.clock()).id
    shop.store.receive(id, question, at=shop.clock())
    return id, shop.agent.respond(id)


def answered(shop, *answers, question: str = QUESTION):
    """The turn, the text of its tokens, and what the model was asked."""
    chat = ScriptedChat(answers=list(answers))
    _, events = asked(shop, chat, question)
    heard = list(events)
    return heard[-1].turn, "".join(event.text for event in heard if isinstance(event, Token)), chat.asked


class Watched(ScriptedChat):
    """Notes how many words it has given."""

    given: int = 0

    def _pieces(self, messages):
        for piece in super()._pieces(messages):
            self.given += 1
            yield piece


def test_the_first_sentence_is_heard_before_the_turn_is_kept(shop):
    id, events = asked(shop, ScriptedChat(answers=[f"{STATUS} {ITEMS}"]))
    heard = ""
    while heard != STATUS:
        heard += next(events).text
    assert shop.store.turns(id) == []
    rest = list(events)
    assert heard + "".join(event.text for event in rest if isinstance(event, Token)) == f"{STATUS} {ITEMS}"
    assert isinstance(rest[-1], Finished)
    assert rest[-1].turn.models["writer"] == "chat"


def test_who_leaves_in_the_middle_ends_the_turn_and_the_message_waits(shop):
    id, events = asked(shop, ScriptedChat(answers=[f"{STATUS} {ITEMS}"]))
    assert isinstance(next(events), Token)
    events.close()
    assert shop.store.turns(id) == []
    assert len(shop.store.unanswered(id)) == 1


def test_a_fault_gets_one_rewrite_that_goes_on_from_what_was_said(shop):
    turn, heard, prompts = answered(shop, f"{STATUS} {LIE} It is refunded.", ITEMS)
    assert turn.reply.text == heard == f"{STATUS} {ITEMS}"
    assert turn.models["writer"] == "chat + chat again"
    first, second = (prompt[0].text for prompt in prompts)
    assert "draft" not in first
    assert second.endswith(f"It reads:\n{STATUS}")
    assert "03-09" in second


def test_a_rewrite_that_begins_anew_is_not_heard_twice(shop):
    turn, heard, _ = answered(shop, f"{STATUS} {LIE} Bye.", f"{STATUS} {ITEMS}")
    assert turn.reply.text == heard == f"{STATUS} {ITEMS}"


def test_what_a_reply_leaves_out_is_told_to_its_rewrite(shop):
    turn, heard, prompts = answered(shop, "Good news! It is on its way.", f"{STATUS} {ITEMS}")
    assert turn.reply.text == heard == f"Good news! {STATUS} {ITEMS}"
    assert "It leaves out: shipped, " in prompts[1][0].text


def test_after_two_faults_the_composer_says_what_is_left(shop):
    turn, heard, prompts = answered(shop, f"{STATUS} {LIE} Bye.", f"{LIE} Bye.")
    assert turn.reply.text == heard
    assert heard.startswith(f"{STATUS} ")
    assert "9 March" not in heard
    assert all(fact in heard for fact in ("Enamel Mug", "Desk Lamp", "Postline", "5 March 2026"))
    assert turn.models["writer"] == "chat + composer"
    assert turn.verdict.passed
    assert len(prompts) == 2


def test_nothing_is_heard_of_drafts_whose_first_sentence_fails(shop):
    turn, heard, _ = answered(shop, f"{LIE} {STATUS}", "I have cancelled it. Bye.")
    assert turn.reply.text == heard
    assert turn.models["writer"] == "composer"
    assert "9 March" not in heard
    assert "cancelled" not in heard


def test_every_verdict_on_a_draft_is_kept(shop):
    from agent.brief import Brief, Part, Say
    from agent.events import result

    brief = Brief(parts=(Part(rule="article", lines=(Say("fallback"),)),), question="?", company="C", free=True)
    desk = shop.writing_with(ScriptedChat(answers=["It costs 99 euros.", "It costs 98 euros."])).agent.parts.desk
    written = result(desk.write(brief, OWNER))
    assert ["99" in str(verdict.ungrounded) for verdict in written.refused] == [True, False]
    assert written.writer == "composer"
    assert not written.gave_up


def test_a_model_that_breaks_off_is_not_asked_again_and_the_composer_goes_on(shop):
    turn, heard, prompts = answered(shop, Breaks(f"{STATUS} It will", ConnectionError("gone")))
    assert turn.reply.text == heard
    assert heard.startswith(f"{STATUS} ")
    assert "It will" not in heard
    assert len(prompts) == 1


def test_a_reply_is_given_up_behind_what_was_said(shop, monkeypatch):
    from langchain_core.messages import HumanMessage

    from agent import desk

    def wrong(self, prompt):
        gives_up = prompt[-1].additional_kwargs["brief"].parts[0].rule == "fallback"
        return HumanMessage("I'd rather not say more." if gives_up else "It costs 99 euros.")

    monkeypatch.setattr(desk.GroundedComposer, "invoke", wrong)
    turn, heard, _ = answered(shop, Breaks(f"{STATUS} It will", ConnectionError("gone")))
    assert turn.reply.text == heard == f"{STATUS} I'd rather not say more."
    assert turn.state is State.OFFERED


def test_marks_are_numbered_as_they_are_heard(shop):
    said = "Return it within 45 days of delivery. [1] Print the label. [1]"
    turn, heard, _ = answered(shop, said, question="how do I return an item?")
    assert turn.reply.text == heard == said
    assert [citation.id for citation in turn.reply.citations] == ["t:returns"]


def test_text_that_cannot_be_kept_is_left_to_the_composer(shop):
    turn, heard, _ = answered(shop, f"{STATUS} {ITEMS}\x00")
    assert turn.reply.text == heard
    assert "\x00" not in heard
    assert turn.models["writer"] == "chat + composer"


def test_no_further_sentence_is_heard_once_a_person_has_the_conversation(shop):
    chat = Watched(answers=[f"{STATUS} {ITEMS} " + "It is on its way. " * 50])
    id, events = asked(shop, chat)
    heard = [next(events) for _ in STATUS.split()]
    handover.assign(shop.store, id, actor="mia", at=shop.clock())
    given = chat.given
    rest = list(events)
    assert "".join(event.text for event in heard) == STATUS
    assert rest == [Retracted(), StateChanged(State.HUMAN)]
    assert chat.given < given + 50
    assert [message.role for message in shop.store.conversation(id).messages] == ["customer"]


def test_a_turn_that_comes_too_late_at_its_end_is_retracted_and_made_anew(shop, monkeypatch):
    chat = ScriptedChat(answers=[f"{STATUS} {ITEMS}", f"Yes: it is shipped. {ITEMS}"])
    save, done = shop.store.save_turn, []

    def late(turn, **more):
        if not done:
            done.append(handover.hand_over(
                shop.store, turn.conversation_id, _handover(), by=("customer", shop.clock()), told=None
            ))  # fmt: skip
        return save(turn, **more)

    monkeypatch.setattr(shop.store, "save_turn", late)
    _, events = asked(shop, chat)
    heard = list(events)
    place = heard.index(Retracted())
    assert "".join(event.text for event in heard[:place]) == STATUS
    again = "".join(event.text for event in heard[place:] if isinstance(event, Token))
    assert again == heard[-1].turn.reply.text
    assert again.startswith("Yes: it is shipped.")


def _handover():
    from rapport.types import Handover

    return Handover(reason="asked", queue="general", priority="normal", summary="")


@pytest.mark.parametrize("question", ["hello", QUESTION])
def test_the_composer_alone_needs_no_thread(shop, question, monkeypatch):
    import threading

    begun = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: begun.append(thread))
    shop.talk(question, viewer=OWNER)
    assert begun == []
