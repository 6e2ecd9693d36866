"""Records are changed in place, and labels given here outlive an import that knows none."""

import threading
from dataclasses import replace

import pytest

from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.store import Counts
from rapport.errors import BadRow
from rapport.records import RecordKind, Ticket, TicketMessage

TICKET = Ticket(
    source="desk", source_id="1", messages=(TicketMessage(role="customer", text="hi"),), labels={"sentiment": "neutral"}
)


def labelled(record, intent="greeting"):
    return replace(record, labels={**record.labels, "intent": intent})


def test_an_edit_changes_the_record_and_appends_to_the_changes(any_store):
    any_store.upsert([TICKET])
    assert any_store.edit(RecordKind.TICKETS, ["desk:1", "desk:absent"], labelled) == ["desk:1"]
    assert any_store.get(RecordKind.TICKETS, "desk:1") == labelled(TICKET)
    assert any_store.version(RecordKind.TICKETS, "desk:1") == 2
    assert [change.key for change in any_store.changes_since(1)] == ["desk:1"]
    assert list(any_store.ticket_labels()) == [{"sentiment": "neutral", "intent": "greeting"}]


def test_an_edit_that_changes_nothing_writes_nothing(any_store):
    any_store.upsert([TICKET])
    assert any_store.edit(RecordKind.TICKETS, ["desk:1"], lambda record: record) == []
    assert any_store.edit(RecordKind.TICKETS, ["desk:1"], lambda record: None) == []
    assert any_store.last_change() == 1


def test_an_edit_that_cannot_be_kept_changes_none_of_its_records(any_store):
    any_store.upsert([TICKET, replace(TICKET, source_id="2")])
    with pytest.raises(BadRow, match="NUL"):
        any_store.edit(
            RecordKind.TICKETS,
            ["desk:1", "desk:2"],
            lambda one: labelled(one, "x\x00" if one.source_id == "2" else "x"),
        )
    assert all("intent" not in labels for labels in any_store.ticket_labels())


def test_edits_at_the_same_time_lose_nothing(any_store):
    any_store.upsert([replace(TICKET, labels={"n": "0"})])

    def count(record):
        return replace(record, labels={"n": str(int(record.labels["n"]) + 1)})

    def many():
        for _ in range(10):
            any_store.edit(RecordKind.TICKETS, ["desk:1"], count)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(any_store.ticket_labels()) == [{"n": "40"}]


@pytest.fixture
def import_again(store, tmp_path):
    path = tmp_path / "tickets.csv"

    def run(rows: str) -> Counts:
        path.write_text(rows, encoding="utf-8")
        report = import_file(store, RecordKind.TICKETS, path, ImportOptions(format="csv", source="desk"))
        assert report.rejected == 0
        return Counts(report.added, report.changed, report.unchanged)

    return run


def test_an_intent_given_here_outlives_the_next_import(store, import_again):
    rows = "id,text,status\n1,hi,open\n2,bye,open\n"
    import_again(rows)
    store.edit(RecordKind.TICKETS, ["desk:1"], labelled)
    assert import_again(rows) == Counts(0, 0, 2)
    assert import_again(rows.replace("hi,open", "hi,closed")) == Counts(0, 1, 1)
    kept = store.get(RecordKind.TICKETS, "desk:1")
    assert (kept.status, kept.labels["intent"]) == ("closed", "greeting")


def test_an_intent_that_the_source_gives_wins(store, import_again):
    import_again("id,text\n1,hi\n")
    store.edit(RecordKind.TICKETS, ["desk:1"], labelled)
    assert import_again("id,text,intent\n1,hi,welcome\n") == Counts(0, 1, 0)
    assert store.get(RecordKind.TICKETS, "desk:1").labels["intent"] == "welcome"
