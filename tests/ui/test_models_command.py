"""`rapport models`: reply models are listed, compared, let through the gate or turned away, and rolled back."""

import json
from datetime import UTC, datetime

import pytest

from rapport.records import Ticket, TicketMessage
from rapport.registry import current, history
from ui.cli import run

pytestmark = pytest.mark.slow
SYSTEM = "status: shipped\nasked: status\nsay: status, items\nmay say: order number"


@pytest.fixture
def rows(tmp_path):
    """Held-out conversations: half of them with facts."""
    path = tmp_path / "rows.jsonl"
    sent = ("It is {status}: {items}.", "You are welcome.")
    lines = [
        {"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"Question {number}?"},
                      {"role": "assistant", "content": sent[number % 2]}]}
        for number in range(8)
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return str(path)


def ticket(number: int) -> Ticket:
    """A question and a reply that states no value, a day later than the one before."""
    at = datetime(2026, 3, 1 + number, tzinfo=UTC)
    words = ("tents", "ropes", "stoves", "mats", "boots")
    asked = f"Do you repair {words[number % 5]} of the {chr(97 + number) * 6} kind?"
    said = (
        TicketMessage(role="customer", text=asked, at=at),
        TicketMessage(
            role="agent", text=f"We do repair {words[number % 5]}, the {chr(97 + number) * 9} ones too.", at=at
        ),
    )
    return Ticket(source="desk", source_id=f"T{number:02d}", messages=said, created_at=at)


@pytest.fixture
def shop(home, monkeypatch, tiny_chat, publish_reply, tmp_path):
    """A home with two reply models that answer alike and one that does not; no starter is shipped."""
    monkeypatch.setenv("RAPPORT_HOME", str(home.root))
    monkeypatch.setattr("rapport.bases.STARTER_FOLDER", tmp_path / "nothing")
    monkeypatch.setattr("eval.reply_scores.TOKENS", 24)  # random weights never end a reply
    for name in ("first", "same"):
        publish_reply(home, name, tiny_chat("llama"))
    publish_reply(home, "other", tiny_chat("llama", intermediate_size=48))
    return home


def result(capsys, *arguments: str, code: int = 0):
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def kept(home) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(home.runs.glob("*-gate-*/gate.json"))]


def test_the_first_reply_model_has_nothing_to_be_compared_with_and_needs_a_word(shop, rows, capsys):
    error = result(capsys, "models", "use", "first", "--data", rows, code=2)["error"]
    assert "--without-gate" in error["hint"]
    assert current(shop, "reply") is None
    assert result(capsys, "models", "use", "first", "--without-gate")["in_use"] == "first"
    assert [(one["gate"], one["put_to_use"]) for one in kept(shop)] == [("not asked", True)]
    assert result(capsys, "models", "rollback", "reply")["in_use"] is None


def test_a_model_as_good_passes_the_gate_and_a_rollback_goes_back(shop, rows, capsys):
    assert run(["models", "use", "first", "--without-gate"]) == 0
    capsys.readouterr()
    assert result(capsys, "models", "use", "same", "--data", rows, "--margin", "0.7")["before"] == "first"
    (said,) = [one for one in kept(shop) if one["candidate"] == "same"]
    assert (said["gate"], said["in_use"], said["judgement"]["plan"]["right"]) == ("passed", "first", 0.7)
    assert history(shop, "reply") == ("first", "same")
    assert [row["name"] for row in result(capsys, "models", "list") if row["in_use"]] == ["same"]
    assert result(capsys, "models", "rollback", "reply")["in_use"] == "first"


def test_too_few_cases_turn_a_model_away_and_the_reasons_are_kept(shop, rows, capsys):
    assert run(["models", "use", "first", "--without-gate"]) == 0
    capsys.readouterr()
    error = result(capsys, "models", "use", "other", "--data", rows, code=2)["error"]
    assert error["code"] == "Refused"
    assert "right cannot be told from 4 cases; about 72 would do" in error["message"]
    assert "--without-gate" in error["hint"]
    assert current(shop, "reply") == "first"
    (said,) = [one for one in kept(shop) if one["candidate"] == "other"]
    assert (said["gate"], said["put_to_use"]) == ("refused", False)


