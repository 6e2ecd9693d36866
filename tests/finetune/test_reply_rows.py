"""Training rows are read, checked and written; plans refuse what cannot be."""

import json

import pytest

from finetune.causal_plan import CausalPlan
from finetune.reply_rows import fingerprint, messages_of, read_rows, write_rows
from rapport.errors import BadRow, NotFound, SettingsError, UserError

ROW = {"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}], "at": None}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "a"}, "needs a list of messages"),
        ({"messages": [{"role": "user", "content": "a"}]}, "two or more"),
        ({"messages": [{"role": "boss", "content": "a"}, {"role": "assistant", "content": "b"}]}, "role 'boss'"),
        ({"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "b"}]}, "content"),
        ({"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]}, "last message"),
        ({"messages": [{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}]}, "no message"),
    ],
)
def test_what_is_no_conversation_that_ends_with_a_reply_is_refused(row, said):
    with pytest.raises(BadRow, match=said):
        messages_of(row)


def test_rows_are_read_as_they_were_written(tmp_path):
    write_rows(tmp_path / "rows.jsonl", [ROW, ROW])
    assert read_rows(tmp_path / "rows.jsonl") == [ROW, ROW]
    assert fingerprint([ROW]) != fingerprint([ROW, ROW])


def test_a_wrong_line_is_named_by_its_number(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n{nothing\n")
    with pytest.raises(BadRow, match=r"rows.jsonl, line 3: this is no JSON"):
        read_rows(path)
    path.write_text(json.dumps(ROW) + "\n[1, 2]\n")
    with pytest.raises(BadRow, match="line 2: a training row needs a list of messages"):
        read_rows(path)
    with pytest.raises(NotFound, match="there is no file"):
        read_rows(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("optimizer", "sgd", "optimizer 'sgd'"), ("epochs", 0, "epochs 0 is out of range"), ("rank", 0, "rank 0")],
)
def test_a_plan_that_cannot_be_is_refused(name, value, said):
    with pytest.raises(SettingsError, match=said):
        CausalPlan(**{name: value})


def test_a_row_is_one_line_whatever_line_breaks_its_words_hold(tmp_path):
    row = {"messages": [{"role": "user", "content": "one\u2028two\x85three"}, {"role": "assistant", "content": "Yes."}]}
    write_rows(tmp_path / "rows.jsonl", [row])
    assert read_rows(tmp_path / "rows.jsonl") == [row]


def test_a_folder_and_a_packed_file_are_called_so(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        read_rows(tmp_path)
    (tmp_path / "rows.jsonl.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(UserError, match="a gzip file"):
        read_rows(tmp_path / "rows.jsonl.gz")
