"""Files that cannot be imported as they are: what is good is kept, what is bad is told with line and reason."""

import json
import shutil

import pytest

from crm.store import Store
from rapport.records import RecordKind
from ui.cli import run

GOOD = "customer_id,name,email,postcode\nc1,Ada,ada@example.com,10115\nc2,Bo,bo@example.com,10117\n"


@pytest.fixture
def importing(home, blank_database, capsys, tmp_path):
    """Import a file given by its bytes; returns exit code, JSON from standard output, and standard error."""
    shutil.copy(blank_database, home.database_file)

    def load(kind, content, *words, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = run(["import", kind, str(path), "--home", str(home.root), "--json", *words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, json.loads(captured.out), captured.err

    return load


def keys(home, kind=RecordKind.CUSTOMERS):
    with Store.open(f"sqlite:///{home.database_file}") as store:
        return sorted(key.split(":", 1)[1] for key in store.keys(kind))


def rejected(home):
    """Every line of every rejects file, as text."""
    files = [path for path in home.rejects.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def test_a_missing_column_is_named_with_the_nearest_one_and_nothing_is_imported(home, importing):
    code, out, err = importing("customers", "custmer_idd,name\nc1,Ada\n")
    assert code == 2
    assert "customer_id" in out["error"]["message"]
    assert "custmer_idd" in out["error"]["message"] + out["error"]["hint"]
    assert err.startswith("rapport: ")
    assert keys(home) == []


def test_a_mapped_column_that_is_missing_is_named_with_the_nearest_one(home, importing):
    code, out, _ = importing("customers", GOOD, "--map", "name=nmae")
    assert code == 2
    assert "nmae" in out["error"]["message"]
    assert "'name'" in out["error"]["message"] + out["error"]["hint"]
    assert keys(home) == []


@pytest.mark.parametrize("bad", ["c3", "c3,Cy,cy@example.com,10119,extra,extra", ",Dee,dee@example.com,10119"])
def test_a_malformed_csv_row_is_set_aside_and_the_others_are_kept(home, importing, bad):
    importing("customers", f"{GOOD}{bad}\nc4,Eve,eve@example.com,10119\n")
    assert {"c1", "c2", "c4"} <= set(keys(home))
    assert "4" in rejected(home), "the line of the bad row"


def test_a_row_that_refers_to_nobody_is_set_aside(home, importing):
    importing("customers", GOOD)
    importing("orders", "order_id,customer_id,status\nO1,c1,shipped\nO2,c9,shipped\n", name="orders.csv")
    assert keys(home, RecordKind.ORDERS) == ["O1"]
    assert "c9" in rejected(home)


def test_malformed_json_lines_are_set_aside_and_the_others_are_kept(home, importing):
    lines = [
        '{"customer_id": "c1", "name": "Ada"}',
        '{"customer_id": "c2", "name": ',
        "[1, 2]",
        "null",
        '{"customer_id": "c3", "name": "Cy"}',
    ]
    importing("customers", "\n".join(lines), name="rows.jsonl")
    assert keys(home) == ["c1", "c3"]
    assert rejected(home).strip()


def test_bytes_that_are_not_utf8_are_told_and_no_name_is_mangled_in_silence(home, importing):
    _, out, err = importing("customers", GOOD.encode() + b"c3,Ren\xe9,rene@example.com,10119\n")
    kept = keys(home)
    told = json.dumps(out) + err + rejected(home)
    assert "utf-8" in told.lower()
    assert kept in ([], ["c1", "c2"])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\xff", b"\xef\xbb\xbf", b"%PDF-1.7 not a table"])
def test_a_file_that_is_no_table_is_refused_clearly(home, importing, content):
    code, out, _ = importing("customers", content)
    assert code in (1, 2)
    assert out["error"]["message"]
    assert keys(home) == []


def test_a_file_that_does_not_exist_is_named(home, capsys):
    Store.open(f"sqlite:///{home.database_file}").close()
    code = run(["import", "customers", "/nowhere/rows.csv", "--home", str(home.root), "--json"])
    captured = capsys.readouterr()
    assert code == 2
    assert "/nowhere/rows.csv" in captured.out + captured.err


def test_a_folder_instead_of_a_file_is_refused_clearly(home, capsys, tmp_path):
    Store.open(f"sqlite:///{home.database_file}").close()
    code = run(["import", "customers", str(tmp_path), "--format", "csv", "--home", str(home.root), "--json"])
    captured = capsys.readouterr()
    assert code in (1, 2)
    assert "Traceback" not in captured.err
    assert str(tmp_path) in captured.out


def test_what_was_there_before_a_failed_import_is_there_after_it(home, importing, digest):
    importing("customers", GOOD)
    before = digest(home.database_file)
    importing("customers", "nothing,like,this\n1,2,3\n", name="other.csv")
    assert keys(home) == ["c1", "c2"]
    assert digest(home.database_file) == before


def test_a_tau2_folder_without_its_file_is_refused_clearly(home, capsys, tmp_path):
    Store.open(f"sqlite:///{home.database_file}").close()
    (tmp_path / "shop").mkdir()
    code = run(["import", "orders", str(tmp_path / "shop"), "--format", "tau2", "--home", str(home.root), "--json"])
    captured = capsys.readouterr()
    assert code in (1, 2)
    assert "db.json" in captured.out
