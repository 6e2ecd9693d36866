"""Dealing conversations to train, dev and test."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.escalation_files import read_conversations
from finetune.escalation_splits import with_splits
from rapport.dialogues import Dialogue, Said
from rapport.errors import BadRow
from rapport.escalation import LEVELS


def talk(level: str, family: str, split: str = "") -> Dialogue:
    return Dialogue(said=(Said(f"message of {family}", level),), split=split, family=family)


ROWS = tuple(
    talk(level, f"{level} {n}") for level, count in zip(LEVELS, (200, 20, 40), strict=True) for n in range(count)
)


def test_each_level_is_dealt_in_the_same_shares():
    counts = Counter((one.said[0].level, one.split) for one in with_splits(ROWS))
    assert [counts["answer", part] for part in ("train", "dev", "test")] == [140, 30, 30]
    assert [counts["escalate", part] for part in ("train", "dev", "test")] == [28, 6, 6]


def test_the_seed_decides_what_is_held_out():
    assert with_splits(ROWS, seed=1) == with_splits(ROWS, seed=1)
    assert with_splits(ROWS, seed=1) != with_splits(ROWS, seed=2)


@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(0, 6)), min_size=1), st.integers(0, 99))
def test_all_of_a_conversation_lies_in_one_part(rows, seed):
    dealt = with_splits([talk(level, str(family)) for level, family in rows], seed=seed)
    assert [one.said[0].level for one in dealt] == [level for level, _ in rows]
    assert {one.split for one in dealt} <= {"train", "dev", "test"}
    assert len({(one.family, one.split) for one in dealt}) == len({one.family for one in dealt})


@pytest.mark.parametrize(("count", "parts"), [(1, {"train"}), (2, {"train", "dev"}), (3, {"train", "dev", "test"})])
def test_few_conversations_of_a_level_are_for_training_first_then_for_dev(count, parts):
    assert {one.split for one in with_splits([talk("offer", str(n)) for n in range(count)])} == parts


def test_messages_of_one_conversation_belong_together(tmp_path):
    first = "Where is LF-204817?"
    lines = [
        f'{{"text": "{first}", "label": "answer"}}',
        '{"text": "Still nothing!", "label": "offer", "conversation": '
        '[{"role": "customer", "text": "Where is LF-1190?"}]}',
        '{"text": "one", "label": "answer", "id": 7}',
        '{"text": "two", "label": "answer", "id": 7}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    opening, later, one, two = (found.family for found in read_conversations(tmp_path / "rows.jsonl"))
    assert opening == later
    assert one == two != opening


def test_parts_that_are_named_stay_and_are_named_for_all_or_for_none():
    named = tuple(replace(one, split="dev") for one in ROWS)
    assert with_splits(named) == named
    with pytest.raises(BadRow, match="some rows name their split"):
        with_splits([*ROWS[:3], *named[:3]])
