"""Answers from articles are the article's own words, whole steps, nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.extract import Extractor, split
from rapport.doubles import HashingEncoder
from rapport.types import Hit, Passage, PassageId
from retrieval.sentences import sentences

ENCODER = HashingEncoder()
TEXT = """Refunds are paid within five days. The money goes back to your card. Gift cards are refunded as gift cards.

To start a refund:
1. Open My orders.
2. Choose the order.
   It must be delivered.
3. Press Refund.

| Method | Time |
|---|---|
| PayPal | the same day |
| Card | three days |
"""


def passage(text: str = TEXT, record: str = "r") -> Passage:
    return Passage(id=PassageId(f"{record}-{len(text)}"), record=record, kind="articles", title="T", text=text,
                   visibility="public")  # fmt: skip


def extractor(article: str = "") -> Extractor:
    return Extractor(ENCODER.encode, sentences, article=lambda key: article)


def quote(question: str, text: str = TEXT) -> str:
    return extractor().quote(question, ENCODER.encode([question])[0], passage(text))


def test_the_sentence_that_answers_is_quoted_as_it_stands():
    assert "Gift cards are refunded as gift cards." in quote("are gift cards refunded as gift cards?")


def test_steps_are_kept_whole_with_the_line_that_leads_in():
    assert quote("how do I press refund and choose the order") == (
        "To start a refund:\n1. Open My orders.\n2. Choose the order. It must be delivered.\n3. Press Refund."
    )


def test_a_row_of_a_table_is_quoted_with_its_headings():
    assert quote("PayPal time the same day") == "Method: PayPal; Time: the same day."


def test_how_to_questions_get_the_steps_of_the_article():
    short = passage("Send a thing back the same way.")
    hit = Hit(short, 0.9, 1, "dense")
    question = "how do I send a thing back?"
    found = extractor(f"{short.text}\n\n## Steps\n\n1. Pack it.\n2. Post it.").answer(
        question, ENCODER.encode([question])[0], [hit]
    )
    assert [text for _, text in found] == [short.text, "1. Pack it.\n2. Post it."]
    assert {part.record for part, _ in found} == {"r"}


def test_nothing_found_gives_nothing():
    assert extractor().answer("x", ENCODER.encode(["x"])[0], []) == []


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a heading"])
def test_a_passage_without_sentences_is_quoted_as_it_is(text):
    assert quote("anything", text) == text


def test_a_passage_is_encoded_once():
    asked: list[int] = []

    def encode(texts):
        asked.append(len(texts))
        return ENCODER.encode(texts)

    cached = Extractor(encode, sentences, article=lambda key: "")
    for _ in range(3):
        cached.quote("money", ENCODER.encode(["money"])[0], passage())
    assert len(asked) == 1


@given(st.text(alphabet="ab.:|-1) #\n*", max_size=120), st.text(alphabet="ab ", min_size=1, max_size=20))
def test_every_word_of_a_quotation_stands_in_the_passage(text, question):
    quoted = quote(question, text)
    assert set(quoted.replace(";", " ").replace(":", " ").replace(".", " ").split()) <= set(
        text.replace(";", " ").replace(":", " ").replace(".", " ").replace("|", " ").split()
    ) or quoted == text or "*" in text or "|" in text  # fmt: skip


def test_units_keep_the_order_of_the_text():
    units = split(TEXT, sentences)
    assert [unit.item for unit in units] == [False, False, False, False, True, True, True, False, False]


def test_a_list_that_nothing_leads_into_stands_under_its_heading():
    reasons = replace(passage("- It has expired.\n- It was used already."), heading="Why a code may not work")
    question = "my code has expired"
    assert extractor().quote(question, ENCODER.encode([question])[0], reasons) == (
        "Why a code may not work:\n- It has expired.\n- It was used already."
    )


SIZES = "| Size | Chest |\n|---|---|\n| S | 88 to 95 cm |\n| M | 96 to 103 cm |\n| L | 104 to 111 cm |\n"


def test_the_row_whose_range_holds_the_number_is_quoted():
    assert quote("which size for a chest of 100 cm?", SIZES) == "Size: M; Chest: 96 to 103 cm."


def test_a_sentence_that_only_refers_elsewhere_is_no_answer():
    text = "Returns cost nothing in most countries. See Return costs for what a return costs."
    assert not quote("return costs", text).startswith("See")


def test_who_names_a_topic_is_told_what_its_article_begins_with():
    lead = replace(passage("Returns are taken back within 60 days."), id=PassageId("lead"))
    part = replace(passage("Returns of gifts need the number of the note."), id=PassageId("part"), heading="Gifts")
    hits = [Hit(part, 0.5, 1, "both"), Hit(lead, 0.45, 2, "both")]
    found = extractor().answer("returns", ENCODER.encode(["returns"])[0], hits)
    assert [text for _, text in found] == [lead.text]


def test_two_passages_are_encoded_at_once():
    asked: list[int] = []

    def encode(texts):
        asked.append(len(texts))
        return ENCODER.encode(texts)

    hits = [Hit(replace(passage(), heading="Later"), 0.5, 1, "both"), Hit(passage("One. Two. Three."), 0.4, 2, "both")]
    both = Extractor(encode, sentences, article=lambda key: "")
    for _ in range(2):
        both.answer("money", ENCODER.encode(["money"])[0], hits)
    assert len(asked) == 1
