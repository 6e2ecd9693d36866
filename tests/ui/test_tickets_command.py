"""`rapport tickets`: its JSON, its exit codes and its tables, on an encoder that needs no model."""

import json

import pytest

from crm.store import Store
from rapport.doubles import HashingEncoder
from rapport.records import RecordKind, Ticket, TicketMessage
from ui.cli import run

VERBS = ("cluster", "clusters", "accept", "merge", "rename", "reject", "label-next", "label", "export")


@pytest.fixture(autouse=True)
def _no_model(monkeypatch):
    monkeypatch.setattr("rapport.models.load_encoder", lambda settings: HashingEncoder())


@pytest.fixture
def tickets(home, planted):
    """A home with 96 unlabelled tickets; each holds what a terminal could take for markup."""
    rows = [f"{text} [/red]" for text, _ in planted()]
    with Store.open(f"sqlite:///{home.database_file}") as store:
        store.upsert(
            [
                Ticket(source="desk", source_id=f"{number}", messages=(TicketMessage(role="customer", text=text),))
                for number, text in enumerate(rows)
            ]
        )
    return home


def result(capsys, *arguments: str, code: int = 0):
    assert run(["tickets", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_from_clusters_to_an_export(tickets, capsys, tmp_path):
    report = result(capsys, "cluster")
    assert (report["source"], report["texts"], report["fitted_on"]) == ("tickets", 96, 96)
    one, other, third, *_ = report["clusters"]
    assert {"id", "name", "size", "state", "keywords", "examples", "edge"} == set(one)
    assert result(capsys, "accept", one["id"], "--name", "ours")["changed"] == one["size"]
    assert result(capsys, "accept", "ours")["changed"] == 0
    assert (
        result(capsys, "merge", other["id"], third["name"], "--name", "both")["size"] == other["size"] + third["size"]
    )
    assert result(capsys, "rename", "both", "the_two")["name"] == "the_two"
    assert result(capsys, "accept", "the_two")["changed"] == other["size"] + third["size"]
    assert result(capsys, "reject", "ours")["changed"] == one["size"]
    states = {shown["name"]: shown["state"] for shown in result(capsys, "clusters")["clusters"]}
    assert (states["ours"], states["the_two"]) == ("rejected", "accepted")
    report = result(capsys, "export", "--out", str(tmp_path / "out.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert report["rows"] == len(rows) == other["size"] + third["size"]
    assert report["unlabelled"] == 96 - len(rows)
    assert {frozenset(row) for row in rows} == {frozenset({"text", "label"})}


def test_a_ticket_is_labelled_and_the_next_ones_are_others(tickets, capsys):
    shown = result(capsys, "label-next", "--count", "5")
    assert (shown["unlabelled"], shown["compared"]) == (96, 96)
    assert shown["tickets"][0]["intent"] is None
    first = shown["tickets"][0]["ticket"]
    assert result(capsys, "label", first, "gift_card") == {"ticket": first, "intent": "gift_card", "before": None}
    assert result(capsys, "label", first, "gift_cards")["before"] == "gift_card"
    again = result(capsys, "label-next", "--count", "95")
    assert again["unlabelled"] == 95
    assert first not in {one["ticket"] for one in again["tickets"]}


def test_a_new_intent_that_looks_like_a_known_one_is_pointed_out(tickets, capsys):
    result(capsys, "label", "desk:1", "gift_card")
    assert run(["tickets", "label", "desk:2", "gift_crad"]) == 0
    assert "there is 'gift_card' already" in capsys.readouterr().err
    run(["tickets", "label", "desk:2", "gift_card"])
    assert capsys.readouterr().err == ""


def test_people_see_tables_in_which_text_is_text(tickets, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert run(["tickets", "cluster"]) == 0
    shown = capsys.readouterr().out
    assert "unclustered" in shown
    assert "[/red]" in shown
    assert run(["tickets", "label-next"]) == 0
    assert "[/red]" in capsys.readouterr().out
    assert run(["tickets", "accept", "c1"]) == 0
    assert "c1 " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["accept", "c1"], "no clusters have been proposed"),
        (["cluster", "--out", "x.jsonl"], "--out goes with --from-file"),
        (["cluster", "--from-file", "absent.jsonl"], "absent.jsonl cannot be read"),
        (["export", "--out", "."], "cannot be written"),
        (["export", "--out", "x.jsonl"], "no ticket has an intent"),
        (["label", "nobody", "x"], "there is no ticket 'nobody'"),
        (["label", "desk:1", " "], "cannot be the name of an intent"),
    ],
)
def test_wrong_use_ends_with_2_and_a_reason(tickets, capsys, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in result(capsys, *arguments, code=2)["error"]["message"]


def test_a_home_without_tickets_is_told(home, store, capsys):
    assert "none of 0 tickets" in result(capsys, "cluster", code=2)["error"]["message"]
    assert "no ticket" in result(capsys, "label-next", code=2)["error"]["message"]


def test_a_home_that_was_never_made_says_what_to_run(capsys):
    assert "rapport init" in result(capsys, "cluster", code=2)["error"]["hint"]


def test_a_file_is_grouped_into_labelled_rows(home, planted, capsys, tmp_path):
    source, out = tmp_path / "texts.csv", tmp_path / "out.jsonl"
    source.write_text("text\n" + "\n".join(text for text, _ in planted()), encoding="utf-8")
    report = result(capsys, "cluster", "--from-file", str(source), "--out", str(out))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 96 - report["unclustered"]
    assert {row["label"] for row in rows} == {one["name"] for one in report["clusters"]}
    assert result(capsys, "reject", "c1")["out"] == str(out)
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(rows) - report["clusters"][0]["size"]


def test_decisions_are_written_down_without_any_text(tickets, capsys):
    cluster = result(capsys, "cluster")["clusters"][0]
    result(capsys, "accept", cluster["id"])
    with Store.open(f"sqlite:///{tickets.database_file}") as store:
        (entry,) = store.audits()
        assert (entry.action, entry.subject) == ("tickets.accept", cluster["name"])
        assert entry.details == {"cluster": "c1", "tickets": cluster["size"]}
        assert store.count(RecordKind.TICKETS) == 96


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    assert run(["tickets", verb, "--help"]) == 0
    assert "--json" in capsys.readouterr().out
