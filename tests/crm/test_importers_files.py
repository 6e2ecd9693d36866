"""CSV and JSON lines as they come: marks, line ends, quotes, broken rows."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.importers import csv_file, text_file
from crm.importers.csv_file import CsvReader
from crm.importers.jsonl_file import JsonlReader
from rapport.errors import UserError
from rapport.records import RecordKind

CUSTOMERS = RecordKind.CUSTOMERS
CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@pytest.fixture
def read(tmp_path):
    """(line, id or the reason why it cannot be read) of each row of a file given by its bytes."""

    def rows(content, reader=CsvReader):
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [(row.line, row.error or row.fields.get("customer_id")) for row in reader(path, CUSTOMERS, {}).rows()]

    return rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_of_the_header(read, delimiter):
    assert read(f"id{delimiter}name\n1{delimiter}Ann\n") == [(2, "1")]


def test_a_byte_order_mark_crlf_and_blank_lines_are_no_part_of_the_data(read):
    assert read(b"\xef\xbb\xbfid,name\r\n1,Ann\r\n\r\n2,Bo\r\n") == [(2, "1"), (4, "2")]


def test_a_quoted_cell_may_hold_line_ends_quotes_and_commas(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text('id,name,note\n1,"Ann ""A""\nSmith, jr", x\n2,Bo,\n')
    first, second = CsvReader(path, CUSTOMERS, {}).rows()
    assert first.fields["name"] == 'Ann "A"\nSmith, jr'
    assert (first.line, second.line) == (2, 4)


def test_a_quote_that_never_closes_costs_its_own_row_only(read):
    rows = read('id,name\n1,"Ann\n2,Bo\n3,Cy\n')
    assert [row[0] for row in rows] == [2, 3, 4]
    assert "not valid CSV" in rows[0][1]
    assert rows[1:] == [(3, "2"), (4, "3")]


def test_a_quote_that_closes_rows_later_costs_its_own_row_only(read):
    rows = read('id,name\n1,"Ann\n2,Bo\n3,"Cy"\n4,Di\n')
    assert "not valid CSV" in rows[0][1]
    assert rows[1:] == [(3, "2"), (4, "3"), (5, "4")]


def test_a_row_with_another_number_of_cells_is_told_but_commas_at_its_end_are_not(read):
    rows = read("id,name\n1,Ann,,\n2,Bo,x\n3\n")
    assert rows == [
        (2, "1"),
        (3, "the row has 3 cells, the header has 2."),
        (4, "the row has 1 cells, the header has 2."),
    ]


def test_a_line_that_is_not_utf8_is_told_with_its_byte(read):
    rows = read(b"id,name\n1,Ann\n2,Ren\xe9\n3,Cy\n")
    assert rows[0] == (2, "1")
    assert "not valid UTF-8 (0xE9 at byte 6 of line 3)" in rows[1][1]
    assert rows[2] == (4, "3")


def test_a_cell_of_a_megabyte_is_kept_whole(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text(f"id,name\n1,{'x' * 1_000_000}\n2,Bo\n")
    assert [len(row.fields["name"]) for row in CsvReader(path, CUSTOMERS, {}).rows()] == [1_000_000, 2]


def test_a_cell_and_a_line_beyond_all_measure_cost_their_own_row_only(read, monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_CELL", 1000)
    monkeypatch.setattr(text_file, "MAX_LINE", 5000)
    rows = read(f"id,name\n1,{'x' * 2000}\n2,{'x' * 12_000}\n3,Cy\n")
    assert "field larger" in rows[0][1]
    assert "longer than" in rows[1][1]
    assert rows[2] == (4, "3")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "no readable header"),
        (b"\xef\xbb\xbf", "no readable header"),
        ("id,name\n1,Ann\n".encode("utf-16"), "UTF-16.*iconv"),
        ("id,name\n1,Ann\n".encode("utf-16-le"), "looks like UTF-16"),
        ("id,name\n1,Ann\n".encode("utf-32"), "UTF-32"),
        (b"PK\x03\x04 xlsx", "spreadsheet"),
        (b"\x1f\x8b", "gzip"),
        (b"id,name\r1,Ann\r", "carriage return"),
        (b"id,Name\xe9\n1,Ann\n", "header.*not valid UTF-8"),
        (b"id,name,name\n1,Ann,Bo\n", "two columns named 'name'"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_with_what_to_do(read, content, said):
    with pytest.raises(UserError, match=said) as raised:
        read(content)
    assert raised.value.hint


def test_a_header_alone_is_a_file_without_rows(read):
    assert read("id,name\n") == []


@settings(max_examples=60)
@given(st.lists(st.tuples(CELL, CELL), max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory, rows, end, mark):
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "name"), *(("k" + a, b) for a, b in rows)])
    path = tmp_path_factory.mktemp("csv") / "file.csv"
    path.write_bytes(written.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    found = [(row.raw["id"], row.raw["name"], row.error) for row in CsvReader(path, CUSTOMERS, {}).rows()]
    assert found == [("k" + a, b, "") for a, b in rows]


@settings(max_examples=60)
@given(st.binary(max_size=120))
def test_any_bytes_between_good_csv_rows_cost_no_good_row_before_them(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "file.csv"
    path.write_bytes(b"id,name\n1,Ann\n" + junk + b"\n2,Bo\n")
    rows = whole(CsvReader, path)
    assert not rows or rows[0].fields["customer_id"] == "1"
    assert [row.end for row in rows] == sorted(row.end for row in rows)


@settings(max_examples=60)
@given(st.binary(max_size=120))
def test_any_bytes_between_good_json_lines_cost_no_good_line(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "file.jsonl"
    path.write_bytes(b'{"id": "1", "name": "Ann"}\n' + junk + b'\n{"id": "2", "name": "Bo"}\n')
    rows = whole(JsonlReader, path)
    assert not rows or [rows[0].fields["customer_id"], rows[-1].fields["customer_id"]] == ["1", "2"]


def whole(reader, path):
    """Every row, or none where the file is refused as a whole."""
    try:
        return list(reader(path, CUSTOMERS, {}).rows())
    except UserError:
        return []


def test_json_lines_are_read_with_nested_objects_as_dotted_columns(tmp_path):
    path = tmp_path / "file.jsonl"
    path.write_text(
        '{"id": 7, "name": "Ann", "address": {"city": "Bonn", "geo": {"lat": 1.5}}}\n\n{"id": "8", "name": "Bo"}\n'
    )
    first, second = JsonlReader(path, CUSTOMERS, {"city": "address.city"}).rows()
    assert (first.line, second.line) == (1, 3)
    assert dict(first.fields) == {"customer_id": 7, "name": "Ann", "city": "Bonn"}
    assert {name: float(value) for name, value in first.extras.items()} == {"address.geo.lat": 1.5}


@pytest.mark.parametrize(
    "bad", ["{", "[1]", "null", '"x"', "{'id': 1}", '{"id": NaN}', "[" * 100_000, '{"id": ' + "9" * 5000 + "}"]
)
def test_a_line_that_is_no_json_object_costs_only_itself(read, bad):
    rows = read('{"id": "1", "name": "Ann"}\n' + bad + '\n{"id": "2", "name": "Bo"}\n', JsonlReader)
    assert [rows[0], rows[2]] == [(1, "1"), (3, "2")]
    assert rows[1][1].startswith(("not valid JSON", "the line holds"))


@pytest.mark.parametrize("content", ['[{"id": 1}]', '[\n{"id": 1}\n]'])
def test_a_json_array_is_refused_with_how_to_convert_it(read, content):
    with pytest.raises(UserError, match="jq"):
        read(content, JsonlReader)


def test_a_required_name_missing_from_all_json_lines_is_told_before_anything_is_read(read):
    with pytest.raises(UserError, match="no column 'customer_id'; the file has 'custmer_id'"):
        read('{"custmer_id": 1, "name": "Ann"}\n', JsonlReader)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "name", "x", "y z"]), CELL), min_size=1, max_size=5))
def test_what_a_json_writer_wrote_is_read_back(tmp_path_factory, items):
    items = [{"id": "1", "name": "n"}, *items]
    path = tmp_path_factory.mktemp("json") / "file.jsonl"
    path.write_text("\n".join(json.dumps(item) for item in items))
    assert [row.raw for row in JsonlReader(path, CUSTOMERS, {}).rows()] == items
