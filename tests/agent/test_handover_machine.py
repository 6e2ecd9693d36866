"""Any order of events on one conversation, against the real store: the rules of ownership hold throughout."""

import threading
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from agent import handover
from crm.store import StaleTurn
from rapport.errors import Refused
from rapport.types import Handover, Identity, State, Viewer

OWNER = Viewer("t:anna", Identity.VERIFIED)
TEXTS = (
    "Where is my order #W2611340?", "I want to talk to a human", "I want to cancel my order #W2611340", "yes please",
    "no thanks", "what is the capital of france", "how do I return an item?", "thanks", "{x} <b>", "#W2611399",
)  # fmt: skip


class Conversations(RuleBasedStateMachine):
    """Customer, agent and staff act on one conversation in any order; the rules of ownership hold throughout."""

    shop: Any = None

    @initialize()
    def begin(self) -> None:
        self.id = self.shop.store.create_conversation(channel="t", viewer=OWNER, at=self.shop.clock()).id
        self.sent: dict[int, State] = {}
        self.closings = 0

    def state(self) -> State:
        return self.shop.store.conversation(self.id).state

    def receive(self, text: str) -> None:
        before = self.state()
        self.sent[self.shop.store.receive(self.id, text, at=self.shop.clock()).id] = before

    def answer(self) -> None:
        self.shop.clock.advance(1)
        list(self.shop.agent.respond(self.id))

    @rule(text=st.sampled_from(TEXTS))
    def the_customer_writes(self, text: str) -> None:
        before = self.state()
        replies = len(self.replies())
        self.receive(text)
        self.answer()
        assert len(self.replies()) - replies == (0 if before is State.HUMAN else 1)

    @rule(texts=st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3))
    def the_customer_writes_quickly(self, texts: list[str]) -> None:
        before = self.state()
        replies = len(self.replies())
        for text in texts:
            self.receive(text)
        self.answer()
        assert len(self.replies()) - replies == (0 if before is State.HUMAN else 1)

    @rule(texts=st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3))
    def two_doors_answer_at_once(self, texts: list[str]) -> None:
        def one(text: str) -> None:
            self.receive(text)
            list(self.shop.agent.respond(self.id))

        threads = [threading.Thread(target=one, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @rule(text=st.sampled_from(TEXTS), act=st.sampled_from(["assign", "close"]))
    def staff_act_while_the_agent_thinks(self, text: str, act: str) -> None:
        self.receive(text)

        def staff() -> None:
            self.staff(act)

        thread = threading.Thread(target=staff)
        thread.start()
        list(self.shop.agent.respond(self.id))
        thread.join()
        self.answer()

    @rule(act=st.sampled_from(["assign", "give_back", "close", "reopen"]))
    def staff_act(self, act: str) -> None:
        self.staff(act)

    def staff(self, act: str) -> None:
        with suppress(Refused, StaleTurn):  # not every move is possible from every state
            getattr(handover, act)(self.shop.store, self.id, actor="mia", at=self.shop.clock())
            self.closings += act == "close"

    @rule()
    def the_customer_presses_the_button(self) -> None:
        packet = Handover(reason="button", queue="general", priority="normal", summary="s")
        try:
            handover.hand_over(self.shop.store, self.id, packet, by=("customer", self.shop.clock()))
        except Refused:
            assert self.state() is State.CLOSED

    @rule()
    def the_person_writes(self) -> None:
        # no precondition: threads decide the state, and which rules may be drawn must not hang on them
        if self.state() is State.HUMAN:
            self.shop.store.receive(self.id, "I am looking into it.", at=self.shop.clock(), role="staff")

    def replies(self) -> list:
        return [m for m in self.shop.store.conversation(self.id).messages if m.role == "assistant"]

    @invariant()
    def nobody_is_met_with_silence_and_nothing_is_answered_twice(self) -> None:
        answered = Counter(m.id for turn in self.shop.store.turns(self.id) for m in turn.messages)
        assert all(count == 1 for count in answered.values())
        waiting = {m.id for m in self.shop.store.unanswered(self.id)}
        assert not waiting & set(answered)
        assert not waiting
        # what no turn answered went to a person: they had the conversation, took it, or closed it
        moves = self.shop.store.transitions(self.id)
        by_staff = any(move.to in (State.HUMAN, State.CLOSED) for move in moves)
        assert by_staff or set(self.sent) == set(answered)

    @invariant()
    def the_agent_never_writes_while_a_person_has_it(self) -> None:
        turns = self.shop.store.turns(self.id)
        assert all(turn.state is not State.HUMAN for turn in turns if turn.reply)
        assert len(self.replies()) == len([turn for turn in turns if turn.reply])

    @invariant()
    def every_closing_has_one_message_and_every_move_follows_the_last(self) -> None:
        moves = self.shop.store.transitions(self.id)
        assert [m.role for m in self.shop.store.conversation(self.id).messages].count("system") == self.closings
        assert sum(move.to is State.CLOSED for move in moves) == self.closings
        for before, after in pairwise(moves):
            assert before.to is after.before
        assert not moves or moves[-1].to is self.state()


def run_machine(shop: Any, *, examples: int, steps: int) -> None:
    class Here(Conversations):
        pass

    Here.shop = shop
    quiet = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Here, settings=quiet)


def test_ownership_holds_under_any_order_of_events(shop):
    run_machine(shop, examples=4, steps=8)


@pytest.mark.slow
def test_ownership_holds_under_many_orders_of_events(shop):
    run_machine(shop, examples=80, steps=25)