def test_without_conversations_there_is_no_gate_to_pass(shop, store, capsys):
    assert run(["models", "use", "first", "--without-gate"]) == 0
    capsys.readouterr()
    error = result(capsys, "models", "use", "other", code=2)["error"]
    assert "no ticket of this home has a reply" in error["message"]
    assert "--data" in error["hint"]
    assert "no file" in result(capsys, "models", "use", "other", "--data", "nowhere.jsonl", code=2)["error"]["message"]


def test_without_data_the_latest_replies_of_the_tickets_are_compared_on(shop, store, capsys):
    store.upsert([ticket(number) for number in range(20)])
    said = result(capsys, "models", "compare", "other", "--with", "first", code=1)
    assert said["rows"] == said["cases"] == 4
    assert {example["case"].partition(" ")[0] for example in said["examples"]} <= {
        f"ticket:desk:T{number:02d}" for number in range(14, 20)
    }


def test_a_comparison_shows_both_columns_the_change_and_what_the_gate_says(shop, rows, capsys):
    said = result(capsys, "models", "compare", "other", "--with", "first", "--data", rows, code=1)
    assert (said["candidate"], said["in_use"], said["cases"], said["passed"]) == ("other", "first", 8, False)
    assert set(said["figures"]) == {"right", "grounded", "rule_breaks", "similarity", "length", "ms_p95"}
    length = said["figures"]["length"]
    assert length["change"]["value"] == pytest.approx(
        length["candidate"]["value"] / length["in_use"]["value"], abs=1e-3
    )
    assert run(["models", "compare", "other", "--with", "first", "--data", rows]) == 1
    shown = capsys.readouterr().out
    assert "8 of 8 held-out conversations" in shown
    assert "the gate turns other away" in shown
    assert run(["models", "compare", "same", "--with", "first", "--data", rows, "--margin", "0.7"]) == 0
    assert "the gate lets same through" in capsys.readouterr().out


def test_a_model_whose_base_is_gone_is_listed_with_what_is_wrong(shop, publish_reply, tmp_path, capsys):
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    publish_reply(shop, "small", tmp_path / "adapter", base="gone")
    publish_reply(shop, "fine", tmp_path / "adapter", base="first")
    troubles = {row["name"]: row["trouble"] for row in result(capsys, "models", "list")}
    assert {name for name, trouble in troubles.items() if trouble} == {"small"}
    assert run(["models", "list"]) == 0
    assert "stands on 'gone', which is not there" in " ".join(capsys.readouterr().out.split())


def test_a_margin_that_is_no_share_is_wrong_use(shop, rows, capsys):
    more = ("--with", "first", "--data", rows, "--margin", "1.5")
    assert "share" in result(capsys, "models", "compare", "other", *more, code=2)["error"]["hint"]


def test_classifiers_are_compared_by_their_cards_or_on_the_same_rows(own_sample_home, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RAPPORT_HOME", str(own_sample_home.root))
    path = tmp_path / "rows.csv"
    path.write_text(
        "text,label\n" + "".join(
            f"{text},{label}\n" for number in range(8) for text, label in
            ((f"where is my parcel {number}", "order_status"), (f"refund my money {number}", "refund_status"))
        )
    )  # fmt: skip
    assert run(["train", "intent", "--data", str(path), "--name", "small", "--method", "head"]) == 0
    capsys.readouterr()
    cards = result(capsys, "models", "compare", "small")
    assert len(cards["figures"]["accuracy"]) == 2
    measured = result(capsys, "models", "compare", "small", "--data", str(path))
    assert measured["rows"] == 16
    low, high = measured["change"]["accuracy"][1:]
    assert low <= measured["figures"]["accuracy"][0] - measured["figures"]["accuracy"][1] <= high
    assert run(["models", "compare", "small"]) == 0
    assert "rows of its own" in capsys.readouterr().out
    assert (
        "gate is for reply" in result(capsys, "models", "use", "small", "--margin", "0.1", code=2)["error"]["message"]
    )
    name = current(own_sample_home, "escalation")
    assert "rapport eval escalation" in result(
        capsys, "models", "compare", name, "--data", str(path), code=2
    )["error"]["hint"]  # fmt: skip
