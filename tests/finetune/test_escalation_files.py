"""A company's own labelled conversations: JSONL rows and tickets."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from finetune.defaults import fit_head
from finetune.escalation import fit_escalation
from finetune.escalation_files import read_conversations, read_unlabelled, ticket_conversations
from finetune.escalation_splits import with_splits
from finetune.examples import Labelled, Splits
from finetune.vectors import VectorCache
from rapport.classifiers import Classifier
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, UserError
from rapport.records import Ticket, TicketMessage

AT = datetime(2026, 5, 1, tzinfo=UTC)


def write(path, *rows) -> object:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_row_gives_its_message_with_what_was_said_before(tmp_path):
    row = {
        "text": "I asked you twice!", "label": "escalate", "reason": "repeated failure", "order_value": 250,
        "conversation": [
            {"role": "customer", "text": "where is it"}, {"role": "agent", "text": "Which order?", "did": "asked"},
            {"role": "user", "text": "where is it??"}, {"role": "assistant", "text": "On its way."},
        ],
    }  # fmt: skip
    (talk,) = read_conversations(write(tmp_path / "rows.jsonl", row, ""), split="dev", usual_value=100.0)
    assert [(said.text, said.level, said.did) for said in talk.said] == [
        ("where is it", None, "asked"), ("where is it??", None, "answered"),
        ("I asked you twice!", "escalate", "answered"),
    ]  # fmt: skip
    assert talk.said[-1].reason == "repeated"
    assert (talk.split, talk.order_value, talk.usual_value) == ("dev", 250.0, 100.0)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{nonsense", "not valid JSON"),
        ("[1]", "a JSON list, not an object"),
        ({"text": "x", "label": "shout"}, "'shout' is none of answer, offer, escalate"),
        ({"text": " ", "label": "answer"}, "line 2 of rows.jsonl: a text is missing"),
        ({"label": "answer"}, "line 2 of rows.jsonl: a text is missing"),
        ({"text": "x", "label": "answer", "reason": "anger"}, "does not fit the label answer"),
        ({"text": "x", "label": "offer", "reason": "boredom"}, "'boredom' does not fit"),
        ({"text": "x", "label": "offer", "reason": ["anger"]}, "does not fit"),
        ({"text": "x", "label": "answer", "lable": "y"}, "'lable' is not known"),
        ({"text": "x", "label": "answer", "split": "later"}, "'later' is none of train, dev, test"),
        ({"text": "x", "label": "answer", "order_value": -1}, "no sum of money"),
        ({"text": "x", "label": "answer", "order_value": "much"}, "no sum of money"),
        ({"text": "x", "label": "answer", "conversation": "hi"}, "no list of turns"),
        ({"text": "x", "label": "answer", "conversation": [{"role": "cat", "text": "x"}]}, "'cat' is not known"),
        ({"text": "x", "label": "answer", "conversation": [{"role": ["user"]}]}, "is not known"),
        ({"text": "x", "label": "answer", "conversation": [{"role": "agent", "did": "slept"}]}, "'slept' is none of"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line(tmp_path, row, words):
    path = write(tmp_path / "rows.jsonl", {"text": "fine", "label": "answer"}, row)
    with pytest.raises(BadRow, match="line 2") as caught:
        read_conversations(path)
    assert words in str(caught.value)


def test_a_file_without_rows_or_without_text_is_refused(tmp_path):
    with pytest.raises(UserError, match="is empty"):
        read_conversations(write(tmp_path / "empty.jsonl", ""))
    with pytest.raises(BadRow, match="no rows"):
        read_conversations(write(tmp_path / "header.csv", "text,label"))
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-16"):
        read_conversations(tmp_path / "binary.jsonl")
    with pytest.raises(UserError, match="cannot be read"):
        read_conversations(tmp_path / "absent.jsonl")


def test_csv_gives_the_same_conversations_as_json_lines(tmp_path):
    rows = [
        {"text": "where is it, please", "label": "answer", "split": "train", "order_value": 12.5},
        {"text": "my lawyer will write", "label": "escalate", "reason": "legal", "split": "dev", "language": "en"},
    ]
    table = write(
        tmp_path / "rows.csv", "text,label,reason,split,order_value,language",
        '"where is it, please",answer,,train,12.5,', "my lawyer will write,escalate,legal,dev,,en",
    )  # fmt: skip
    assert read_conversations(table) == read_conversations(write(tmp_path / "rows.jsonl", *rows))


def test_other_column_names_are_mapped_and_a_missing_one_names_the_nearest(tmp_path):
    table = write(tmp_path / "rows.csv", "message,labels", "where is it,answer")
    (talk,) = read_conversations(table, mapping={"text": "message", "label": "labels"})
    assert talk.said[0].text == "where is it"
    with pytest.raises(UserError, match="no column 'label'") as caught:
        read_conversations(table, mapping={"text": "message"})
    assert "--map label=labels" in caught.value.hint
    with pytest.raises(UserError, match="--map mood"):
        read_conversations(table, mapping={"mood": "labels"})


def test_rows_without_labels_are_read_with_what_was_said_before_and_whatever_else_they_hold(tmp_path):
    row = {"text": "hello??", "topic": "x", "conversation": [{"role": "customer", "text": "hello"}], "split": "?"}
    (talk,) = read_unlabelled(write(tmp_path / "rows.jsonl", row))
    assert [(said.text, said.level) for said in talk.said] == [("hello", None), ("hello??", "answer")]
    with pytest.raises(BadRow, match="line 2"):
        read_unlabelled(write(tmp_path / "rows.jsonl", row, {"text": ""}))


def ticket(escalated: str, *messages: tuple[str, str, bool], id: str = "1") -> Ticket:
    return Ticket(
        source="t", source_id=id, labels={"escalated": escalated, "language": "de"},
        messages=tuple(
            TicketMessage(role=role, text=text, at=AT, private=private) for role, text, private in messages
        ),
    )  # fmt: skip


def test_a_ticket_escalates_at_the_last_message_before_the_staffs_note():
    (talk,) = ticket_conversations([
        ticket("yes", ("customer", "where is it", False), ("agent", "on its way", False),
               ("customer", "you said that last week", False), ("agent", "pass to the team leader", True),
               ("customer", "hello?", False)),
    ])  # fmt: skip
    assert [(said.text, said.level) for said in talk.said] == [
        ("where is it", "answer"), ("you said that last week", "escalate"),
    ]  # fmt: skip
    assert talk.language == "de"


def test_without_a_note_the_last_message_escalates_and_without_escalation_none_does():
    messages = (("customer", "one", False), ("customer", "two", False))
    yes, no = ticket_conversations([ticket("yes", *messages), ticket("no", *messages, id="2")])
    assert [said.level for said in yes.said] == ["answer", "escalate"]
    assert [said.level for said in no.said] == ["answer", "answer"]


def test_tickets_that_do_not_say_are_left_out():
    silent = Ticket(source="t", source_id="3", messages=(TicketMessage(role="customer", text="x", at=AT),))
    assert ticket_conversations([silent, ticket("yes", ("agent", "only staff", False))]) == ()


def test_the_sample_companys_tickets_teach_a_head(sample):
    talks = ticket_conversations(sample.tickets)
    levels = Counter(said.level for talk in talks for said in talk.said)
    assert levels["escalate"] == sum(ticket.labels["escalated"] == "yes" for ticket in sample.tickets)
    vectors = VectorCache(HashingEncoder())
    moods = (Labelled("bad", "negative"), Labelled("it", "neutral"), Labelled("good", "positive"))
    sentiment = Classifier(head=fit_head("sentiment", Splits(moods * 2, moods, ()), vectors))
    head, scores = fit_escalation(with_splits(talks[::3]), vectors, sentiment=sentiment, refit=False)
    assert set(head.labels) == {"answer", "escalate"}
    assert scores["recall"] is not None
