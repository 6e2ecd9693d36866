"""The starter's grammar, tokenizer and making."""

import re
import tomllib
from importlib import resources
from random import Random

import pytest

from eval.replies import field_phrasings
from finetune.starter.grammar import phrases, rows, table_of, topics
from finetune.starter.orders import invented_order
from finetune.starter.scores import score_slots
from finetune.starter.stories import story, telling, two_topics
from finetune.starter.tokenizer import END, START, fit_tokenizer
from prompts.fields import TOPICS, put_in, sheet_of, slots_of
from rapport.sample.grammar import chosen


def talk(row):
    return tuple(message["content"] for message in row["messages"])


@pytest.mark.parametrize("held_out", [False, True])
def test_every_reply_of_the_grammar_says_what_it_must_and_no_more_than_it_may(held_out):
    made = list(rows(3, 2000, held_out=held_out))
    scores = score_slots(
        made, lambda messages, _: next(talk(row)[2] for row in made if row["messages"][:-1] == messages)
    )
    assert (scores.right, scores.wrong, scores.denied) == (1.0, 0.0, 1.0)


def test_no_value_reaches_a_row():
    for row in rows(4, 1500):
        system, question, reply = talk(row)
        assert not re.search(r"\d", system + reply), row
        assert slots_of(question) == ()


def test_the_same_seed_makes_the_same_rows_and_another_seed_others():
    first = [talk(row) for row in rows(5, 50)]
    assert first == [talk(row) for row in rows(5, 50)]
    assert first != [talk(row) for row in rows(6, 50)]


def test_phrases_held_out_are_never_learnt_from():
    for topic in TOPICS:
        learnt, held = set(phrases(topic)), set(phrases(topic, held_out=True))
        assert held
        assert not learnt & held


@pytest.mark.parametrize("part", ["dev", "test"])
def test_the_evaluation_asks_in_other_phrases_than_the_grammar(part):
    def plain(text):
        return tuple(re.sub(r"[^a-z ]", "", re.sub(r"\{\w+\}", "", text.lower())).split())

    random = Random(1)
    known = {
        plain(chosen(random, phrase))
        for topic in TOPICS
        for held_out in (False, True)
        for phrase in phrases(topic, held_out=held_out)
        for _ in range(30)
    }
    asked = field_phrasings(part)
    assert set(asked) == set(TOPICS) - {"parcel"}
    wordings = [phrase for some in asked.values() for phrase in some]
    assert all(phrase.count("{number}") == 1 for phrase in wordings)
    assert not [phrase for phrase in wordings if plain(phrase) in known]


def test_two_topics_in_one_question_never_ask_the_same_twice():
    random = Random(2)
    for _ in range(500):
        chosen = topics(random)
        assert len(set(chosen) & {"status", "parcel", "arrival"}) <= 1
        assert len(set(chosen)) == len(chosen)


def test_every_invented_order_makes_a_sheet_that_every_slot_of_it_can_be_filled_from():
    random = Random(3)
    for _ in range(300):
        sheet = sheet_of(invented_order(random))
        assert all(put_in(f"{{{name}}}", sheet) == words for name, words in sheet.fields.items())


def test_every_wording_has_balanced_choices_and_known_slots():
    text = resources.files("finetune.starter").joinpath("replies.toml").read_text(encoding="utf-8")
    names = set(sheet_of(invented_order(Random(1))).fields) | {"missing"}
    for _ in range(200):
        names |= set(sheet_of(invented_order(Random(_))).fields)
    table = tomllib.loads(text)
    for topic, cases in table.items():
        for wordings in cases.values():
            for wording in wordings if isinstance(wordings, list) else ():
                assert wording.count("[") == wording.count("]"), (topic, wording)
                assert set(slots_of(wording)) <= names, (topic, wording)


def test_a_slot_is_one_token_and_control_tokens_are_kept_apart():
    texts = [content for row in rows(7, 1500) for content in talk(row)]
    tokenizer = fit_tokenizer(texts, size=1500, window=256)
    tokens = [tokenizer.decode([token]) for token in tokenizer.encode("Your order {order number} is {status}.")]
    assert tokens == ["Your", " order", " {order number}", " is", " {status}", "."]
    made = tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], add_generation_prompt=True, tokenize=False
    )
    assert made == f"{START}user\nhi{END}{START}assistant\n"
    line = tokenizer.encode("\nmay say: nothing\nnot on record: refund")
    assert [tokenizer.decode([token]) for token in line] == ["\nmay say:", " nothing", "\nnot on record:", " refund"]
    for text in ("Größe {x} 東京 }{ <b>", "  two  spaces\n\nlines"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_story_asks_in_its_phrases_and_a_telling_message_holds_none():
    random = Random(6)  # draws no "{order} DHL?", which has no longer word
    asked = {word for phrase in phrases("carrier") for word in re.findall(r"[a-z]{4,}", chosen(random, phrase).lower())}
    stories = [story(random, "carrier") for _ in range(50)]
    assert len(set(stories)) > 45
    assert all(asked & set(re.findall(r"[a-z]+", text.lower())) for text in stories)
    assert not [text for text in (telling(random) for _ in range(200)) if re.search(r"[{}\[\]]", text)]


def test_what_is_told_is_of_known_topics_and_has_balanced_choices():
    tables = table_of("told")
    assert set(tables["told"]) == set(TOPICS) - {"parcel"}
    told = [*tables["told_by_name"], *tables["stories"], *(fact for some in tables["told"].values() for fact in some)]
    assert all(fact.count("[") == fact.count("]") for fact in told)
    assert not [fact for fact in told if "?" in fact]


def test_two_questions_in_one_message_never_ask_the_same_twice():
    random = Random(5)
    for _ in range(200):
        text, (first, second) = two_topics(random)
        assert text
        assert first != second
        assert not {first, second} <= {"status", "parcel", "arrival"}
