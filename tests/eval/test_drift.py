"""Planted drift is found, equal messages are steady, and a PSI is what it is by hand."""

import json
import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from eval.drift import Known, Message, compare
from eval.stability import reading_of
from finetune.defaults import fit_head
from finetune.examples import Labelled, Splits
from finetune.reference import make_reference
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.classifiers import Classifier
from rapport.doubles import HashingEncoder
from rapport.errors import IndexMismatch
from rapport.heads import OOS, save_head
from rapport.paths import public_data
from rapport.psi import psi, smoothed
from rapport.reference import add_reference
from rapport.registry import use
from rapport.types import (
    Ask,
    Decision,
    Draft,
    Identity,
    State,
    Turn,
    TurnId,
    Understanding,
    Verdict,
    Viewer,
)
from ui.cli import run

MOODS = {"negative": "awful", "neutral": "", "positive": "lovely"}
NOON = datetime(2026, 10, 10, 12, tzinfo=UTC)


def messages(texts) -> list[Message]:
    return [Message(f"t{number}", text) for number, text in enumerate(texts)]


def written(rows: list[tuple[str, str]], seed: int) -> list[tuple[str, str, str]]:
    """(text, intent, sentiment) of planted rows and of some that are out of scope; a word says the mood."""
    every = [*rows, *((f"zebra {chr(97 + number % 26)}{seed}", OOS) for number in range(len(rows) // 12))]
    moods = list(MOODS.items())
    return [
        (f"{text} {moods[place % 3][1]}".strip(), intent, moods[place % 3][0])
        for place, (text, intent) in enumerate(every)
    ]


@pytest.fixture(scope="module")
def known(planted) -> dict[str, Known]:
    """Both heads, fitted on planted texts with an encoder that needs no model."""
    vectors = VectorCache(HashingEncoder())
    parts = [written(planted(40, seed=seed), seed) for seed in (1, 2, 3)]
    found = {}
    for column, role in ((1, "intent"), (2, "sentiment")):
        train, dev, new = (tuple(Labelled(row[0], row[column]) for row in part) for part in parts)
        head = fit_head(role, Splits(train, dev, ()), vectors)
        fitted, fresh = vectors.of(train + dev), vectors.of(new)
        said = [head.predict(one.vectors, one.texts) for one in (fitted, fresh)]
        found[role] = Known(Classifier(head=head), make_reference(fitted, said[0], new=said[1]))
    return found


@pytest.fixture(scope="module")
def alike(planted) -> list[str]:
    """Texts of the same sort as those that the heads were fitted on, none of them the same."""
    return [text for text, _, _ in written(planted(60, seed=9), 9)]


def test_psi_is_as_by_hand():
    # (0.75 - 0.5) ln(0.75 / 0.5) + (0.25 - 0.5) ln(0.25 / 0.5) = 0.25 ln 1.5 + 0.25 ln 2 = 0.25 ln 3
    assert psi([0.5, 0.5], [0.75, 0.25]) == pytest.approx(0.25 * math.log(3))
    assert psi([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]) == 0.0
    with pytest.raises(ValueError, match="positive"):
        psi([0.5, 0.5], [1.0, 0.0])


def test_half_a_row_is_added_to_each_bin():
    np.testing.assert_allclose(smoothed(np.array([0, 3])), [0.5 / 4, 3.5 / 4])


@pytest.mark.parametrize(
    ("value", "chance", "reading"),
    [(0.05, 0.0, "steady"), (0.2, 0.02, "watch"), (0.3, 0.02, "drifted"), (0.3, 0.4, "steady"), (0.25, 0.1, "watch")],
)
def test_the_usual_reading_unless_chance_gives_as_much(value, chance, reading):
    assert reading_of(value, chance) == reading


def test_messages_of_the_same_sort_are_steady(known, alike):
    drift = compare(known, messages(random.Random(1).sample(alike, len(alike) // 2)), encoder=HashingEncoder())
    assert [(one.name, one.reading) for one in drift.measures] == [
        (name, "steady") for name in ("intents", "confidence", "in_scope", "sentiment", "distance", "vectors")
    ]
    assert drift.reading == "steady"
    assert drift.kernel_over_chance < 3


def test_messages_of_half_the_intents_have_drifted(known, planted):
    half = planted(40, seed=8, intents=("gift_card", "shoe_size", "invoice_tax"))
    drift = compare(known, messages(text for text, _ in half), encoder=HashingEncoder())
    intents = next(one for one in drift.measures if one.name == "intents")
    assert drift.reading == intents.reading == "drifted"
    assert intents.psi > 1
    assert (intents.reference_rows, intents.recent_rows) == (520, 120)
    assert drift.shifts[0].recent > drift.shifts[0].training


def test_messages_of_another_domain_have_drifted_and_are_shown(known, alike):
    other = [f"{one} {two}" for one in ("quantum", "bassoon", "glacier", "mitosis") for two in "stuvwxyz"]
    drift = compare(known, messages([*alike[:40], *other]), encoder=HashingEncoder())
    assert drift.reading == "drifted"
    assert {one.text for one in drift.most_different} <= set(other)
    away = [one.distance for one in drift.most_different]
    assert away == sorted(away, reverse=True)


def test_a_head_of_another_encoder_is_refused(known):
    with pytest.raises(IndexMismatch):
        compare(known, messages(["hi"] * 30), encoder=HashingEncoder(64))


@pytest.mark.slow
class TestCommand:
    """`rapport eval drift` on a home with turns."""

    @pytest.fixture
    def here(self, home, store, known, alike, monkeypatch):
        monkeypatch.setattr("rapport.models.load_encoder", lambda settings: HashingEncoder())
        for role, one in known.items():
            save_head(
                home.models / role, one.classifier.head, Card(name=role, kind=role, base=one.classifier.head.base)
            )
            use(home, role, role)
            add_reference(home.models / role, one.reference)
        for number, text in enumerate(alike[:60]):
            keep_turn(store, f"{text} ann@example.org", number)
        return home

    def run(self, capsys, *arguments: str, code: int = 0):
        assert run(["eval", "drift", *arguments, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    def test_the_messages_since_a_day_are_compared(self, here, capsys):
        report = self.run(capsys, "--since", "2026-10-10T12:30")
        assert report["recent_rows"] == 30
        assert report["models"] == {"intent": "intent", "sentiment": "sentiment"}
        assert {"psi", "chance", "reading", "reference_rows", "recent_rows"} <= set(report["measures"][0])
        assert "ann@example.org" not in json.dumps(report)
        turns = {one["turn"] for one in report["most_different"]}
        assert turns <= {f"turn-{number}" for number in range(30, 60)}

    def test_it_exits_1_only_where_it_was_asked_to(self, here, store, capsys):
        for number in range(60, 200):
            keep_turn(store, f"bassoon {number}", number)
        assert self.run(capsys, "--since", "2026-10-10")["reading"] == "drifted"
        self.run(capsys, "--since", "2026-10-10", "--fail-on", "drifted", code=1)

    def test_wrong_use_is_told(self, here, capsys):
        for arguments, said in (
            (("--since", "yesterday"), "is no date"),
            (("--since", "2026-10-11"), "there are 0 answered messages"),
            (("--since", "2026-10-10", "--fail-on", "bad"), "--fail-on bad"),
        ):
            assert said in self.run(capsys, *arguments, code=2)["error"]["message"]

    def test_a_model_made_without_a_reference_is_to_be_trained_again(self, here, known, capsys):
        head = known["intent"].classifier.head
        save_head(here.models / "intent", head, Card(name="intent", kind="intent", base=head.base))
        error = self.run(capsys, "--since", "2026-10-10", code=2)["error"]
        assert "'intent' does not say what its training data looked like" in error["message"]
        assert "rapport train intent" in error["hint"]


def keep_turn(store, text: str, minute: int) -> None:
    """Keep one message and the turn that answered it, `minute` minutes past noon."""
    at = NOON + timedelta(minutes=minute)
    talk = store.create_conversation(channel="chat", viewer=Viewer(), at=at)
    message = store.receive(talk.id, text, at=at)
    ask = Ask(text=text, query=text, intent="gift_card", confidence=0.9, in_scope=1.0)
    turn = Turn(
        id=TurnId(f"turn-{minute}"), conversation_id=talk.id, at=at, messages=(message,), hits=(), tools=(),
        understanding=Understanding(
            asks=(ask,), sentiment=0.0, escalate=0.0, escalate_reason="", language="en", entities=()
        ),
        decisions=(Decision(kind="ask", reason="", rule=""),), draft=Draft(text=""), verdict=Verdict(), reply=None,
        handover=None, state=State.BOT, identity=Identity.ANONYMOUS, context={}, ms={}, models={}, index_version="",
    )  # fmt: skip
    store.save_turn(turn, expected=State.BOT)


def test_turns_since_a_moment_are_read_evenly_and_in_order(store):
    for minute in range(20):
        keep_turn(store, f"message {minute}", minute)
    found = store.turns_since(NOON + timedelta(minutes=10), limit=100)
    assert [turn.id for turn in found] == [f"turn-{number}" for number in range(10, 20)]
    assert found[0] == store.turn(TurnId("turn-10"))
    assert [turn.id for turn in store.turns_since(NOON, limit=4)] == ["turn-0", "turn-5", "turn-10", "turn-15"]
    assert store.turns_since(NOON + timedelta(days=1), limit=4) == []


@pytest.mark.slow
def test_drift_is_told_from_chance_on_the_sample_company(home, encoder, sample):
    """Messages of held-out phrases, none of which the heads were fitted on."""
    from eval.drift import known_heads
    from finetune.defaults import fit_default_heads

    fresh = [one.text for one in sample.examples if one.split == "test"]
    chance = random.Random(3)
    chance.shuffle(fresh)
    seen = set(fresh[:430])
    fit_default_heads(home, [one for one in sample.examples if one.text not in seen], encoder=encoder)
    known = known_heads(home, encoder)

    def read(texts):
        return compare(known, messages(texts), encoder=encoder).reading

    intents = sorted({one.intent for one in sample.examples})[::2]
    assert read(fresh[:430]) == "steady"
    assert read(one.text for one in sample.examples if one.text in seen and one.intent in intents) == "drifted"
    folder = public_data("banking77")
    if folder is not None:
        lines = (folder / "fewshot_train_5.jsonl").read_text(encoding="utf-8").splitlines()[:300]
        assert read(json.loads(line)["text"] for line in lines) == "drifted"
