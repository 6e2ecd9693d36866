"""Templates: one pass, strict slots, every wording fillable."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import render
from rapport.errors import DataError

NAMES = sorted(path.stem for path in (render.FOLDER / "replies").glob("*.toml"))


def test_a_slot_is_filled():
    assert render.fill("Order {number} is {status}.", {"number": "#1", "status": "pending"}) == "Order #1 is pending."


def test_a_slot_without_a_value_is_an_error_that_names_it():
    with pytest.raises(DataError, match="status"):
        render.fill("It is {status}.", {"number": "1"})


@given(st.text(), st.text())
def test_a_value_is_never_read_for_slots(first, second):
    values = {"first": first + "{second}", "second": second}
    assert render.fill("{first}|{second}", values) == f"{first}{{second}}|{second}"


@given(st.text(alphabet="{}$%abc_ .!r:[]0", max_size=40))
def test_braces_that_are_no_slot_stand_as_they_are(text):
    slots = set(render.SLOT.findall(text))
    assert render.fill(text, {name: f"{{{name}}}" for name in slots}) == text


def test_attribute_and_format_syntax_is_no_slot():
    for text in ("{a.b}", "{a!r}", "{a:>10}", "{0}", "{}", "${a}x".replace("{a}", "(a)"), "{A}"):
        assert render.fill(text, {}) == text


def test_an_unknown_template_says_where_it_was_looked_for():
    with pytest.raises(DataError) as caught:
        render.say("no_such_reply")
    assert "replies" in caught.value.hint


def test_a_missing_language_falls_back_to_english():
    assert render.say("verified", locale="pl") == render.say("verified", locale="en-GB")
    assert render.say("verified", locale="de-AT") != render.say("verified")


def test_the_same_pick_says_the_same_and_all_wordings_are_reached():
    options = render.wordings("thanks")
    assert {render.say("thanks", pick=number) for number in range(len(options))} == set(options)
    assert render.say("thanks", pick=7) == render.say("thanks", pick=7)


@pytest.mark.parametrize("name", NAMES)
def test_every_reply_has_a_purpose_and_the_same_slots_in_every_language(name):
    table = render.template(name)
    assert table["purpose"].endswith((".", "?"))
    english = set().union(*(render.SLOT.findall(wording) for wording in table["en"]["wordings"]))
    for language in set(table) - {"purpose"}:
        assert table[language]["wordings"]
        for wording in table[language]["wordings"]:
            assert set(render.SLOT.findall(wording)) <= english
            assert not re.search(r"[<>]|\{[^}]*[^a-z0-9_}][^}]*\}", wording)


@pytest.mark.parametrize("name", ["verify", "verify_failed", "verify_more", "order_unknown", "hand_over"])
def test_replies_that_must_not_tell_one_case_from_another_have_one_wording(name):
    assert len(render.wordings(name)) == 1


def test_every_forbidden_pattern_compiles_and_every_guideline_is_whole():
    for row in render.rules()["forbidden"]:
        assert re.compile(row["pattern"])
        assert isinstance(row["unless_in_evidence"], bool)
    for row in render.rules()["guideline"]:
        assert row["when"]
        assert row["say"].endswith(".")


def test_every_intent_that_may_be_asked_back_has_a_name():
    from agent.intents import PRODUCT_INTENTS, RECORD_RULES, WRITE_INTENTS

    words = tomllib.loads((render.FOLDER / "intents.toml").read_text(encoding="utf-8"))
    assert set(words) >= set(RECORD_RULES) | PRODUCT_INTENTS | WRITE_INTENTS


def test_the_pages_for_a_chat_model_have_the_slots_that_are_filled():
    slots = set(render.SLOT.findall(render.page("system")))
    assert slots == {"company", "guidelines", "facts", "passages"}
