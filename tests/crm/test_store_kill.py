"""A kill at any moment loses nothing that was acknowledged and leaves nothing half there."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import crm
from crm.store import Store
from rapport.records import RecordKind
from rapport.types import ConversationId, State, TurnId

WORKER = Path(__file__).with_name("kill_worker.py")
KILLS = 20


def run_and_kill(url: str, version: int, chance: random.Random) -> list[list]:
    """What the worker acknowledged before it was killed: after some lines, and a moment into what comes next."""
    command = [sys.executable, str(WORKER), url, str(version)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(crm.__file__).parents[1]) as process:
        assert json.loads(process.stdout.readline()) == ["ready"]
        lines = [process.stdout.readline() for _ in range(chance.randrange(20))]
        time.sleep(chance.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
    return [json.loads(line) for line in lines if line.rstrip().endswith("]")]


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_leave_nothing_half_there(home):
    url, chance = f"sqlite:///{home.database_file}", random.Random(7)
    messages, turns, seen = set(), set(), 0
    for version in range(1, KILLS + 1):
        said = run_and_kill(url, version, chance)
        messages |= {(line[1], line[2]) for line in said if line[0] == "message"}
        turns |= {(line[1], line[2]) for line in said if line[0] == "turn"}
        rounds = [line[1] for line in said if line[0] == "orders"]
        seen += len(rounds)
        check_file(home.database_file)
        with Store.open(url) as store:
            check_orders(store, rounds, said)
            check_conversations(store, messages, turns)
    assert seen > KILLS / 2
    assert len(turns) > KILLS


def check_file(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        counts = "SELECT line_count, (SELECT count(*) FROM order_lines WHERE order_id = orders.id) FROM orders"
        assert all(said == kept for said, kept in connection.execute(counts))
        whole = """SELECT count(*) FROM turns
            LEFT JOIN messages a ON a.turn_id = turns.turn_id AND a.role = 'assistant'
            LEFT JOIN messages c ON c.turn_id = turns.turn_id AND c.role = 'customer' AND NOT c.waiting
            LEFT JOIN transitions t ON t.turn_id = turns.turn_id
            LEFT JOIN handovers h ON h.turn_id = turns.turn_id
            LEFT JOIN conversations v ON v.id = turns.conversation_id AND v.state = 'queued'
            WHERE a.id IS NULL OR c.id IS NULL OR t.id IS NULL OR h.id IS NULL OR v.id IS NULL"""
        assert connection.execute(whole).fetchone() == (0,)
        orphans = "SELECT count(*) FROM messages WHERE role = 'assistant' AND turn_id IS NULL"
        assert connection.execute(orphans).fetchone() == (0,)
    connection.close()


def check_orders(store: Store, rounds: list[int], said: list[list]) -> None:
    """Every order is of the batch last committed: the last one said, or one more that was not said in time."""
    versions = {int(order.status[1:]) for order in store.iterate(RecordKind.ORDERS)}
    kept = store.checkpoint("orders")
    if kept is None:
        assert not rounds
        assert not versions
        return
    assert versions == {kept.position}
    if rounds:
        assert kept.position - rounds[-1] in (0, 1)
        if said[-1][0] == "removed" and kept.position == rounds[-1]:
            assert store.get(RecordKind.ORDERS, said[-1][1]) is None
    last = {change.key: change.op for change in store.changes_since(0, limit=10**9) if change.kind == "orders"}
    assert {key for key, op in last.items() if op == "upsert"} == set(store.keys(RecordKind.ORDERS))


def check_conversations(store: Store, messages: set, turns: set) -> None:
    for id, message in messages:
        assert message in {kept.id for kept in store.conversation(ConversationId(id)).messages}
    for id, turn in turns:
        found = store.conversation(ConversationId(id))
        assert [message.role for message in found.messages] == ["customer", "assistant"]
        assert found.state is State.QUEUED
        assert found.context == {"round": store.turn(TurnId(turn)).context["round"]}
        assert store.handover(ConversationId(id)) is not None
