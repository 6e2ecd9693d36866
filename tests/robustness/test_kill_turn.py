"""kill -9 in the middle of turns: what was acknowledged is kept, nothing is half there, and nobody stays unanswered."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from agent.assemble import open_agent
from crm.store import Store
from rapport.settings import load_settings

KILLS = 20
LONGEST_WAIT = 0.5  # seconds after the first answer; a turn takes a few hundredths of one
REPLIES = "SELECT turn_id, text FROM messages WHERE role = 'assistant' AND turn_id NOT NULL"
ANSWERING = Path(__file__).with_name("answering.py")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_agent_loses_nothing_acknowledged_and_answers_the_rest_later(own_sample_home, start):
    database, random = own_sample_home.database_file, Random(20)
    acknowledged: list[dict] = []
    agents = start(ANSWERING, own_sample_home.root)
    for kill in range(KILLS):
        acknowledged += answer_and_kill(agents, seed=kill, wait=random.uniform(0, LONGEST_WAIT))
        assert_nothing_is_half_there(database)
        assert_kept(database, acknowledged)
    assert len([line for line in acknowledged if "answered" in line]) >= KILLS
    left = len(rows(database, "SELECT 1 FROM messages WHERE waiting"))
    settings = load_settings(own_sample_home)
    with Store.open(settings.database_url(own_sample_home)) as store:
        agent = open_agent(own_sample_home, settings, store=store)
        assert (agent.recover() > 0) == (left > 0)
        assert agent.recover() == 0, "everything was answered the first time"
    assert_kept(database, acknowledged)
    assert_nothing_is_half_there(database)
    assert rows(database, "SELECT id FROM messages WHERE waiting") == []


def answer_and_kill(agents: subprocess.Popen, *, seed: int, wait: float) -> list[dict]:
    """Start an agent and kill it `wait` seconds after its first answer. Returns what it acknowledged until then."""
    agents.stdin.write(f"{seed}\n".encode())
    agents.stdin.flush()
    lines: list[dict] = []
    killer: threading.Timer | None = None
    agent = 0
    while "ended" not in (line := json.loads(agents.stdout.readline())):
        agent = line.get("agent", agent)
        if "answered" in line and killer is None:
            killer = threading.Timer(wait, os.kill, (agent, signal.SIGKILL))
            killer.start()
        lines.append(line)
    assert killer is not None, "it ended by itself"
    killer.join()
    return lines


def rows(database: Path, query: str, *values: object) -> list[tuple]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query, values).fetchall()


def assert_kept(database: Path, acknowledged: list[dict]) -> None:
    """Every message and every turn that was acknowledged is there, as it was, once."""
    kept = rows(database, "SELECT id, conversation_id, text FROM messages WHERE role = 'customer'")
    messages = {id: (conversation, text) for id, conversation, text in kept}
    answers = dict(rows(database, REPLIES))
    turns = {turn for (turn,) in rows(database, "SELECT turn_id FROM turns")}
    for line in acknowledged:
        if "received" in line:
            assert messages[line["received"]] == (line["conversation"], line["text"])
        if "answered" in line:
            assert line["turn"] in turns
            assert answers[line["turn"]] == line["reply"]


def assert_nothing_is_half_there(database: Path) -> None:
    """The file is whole, and every turn has its reply, its answered messages, its handover and its transitions."""
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert rows(database, "PRAGMA foreign_key_check") == []
    replies = rows(database, REPLIES)
    assert len({turn for turn, _ in replies}) == len(replies), "two replies of one turn"
    said = dict(replies)
    traces = {turn: json.loads(trace) for turn, trace in rows(database, "SELECT turn_id, trace FROM turns")}
    answered = {turn for (turn,) in rows(database, "SELECT DISTINCT turn_id FROM messages WHERE role = 'customer'")}
    handed = {turn for (turn,) in rows(database, "SELECT turn_id FROM handovers WHERE turn_id NOT NULL")}
    assert said.keys() <= traces.keys()
    for turn, trace in traces.items():
        reply = trace.get("reply")
        assert (said.get(turn) if reply else None) == (reply["text"] if reply else None)
        assert turn in answered, "a turn that answers no message"
        assert bool(trace.get("handover")) == (turn in handed)
    loose = "SELECT id FROM messages WHERE role = 'customer' AND NOT waiting AND turn_id IS NULL"
    assert rows(database, loose) == [], "a message that is neither waiting nor answered"
    last = """SELECT c.state, t."to" FROM conversations c JOIN transitions t ON t.id =
              (SELECT max(id) FROM transitions WHERE conversation_id = c.id)"""
    assert all(state == to for state, to in rows(database, last))
