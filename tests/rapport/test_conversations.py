"""The invented conversations: what they hold, and that no phrase crosses the splits."""

from collections import Counter, defaultdict

import pytest

from rapport.escalation import LEVELS, REASONS
from rapport.sample.conversations import make_conversations, phrases, taught_phrases
from rapport.sample.dialogue_lines import read_lines
from rapport.sample.endings import make_endings
from rapport.sample.utterances import families, make_examples

ORDINARY = make_examples(7)[::6]


@pytest.fixture(scope="module")
def conversations():
    return make_conversations(7, ORDINARY)


def plain(text: str) -> str:
    return text.casefold().rstrip(".!? ")


def test_every_level_and_reason_has_phrases_in_every_split():
    counts = Counter((phrase.level, phrase.reason, phrase.split) for phrase in phrases())
    for split in ("train", "dev", "test"):
        assert {(level, reason) for level, reason, name in counts if name == split} >= {
            ("answer", ""), *(("escalate", reason) for reason in REASONS)
        }  # fmt: skip
    assert len(phrases()) >= 350
    assert {phrase.language for phrase in phrases()} == {"en", "de", "fr", "es", "nl"}


def test_no_phrase_stands_twice_nor_among_the_utterances():
    owners = defaultdict(list)
    for phrase in (*phrases(), *taught_phrases()):
        owners[plain(phrase.template)].append(phrase.name)
    assert not [names for names in owners.values() if len(names) > 1]
    assert not {plain(family.template) for family in families()} & set(owners)


def test_a_family_lies_in_one_split(conversations):
    splits = defaultdict(set)
    for dialogue in conversations:
        if dialogue.family != "ordinary":
            splits[dialogue.family].add(dialogue.split)
    assert all(len(names) == 1 for names in splits.values())


def test_families_that_only_teach_change_nothing_that_is_held_out(conversations):
    more = make_conversations(7, ORDINARY, taught=True)
    assert {phrase.split for phrase in taught_phrases()} == {"train"}
    assert {phrase.name for phrase in taught_phrases()} <= {one.family for one in more}
    for split in ("dev", "test"):
        assert [one for one in more if one.split == split] == [one for one in conversations if one.split == split]


def test_ordinary_messages_stay_in_their_split(conversations):
    split_of = {item.text: item.split for item in ORDINARY}
    for dialogue in conversations:
        assert all(split_of.get(said.text, dialogue.split) == dialogue.split for said in dialogue.said)


def test_labels_are_whole(conversations):
    for dialogue in conversations:
        for said in dialogue.said:
            assert said.level in LEVELS
            assert bool(said.reason) == (said.level != "answer")
            assert said.text.strip()


def test_the_same_seed_gives_the_same_conversations_and_another_seed_others(conversations):
    assert make_conversations(7, ORDINARY) == conversations
    assert make_conversations(8, ORDINARY) != conversations


def test_a_written_conversation_is_read_turn_by_turn():
    first, second = read_lines("Where is it? // (asked) // I said where! => offer repeated")
    assert (first.text, first.level, first.did) == ("Where is it?", "answer", "asked")
    assert (second.text, second.level, second.reason) == ("I said where!", "offer", "repeated")


@pytest.mark.parametrize("bullet", ["(asked) // hello", "hello // (danced)", "hello => shout anger", "hello => offer"])
def test_a_conversation_that_cannot_be_read_is_refused(bullet):
    with pytest.raises(ValueError, match="'"):
        read_lines(bullet)


def test_what_is_cut_off_is_unfinished_and_whole_utterances_are_not():
    endings = make_endings(7, ORDINARY)
    texts = {ending.text for ending in endings if ending.finished}
    cut = [ending.text for ending in endings if not ending.finished]
    assert {item.text for item in ORDINARY if item.intent == "order_status"} <= texts
    assert len(cut) > 200
    assert len({ending.text.casefold() for ending in endings}) == len(endings)
