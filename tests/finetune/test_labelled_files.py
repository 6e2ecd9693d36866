"""Reading labelled texts: every kind of bad row is counted and the good ones are kept."""

import json

import pytest

from finetune.labelled_files import read_labelled, read_texts
from rapport.errors import BadRow, UserError


def jsonl(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def test_json_lines_and_csv_give_the_same_rows(tmp_path):
    rows = [{"text": 'where is "it"?', "label": "order_status"}, {"text": "refund, please", "label": "refund"}]
    table = tmp_path / "rows.csv"
    table.write_text('text,label\n"where is ""it""?",order_status\n"refund, please",refund\n', encoding="utf-8")
    assert read_labelled(jsonl(tmp_path / "rows.jsonl", rows)).rows == read_labelled(table).rows
    assert [row.text for row in read_labelled(table).rows] == ['where is "it"?', "refund, please"]


def test_a_quote_that_never_closes_costs_its_own_row_alone(tmp_path):
    table = tmp_path / "rows.csv"
    lines = [f"where is {number},status" for number in range(30)]
    table.write_text("\n".join(["text,label", *lines[:9], '"where is it,status', *lines[9:]]), encoding="utf-8")
    found = read_labelled(table)
    assert [row.text for row in found.rows] == [line.removesuffix(",status") for line in lines]
    assert found.problems == {"rows that cannot be read": 1}
    assert "line 11: not valid CSV" in found.notes[0]


def test_quotes_around_a_part_of_a_text_are_no_fault(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text('text,label\n"Great" service,praise\nso "fast",praise\n"two\nlines",praise\n', encoding="utf-8")
    assert [row.text for row in read_labelled(table).rows] == ["Great service", 'so "fast"', "two\nlines"]


def test_other_column_names_are_mapped(tmp_path):
    file = jsonl(tmp_path / "rows.jsonl", [{"utterance": "hello", "intent": "greeting"}])
    found = read_labelled(file, mapping={"text": "utterance", "label": "intent"})
    assert [(row.text, row.label) for row in found.rows] == [("hello", "greeting")]


def test_the_conversation_of_a_row_is_read_where_the_file_tells_it(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,label,conversation\nhello,greeting,7\nwhere is it,status,\n", encoding="utf-8")
    assert [row.group for row in read_labelled(table).rows] == ["7", ""]
    table.write_text("text,label,chat\nhello,greeting,7\n", encoding="utf-8")
    assert [row.group for row in read_labelled(table).rows] == [""]
    assert [row.group for row in read_labelled(table, mapping={"conversation": "chat"}).rows] == ["7"]
    with pytest.raises(UserError, match="no column 'talk'"):
        read_labelled(table, mapping={"conversation": "talk"})


def test_a_missing_column_names_the_nearest_one(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,labels\nhello,greeting\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column 'label'") as caught:
        read_labelled(table)
    assert "--map label=labels" in caught.value.hint


def test_an_unknown_field_in_the_mapping_is_refused(tmp_path):
    with pytest.raises(UserError, match="--map lable"):
        read_labelled(jsonl(tmp_path / "a.jsonl", [{"text": "a", "label": "b"}]), mapping={"lable": "x"})


def test_rows_without_text_or_label_are_counted_with_their_line(tmp_path):
    rows = [{"text": "  ", "label": "a"}, {"text": "hello", "label": ""}, {"text": "bye", "label": "goodbye"}]
    found = read_labelled(jsonl(tmp_path / "rows.jsonl", rows))
    assert [row.text for row in found.rows] == ["bye"]
    assert found.problems == {"rows without a text": 1, "rows without a label": 1}
    assert "line 1" in found.notes[0]
    assert "line 2" in found.notes[1]


def test_repeated_texts_stay_and_are_counted_and_so_are_their_different_labels(tmp_path):
    rows = [{"text": "where is it", "label": label} for label in ("status", "refund", "status")]
    found = read_labelled(jsonl(tmp_path / "rows.jsonl", rows))
    assert [row.label for row in found.rows] == ["status", "refund", "status"]
    assert found.problems == {"repeated texts": 2, "texts with different labels": 1}
    assert "status (2), refund (1)" in next(note for note in found.notes if "different" in note)


def test_labels_that_differ_in_spelling_alone_are_told_and_stay_apart(tmp_path):
    labels = ("order_status", "order_status", "Order Status", "order-status", "OOS", "refund")
    rows = [{"text": f"message {number}", "label": label} for number, label in enumerate(labels)]
    found = read_labelled(jsonl(tmp_path / "rows.jsonl", rows))
    assert [row.label for row in found.rows] == list(labels)
    assert list(found.problems.values()) == [3]
    assert found.notes == (
        "3 rows whose label differs from another in case, spaces or hyphens alone "
        "(first on line 3: 'Order Status' is another label than 'order_status')",
    )


def test_only_oos_itself_marks_messages_out_of_scope(tmp_path):
    rows = [{"text": text, "label": label} for text, label in (("a", "OOS"), ("b", "OOS"), ("c", "refund"))]
    (note,) = read_labelled(jsonl(tmp_path / "rows.jsonl", rows)).notes
    assert "line 1: 'OOS' is another label than 'oos'" in note


def test_a_list_where_a_label_belongs_is_no_label(tmp_path):
    rows = [{"text": "a", "label": ["x", "y"]}, {"text": "b", "label": "x"}]
    found = read_labelled(jsonl(tmp_path / "rows.jsonl", rows))
    assert [row.text for row in found.rows] == ["b"]
    assert "'label' holds a list" in found.notes[0]


@pytest.mark.parametrize("content", ['[{"text": "a", "label": "b"}]', '[\n  {"text": "a", "label": "b"}\n]\n'])
@pytest.mark.parametrize("name", ["rows.json", "rows.csv"])
def test_a_json_array_says_how_to_make_it_lines(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="one JSON array") as caught:
        read_labelled(tmp_path / name)
    assert f"jq -c '.[]' {name}" in caught.value.hint


def test_a_folder_is_called_one(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        read_labelled(tmp_path)


def test_the_line_that_spreadsheets_write_for_each_other_names_the_separator(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("\ufeffsep=;\r\ntext;label\r\nhello, you;greeting\r\n;refund\r\n", encoding="utf-8")
    found = read_labelled(table)
    assert [(row.text, row.label) for row in found.rows] == [("hello, you", "greeting")]
    assert "line 4" in found.notes[0]


def test_two_columns_of_one_name_are_refused(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,text,label\na,b,c\n", encoding="utf-8")
    with pytest.raises(UserError, match="more than one column 'text'"):
        read_labelled(table)


def test_a_wrongly_mapped_column_is_told_with_its_field(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("Message,label\nhello,greeting\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column 'Massage'") as caught:
        read_labelled(table, mapping={"text": "Massage"})
    assert "--map text=Message" in caught.value.hint


def test_broken_lines_do_not_cost_the_others(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"text": "a", "label": "x"}\n{"text": \n[1]\n\xff\xfe\n{"text": "b", "label": "y"}\n')
    found = read_labelled(file)
    assert [row.text for row in found.rows] == ["a", "b"]
    assert found.problems == {"rows that cannot be read": 3}


def test_a_row_with_too_many_cells_says_to_quote(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,label\nwell, hello,greeting\nbye,goodbye\n", encoding="utf-8")
    found = read_labelled(table)
    assert len(found.rows) == 1
    assert "quote a text that holds ','" in found.notes[0]


def test_a_file_without_a_usable_row_is_refused(tmp_path):
    with pytest.raises(BadRow, match="no usable row"):
        read_labelled(jsonl(tmp_path / "rows.jsonl", [{"text": "", "label": "a"}]))


def test_a_label_of_two_hundred_characters_is_kept_and_a_longer_one_is_not(tmp_path):
    rows = [{"text": "a", "label": "x" * 200}, {"text": "b", "label": "x" * 201}]
    found = read_labelled(jsonl(tmp_path / "rows.jsonl", rows))
    assert [len(row.label) for row in found.rows] == [200]
    assert found.problems == {"labels of more than 200 characters": 1}


def test_texts_to_predict_keep_their_order_and_their_gaps(tmp_path):
    rows = [{"text": "b", "id": 1}, {"text": ""}, {"text": "a"}]
    assert read_texts(jsonl(tmp_path / "rows.jsonl", rows)) == ["b", "", "a"]


def test_a_broken_row_to_predict_is_an_error_with_its_line(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "a"}\n{"text"\n', encoding="utf-8")
    with pytest.raises(BadRow, match="line 2"):
        read_texts(file)


def test_the_hint_for_a_missing_column_is_the_verbs_own(tmp_path):
    file = jsonl(tmp_path / "rows.jsonl", [{"texts": "a"}])
    with pytest.raises(UserError) as caught:
        read_texts(file)
    assert caught.value.hint == "Rename the column, or say which one it is: --column texts"
