"""Pairs of replies are read with their mistakes named, and dealt by conversation."""

import json

import pytest

from finetune.preference_pairs import Pair, dealt, read_pairs, replies
from rapport.errors import BadRow, UserError


def line(number: int, **told) -> dict:
    asked = [{"role": "system", "content": "status: shipped"}, {"role": "user", "content": f"Question {number}?"}]
    return {"messages": asked, "chosen": "It is {status}.", "rejected": "No idea.", **told}


@pytest.fixture
def file(tmp_path):
    def write(*lines) -> "object":
        path = tmp_path / "pairs.jsonl"
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines))
        return path

    return write


def test_pairs_are_read_once_each_and_what_was_sent_as_suggested_is_counted(file):
    found = read_pairs(
        file(*(line(n) for n in range(9)), line(0, source="turn 4"), line(1, rejected=" It is {status}. "))
    )
    assert (len(found.pairs), found.same) == (9, 1)
    assert found.pairs[0] == Pair(
        (("system", "status: shipped"), ("user", "Question 0?")), "It is {status}.", "No idea."
    )
    assert [row["messages"][-1]["content"] for row in next(replies(found.pairs))] == ["It is {status}.", "No idea."]


def test_the_fingerprint_tells_pairs_apart(file):
    one, other = (read_pairs(file(*(line(n, chosen=text) for n in range(8)))) for text in ("yes", "no"))
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == read_pairs(file(*(line(n, chosen="yes") for n in range(8)))).fingerprint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", "line 3 of pairs.jsonl cannot be read: not valid JSON"),
        ("[]", "a JSON list, not an object"),
        (line(2, chosen=""), "line 3 of pairs.jsonl: 'chosen' is no reply"),
        (line(2, rejected=7), "'rejected' is no reply"),
        (line(2, messages="hello"), "'messages' is no list"),
        (line(2, messages=[]), "two or more"),
        (line(2, messages=[{"role": "robot", "content": "x"}]), "not role 'robot'"),
        (line(2, messages=[{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]), "not the user's"),
    ],
)
def test_a_wrong_line_is_named(file, wrong, said):
    with pytest.raises(BadRow, match=said.replace("[", r"\[")):
        read_pairs(file(line(0), line(1), wrong))


def test_a_file_of_something_else_is_told_by_its_columns(file, tmp_path):
    with pytest.raises(UserError, match="no column 'chosen'"):
        read_pairs(file({"messages": [], "text": "x"}))
    with pytest.raises(UserError, match="cannot be read"):
        read_pairs(tmp_path / "nowhere.jsonl")


def test_too_few_conversations_are_refused(file):
    with pytest.raises(BadRow, match="holds 7 pairs; 2 more were sent as they were suggested"):
        read_pairs(file(*(line(n) for n in range(7)), *(line(n, rejected="It is {status}.") for n in (8, 9))))
    with pytest.raises(BadRow, match="8 different conversations"):
        read_pairs(file(*(line(0, chosen=f"reply {n}") for n in range(20))))


def test_all_pairs_of_a_conversation_are_on_one_side():
    pairs = [Pair((("user", f"{n % 10}"),), f"good {n}", "bad") for n in range(40)]
    train, held = dealt(pairs, 0.2, seed=3)
    assert (len(train), len(held)) == (32, 8)
    assert not {pair.before for pair in train} & {pair.before for pair in held}
    assert dealt(pairs, 0.2, seed=3) == (train, held) != dealt(pairs, 0.2, seed=4)
