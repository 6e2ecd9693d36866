"""Pairs out of the suggestions of a home: laid out as replies of tickets are, values as slots, nobody named."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crm.store import Suggestion
from finetune.preference_pairs import FEWEST
from finetune.preference_store import pairs_of_store
from prompts.fields import told_by
from rapport.errors import BadRow
from rapport.records import Customer, Delivery, Order, OrderLine
from rapport.types import Identity, State, Viewer

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ANN = Customer(source="s", source_id="c1", name="Anna Berg", email="anna@example.com", postcode="1012 AB")
ORDER = Order(
    source="s", source_id="o1", number="LF-206708", customer_id=ANN.id, status="shipped",
    placed_at=NOON - timedelta(days=3), total=Decimal("47.80"), lines=(OrderLine(name="Wool Cap"),),
    deliveries=(Delivery(status="in_transit", tracking="H324114595", carrier="Heron",
                         shipped_at=NOON - timedelta(days=2), expected_at=NOON + timedelta(days=2)),),
)  # fmt: skip
SUGGESTED = "Order LF-206708 is shipped: Wool Cap."


@pytest.fixture
def desk(store):
    """Let a colleague judge a suggestion in a conversation of its own."""
    store.upsert([ANN])
    store.upsert([ORDER])

    def judge(number: int, outcome: str, sent: str | None = None, text: str = SUGGESTED, record=ORDER.key) -> None:
        viewer = Viewer(ANN.id, Identity.VERIFIED)
        id = store.create_conversation(channel="web", viewer=viewer, at=NOON).id
        store.receive(id, "Hello", at=NOON)
        store.transition(id, expected=State.BOT, to=State.HUMAN, event="assign", actor="Eva Moss", at=NOON)
        store.receive(id, "Hi Anna, what is it?", at=NOON, role="staff")
        asked = store.receive(id, f"Who brings my parcel LF-206708? ({'abcdefghijklm'[number]})", at=NOON)
        store.receive(id, "Are you there?", at=NOON)
        made = Suggestion(
            conversation_id=id, message_id=asked.id, text=text, model="starter", at=NOON + timedelta(minutes=1),
            record=record,
        )  # fmt: skip
        kept = store.add_suggestion(made)
        store.judge_suggestion(kept.id, outcome, sent=sent, actor="Eva Moss", at=NOON + timedelta(minutes=2))

    return judge


def several(desk, count: int = FEWEST) -> None:
    for number in range(count):
        desk(number, "edited", "Hi Anna,\n\nHeron brings it, on 6 May [1].\n\nKind regards\nEva")


def test_what_was_sent_is_preferred_and_values_are_slots(store, desk):
    several(desk)
    found = pairs_of_store(store)
    assert (len(found.pairs), found.same, found.left_out) == (FEWEST, 0, {})
    pair = found.pairs[0]
    assert pair.chosen == "{carrier} brings it, on {expected date}."
    assert pair.rejected == "Order {order number} is {status}: {items}."
    roles = [role for role, _ in pair.before]
    assert roles == ["system", "user", "assistant", "user"]
    assert pair.before[-1][1].startswith("Who brings my parcel")
    assert set(told_by(pair.before[0][1]).slots) >= {"carrier", "expected date"}


def test_nobody_is_named_and_no_number_of_the_record_stands_there(store, desk):
    several(desk)
    said = json.dumps([(pair.before, pair.chosen, pair.rejected) for pair in pairs_of_store(store).pairs])
    assert not [word for word in ("Anna", "Berg", "Eva", "Moss", "206708", "H324114595", "Heron") if word in said]


def test_a_rejected_one_counts_where_another_text_was_sent(store, desk):
    several(desk)
    desk(8, "rejected", "Heron has it.")
    desk(9, "rejected")
    desk(10, "rejected", "You will have it within 14 days.")
    found = pairs_of_store(store)
    assert len(found.pairs) == FEWEST + 1
    assert found.left_out == {"nothing was sent": 1, "it states a value that is not on record": 1}


def test_what_was_sent_as_suggested_is_counted_and_a_greeting_makes_no_other_text(store, desk):
    several(desk)
    desk(8, "accepted")
    desk(9, "edited", f"Hi Anna,\n\n{SUGGESTED}\n\nBest,\nEva")
    found = pairs_of_store(store)
    assert (len(found.pairs), found.same) == (FEWEST, 2)


def test_too_few_are_refused_with_what_was_left_out(store, desk):
    several(desk, 3)
    desk(8, "rejected")
    with pytest.raises(BadRow, match="this home holds 3 pairs; 1 left out: nothing was sent"):
        pairs_of_store(store)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_without_a_file_the_command_learns_from_the_suggestions_of_the_home(
    home, store, desk, tiny_chat, publish_reply, monkeypatch, tmp_path, capsys
):
    from ui.cli import run

    monkeypatch.setenv("RAPPORT_HOME", str(home.root))
    publish_reply(home, "shop", tiny_chat("llama"))
    command = ["train", "preference", "--base", "shop", "--name", "shop-1", "--json"]
    assert run(command) == 1
    assert "this home holds 0 pairs" in json.loads(capsys.readouterr().out)["error"]["message"]
    several(desk, 12)
    desk(12, "accepted")
    assert run(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pairs"] == {"train": 10, "held_out": 2}
    assert (said["sent_as_suggested"], said["no_pair"]) == (1, {})
