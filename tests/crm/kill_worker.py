"""A program that writes to a store without end and says what it was told is kept; the test kills it.

Each line on stdout is one JSON list: ["ready"], ["orders", version], ["message", conversation, id],
["turn", conversation, id], ["removed", key].
"""

import json
import sys
import uuid
from datetime import UTC, datetime

from crm.store import Checkpoint, Store
from rapport.records import Customer, Order, OrderLine, RecordKind
from rapport.types import (
    Ask,
    Decision,
    Draft,
    Handover,
    Identity,
    Reply,
    State,
    Turn,
    TurnId,
    Understanding,
    Verdict,
    Viewer,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann Lee")


def say(*what: object) -> None:
    print(json.dumps(what), flush=True)


def order(n: int, version: int) -> Order:
    lines = tuple(OrderLine(name=f"v{version}") for _ in range(1 + (n + version) % 9))
    return Order(
        source="shop", source_id=f"o{n}", number=f"W{n}", customer_id=ANN.id, status=f"v{version}", lines=lines
    )  # fmt: skip


def turn(store: Store, round: int) -> None:
    """One conversation: a message, its answer with a handover, each told once it is kept."""
    id = store.create_conversation(channel="web", viewer=Viewer(ANN.id, Identity.VERIFIED), at=NOON).id
    message = store.receive(id, f"message {round}", at=NOON)
    say("message", id, message.id)
    ask = Ask(text="?", query="?", intent="order_status", confidence=0.9, in_scope=0.9)
    made = Turn(
        id=TurnId(uuid.uuid4().hex),
        conversation_id=id,
        at=NOON,
        messages=(message,),
        understanding=Understanding(
            asks=(ask,), sentiment=0.0, escalate=0.0, escalate_reason="", language="en", entities=()
        ),
        hits=(),
        tools=(),
        decisions=(Decision(kind="hand_over", reason="r", rule="r"),),
        draft=Draft(text="x" * 2000),
        verdict=Verdict(),
        reply=Reply(text=f"answer {round}"),
        handover=Handover(reason="r", queue="q", priority="normal", summary="s"),
        state=State.QUEUED,
        identity=Identity.VERIFIED,
        customer_id=ANN.id,
        context={"round": round},
        ms={},
        models={},
        index_version="v1",
    )
    store.save_turn(made, expected=State.BOT)
    say("turn", id, made.id)


def main(url: str, version: int) -> None:
    with Store.open(url) as store:
        store.upsert([ANN])
        say("ready")
        round = 0
        while True:
            batch = [order(n, version * 1000 + round) for n in range(150)]
            store.upsert(batch, checkpoint=Checkpoint("orders", version * 1000 + round))
            say("orders", version * 1000 + round)
            for _ in range(3):
                turn(store, round)
            store.remove(RecordKind.ORDERS, [batch[round % 100].key])
            say("removed", batch[round % 100].key)
            round += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
