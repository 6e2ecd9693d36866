"""What is read to be labelled: first messages of tickets, and files of texts."""

import pytest

from finetune.openings import first_message, openings, texts_of_file
from finetune.ticket_labels import intents_of, label_ticket, set_intent
from rapport.errors import BadRow, NotFound, UserError
from rapport.records import Ticket, TicketMessage


def test_the_first_message_is_the_customers_own_and_masked(store, make_ticket):
    silent = Ticket(source="desk", source_id="X", messages=(TicketMessage(role="agent", text="Hello?"),))
    store.upsert([make_ticket(1, "Where is W-12345?"), make_ticket(2, "hi", intent="greeting"), silent])
    found = [(one.id, one.text, one.label) for one in openings(store)]
    assert found == [("desk:T0001", "Where is #12345?", ""), ("desk:T0002", "hi", "greeting")]
    assert first_message(silent) == ""


def test_a_ticket_is_labelled_by_its_key_or_its_own_id(store, make_ticket):
    store.upsert([make_ticket(1, "hi", sentiment="neutral")])
    assert label_ticket(store, "T0001", "greeting") == ("desk:T0001", "")
    assert label_ticket(store, "desk:T0001", "goodbye") == ("desk:T0001", "greeting")
    assert next(openings(store)).label == "goodbye"
    assert intents_of(store) == {"goodbye": 1}
    with pytest.raises(NotFound, match="T9"):
        label_ticket(store, "T9", "greeting")


def test_an_id_of_two_sources_is_not_guessed(store, make_ticket):
    store.upsert([make_ticket(1, "hi"), Ticket(source="mail", source_id="T0001")])
    with pytest.raises(UserError, match=r"desk:T0001, mail:T0001"):
        label_ticket(store, "T0001", "greeting")


def test_only_tickets_with_the_expected_intent_change(store, make_ticket):
    store.upsert([make_ticket(1, "a"), make_ticket(2, "b", intent="kept", sentiment="negative")])
    keys = ["desk:T0001", "desk:T0002", "desk:absent"]
    assert set_intent(store, keys, "new") == ["desk:T0001"]
    assert set_intent(store, keys, "", instead_of="kept") == ["desk:T0002"]
    assert [one.label for one in openings(store)] == ["new", ""]


def test_texts_are_read_from_json_lines_and_csv(tmp_path):
    lines, table = tmp_path / "a.jsonl", tmp_path / "a.csv"
    lines.write_text('\ufeff{"text": "one", "label": "x"}\n\n{"text": "  "}\n{"text": "two"}\n', encoding="utf-8")
    table.write_text('id,text\n1,"one, too"\n2,\n3,two\n', encoding="utf-8")
    assert [(one.id, one.text) for one in texts_of_file(lines)] == [("1", "one"), ("3", "two")]
    assert [(one.id, one.text) for one in texts_of_file(table)] == [("1", "one, too"), ("3", "two")]


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("a.jsonl", b'{"text": "a"}\nno json\n', BadRow, r"line 2 of a\.jsonl cannot be read: not valid JSON"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', BadRow, r"line 2 of a\.jsonl has no text in 'text'"),
        ("a.jsonl", b'{"text": ["a"]}\n', BadRow, r"line 1 of a\.jsonl has no text in 'text'"),
        ("a.jsonl", b'{"txt": "a"}\n', UserError, "it has 'txt'"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', BadRow, r"line 2 of a\.jsonl cannot be read: a JSON list"),
        ("a.csv", b"texts\na\n", UserError, "it has 'texts'"),
        ("a.csv", b"text,id\na,1\nb,2,3\n", BadRow, r"line 3 of a\.csv"),
        ("a.jsonl", b'{"text": "\xff"}\n', BadRow, "not valid UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path, name, content, error, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        list(texts_of_file(tmp_path / name))


def test_a_missing_file_or_label_is_told(tmp_path):
    with pytest.raises(UserError, match="absent"):
        list(texts_of_file(tmp_path / "absent.jsonl"))
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(UserError, match="'label'") as caught:
        list(texts_of_file(tmp_path / "a.jsonl", label="label"))
    assert caught.value.hint == "Rename the column."
    (tmp_path / "a.csv").write_text("text,label\nwhere is it,track\n")
    assert [one.label for one in texts_of_file(tmp_path / "a.csv", label="label")] == ["track"]
