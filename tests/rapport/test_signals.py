"""The numbers beside the vector: phrases, mood, repetition, what is at stake."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.signals import FILE, Past, feature_names, features, floor_of, shouted, signals, words_of


def seen(text: str, *, sentiment: float = 0.0, **past) -> dict[str, float]:
    return features(words_of(text), sentiment=sentiment, past=Past(**past))


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("I want to talk to a human", "person"),
        ("ich möchte mit einem Menschen sprechen", "person"),
        ("the charger caught fire", "safety"),
        ("I will call my lawyer", "legal"),
        ("you are thieves", "anger"),
        ("I'm rather disappointed", "upset"),
        ("this is the third time I write", "again"),
        ("that's not what I asked", "wrong"),
        ("the wedding is tomorrow", "deadline"),
        ("my parcel is lost", "trouble"),
        ("my account was hacked", "account"),
        ("are you a bot?", "bot"),
        ("I won't sue anyone over a sock", "denied"),
        ("no need to call the manager", "denied"),
        ("my landlord is furious", "others"),
    ],
)
def test_a_kind_of_phrase_is_noticed(text, signal):
    assert seen(text)[f"says_{signal}"] == 1.0
    assert seen("where is my order")[f"says_{signal}"] == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "smoke came out of the charger",
        "I had an allergic reaction",
        "my son choked on a part",
        "Je me suis blessé avec la lampe",
        "I will hurt somebody",
        "I'm thinking about ending it",
    ],
)
def test_danger_has_a_floor(text):
    assert floor_of(text) == "safety"


@pytest.mark.parametrize(
    "text",
    [
        "is the lamp safe for a child's room",
        "does the human rights shirt come in blue",
        "your sale is on fire, haha",
        "where is the emergency exit of your store",
        "I nearly died laughing at your newsletter",
        "I've swallowed a lot of dust on that trail",
        "I want a refund",
        "",
    ],
)
def test_ordinary_words_have_none(text):
    assert floor_of(text) == ""


@given(st.text(max_size=200))
def test_phrases_found_apart_are_those_found_together(text):
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["signal"]
    together = {row["id"]: re.compile("|".join(row["patterns"]), re.M) for row in rows}
    for example in (text, f"{text} agent", "Human please!", "is this :) a joke?!"):
        lower = example.lower()
        found = {signal.id: signal.stands_in(lower) for signal in signals()}
        assert found == {name: bool(pattern.search(lower)) for name, pattern in together.items()}


def test_only_danger_and_threats_have_a_floor():
    assert {signal.id for signal in signals() if signal.floor} == {"safety", "threat"}


@given(st.text(max_size=300), st.floats(-1, 1), st.lists(st.floats(-1, 1), max_size=30))
def test_every_text_has_the_same_bounded_numbers(text, sentiment, trail):
    row = seen(text, sentiment=sentiment, trail=trail)
    assert tuple(row) == feature_names()
    assert all(-2.0 <= value <= 2.0 for value in row.values())


def test_a_mood_that_lasts_is_counted_from_the_end():
    assert seen("x", sentiment=-0.8, trail=(-0.9, -0.7))["unhappy_in_a_row"] == 1.0
    assert seen("x", sentiment=-0.8, trail=(-0.9, 0.1))["unhappy_in_a_row"] == pytest.approx(1 / 3)
    assert seen("x", sentiment=0.4, trail=(-0.9, -0.9))["unhappy_in_a_row"] == 0.0


def test_a_mood_just_above_the_line_counts_for_nearly_as_much_as_one_below_it():
    below = seen("x", sentiment=-0.8, trail=(0.5, -0.9, -0.7))
    assert (below["unhappy_twice"], below["unhappy_thrice"]) == (1.0, 1.0)
    above = seen("x", sentiment=-0.27, trail=(-0.9, -0.15))
    assert above["unhappy_in_a_row"] == 0.0
    assert above["unhappy_twice"] == pytest.approx(0.9 * 0.5)
    assert above["unhappy_thrice"] == pytest.approx(0.9 * 0.5)
    first = seen("x", sentiment=-0.8)
    assert (first["unhappy_twice"], first["unhappy_thrice"]) == (0.0, 0.0)
    assert seen("x", sentiment=-0.8, trail=(0.1, -0.9))["unhappy_thrice"] == 0.0


def test_what_is_at_stake_is_measured_against_the_usual_order():
    # ten times the usual order is 1, the usual one or less 0, on a log scale
    assert seen("my order over €1,000 is lost", usual_value=100.0)["worth"] == pytest.approx(1.0)
    assert seen("my order over 90 euros is lost", usual_value=100.0)["worth"] == 0.0
    assert seen("it is lost", usual_value=100.0, order_value=1000.0)["worth"] == pytest.approx(1.0)
    assert seen("my order over €1,000 is lost")["worth"] == 0.0
    assert seen("it costs 90,000 yen", usual_value=100.0)["worth"] == 0.0


def test_shouting_is_capitals_or_many_marks():
    assert shouted("WHERE IS MY PARCEL")
    assert shouted("where is it!!!")
    assert not shouted("Where is LF-204817?")
    assert not shouted("OK")
