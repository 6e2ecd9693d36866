"""`rapport import` at the door: options, output, exit codes."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from crm.store import Store
from rapport.records import RecordKind
from ui.cli import run

KEYS = [
    "kind", "source", "rows", "added", "changed", "unchanged", "removed", "rejected", "rejects_file", "seconds",
    "resumed_at",
]  # fmt: skip
SHOP = {
    "products": {"p": {"name": "Cup", "product_id": "p", "variants": {
        "v": {"item_id": "v", "options": {"color": "red"}, "available": True, "price": 5}}}},
    "users": {"u": {"user_id": "u", "name": {"first_name": "Ann", "last_name": "Li"}, "address": {"zip": "1"},
                    "email": "a@x.org", "payment_methods": {}}},
    "orders": {"#W1": {"order_id": "#W1", "user_id": "u", "address": {}, "status": "pending", "fulfillments": [],
                       "payment_history": [], "items": [{"name": "Cup", "item_id": "v", "price": 5, "options": {}}]}},
}  # fmt: skip


@pytest.fixture
def importing(home, blank_database, tmp_path, capsys):
    """Run the verb on a file given by its text; returns exit code, JSON and standard error."""
    shutil.copy(blank_database, home.database_file)

    def verb(kind, text, *words, name="rows.csv"):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        code = run(["import", kind, str(path), "--home", str(home.root), *words])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if "--json" in words else captured.out, captured.err

    return verb


def stored(home, kind):
    with Store.open(f"sqlite:///{home.database_file}") as store:
        return {record.key: record for record in store.iterate(RecordKind(kind))}


def test_the_report_is_json_with_these_names(importing, home):
    code, report, err = importing("customers", "id,name\n1,Ann\n", "--json")
    assert (code, err) == (0, "")
    assert list(report) == KEYS
    assert (report["kind"], report["source"], report["added"], report["rejects_file"]) == (
        "customers",
        "company",
        1,
        None,
    )
    assert list(stored(home, "customers")) == ["company:1"]


def test_a_person_reads_one_line(importing):
    code, out, _ = importing("customers", "id,name\n1,Ann\n")
    assert code == 0
    assert out.startswith("customers from company: 1 added (1 rows in ")


def test_some_rejected_rows_are_a_warning_and_nothing_but_rejected_rows_a_failure(importing):
    code, report, err = importing("customers", "id,name\n1,Ann\n2,\n", "--json")
    assert (code, report["rejected"]) == (0, 1)
    assert "1 rejected, the first: line 3" in err
    assert report["rejects_file"] in err
    code, report, _ = importing("customers", "id,name\n3,\n", "--json")
    assert (code, report["rejected"], report["added"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("custmers", (), "Did you mean customers?"),
        ("customers", ("--format", "xls"), "there is no format 'xls'"),
        ("customers", ("--map", "name"), "is not FIELD=COLUMN"),
        ("customers", ("--map", "naem=x"), "Did you mean 'name'?"),
        ("customers", ("--source", "a:b"), "cannot name a source"),
        ("customers", ("--timezone", "Nowhere"), "no time zone 'Nowhere'"),
        ("orders", (), "no column 'order_id' or 'number'; the file has 'orde': use --map"),
        ("all", (), "needs the format tau2"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_right(importing, kind, words, said):
    code, out, err = importing(kind, "orde,name,status,customer\n1,Ann,x,1\n", *words, "--json")
    assert code == 2
    assert said in out["error"]["message"] + out["error"]["hint"]
    assert said in err


def test_a_file_of_uncertain_format_is_asked_for(importing):
    code, _, err = importing("customers", "id,name\n", name="rows.data")
    assert code == 2
    assert "--format csv|jsonl|markdown|html|tau2" in err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv.gz", b"\x1f\x8b\x08", "is a gzip file"),
        ("rows.xlsx", b"PK\x03\x04", "is a spreadsheet or zip file"),
        ("rows.json", b'[{"id": "1"}]', "is one JSON array"),
    ],
)
def test_a_file_that_holds_no_rows_is_called_what_it_is(importing, home, tmp_path, capsys, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert run(["import", "customers", str(tmp_path / name), "--home", str(home.root)]) == 2
    assert said in capsys.readouterr().err


def test_a_home_that_does_not_exist_is_told(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("id,name\n")
    assert run(["import", "customers", str(path), "--home", str(tmp_path / "no")]) == 2
    assert "rapport init" in capsys.readouterr().err


def test_a_date_format_that_no_date_fits_is_refused_before_a_row_is_read(importing, home):
    code, _, err = importing("customers", "id,name,created_at\n7,Ann,01.07.2024\n", "--date-format", "dd.mm.yyyy")
    assert code == 2
    assert "%d.%m.%Y" in err
    assert not stored(home, "customers")


def test_an_article_that_is_rejected_is_told_by_its_file(importing, home, tmp_path, capsys):
    (tmp_path / "help").mkdir()
    (tmp_path / "help" / "empty.md").write_text("# Only a title\n")
    assert run(["import", "articles", str(tmp_path / "help"), "--home", str(home.root)]) == 1
    assert "empty.md: the article has no text" in capsys.readouterr().err


def test_columns_dates_and_zones_are_mapped(importing, home):
    text = "Kunde;Firma;seit\n7;Ann;01.07.2024 12:00\n"
    words = ("--map", "customer_id=Kunde", "--map", "name=Firma", "--map", "created_at=seit", "--timezone",
             "Europe/Berlin", "--date-format", "%d.%m.%Y %H:%M", "--source", "erp")  # fmt: skip
    assert importing("customers", text, *words)[0] == 0
    made = stored(home, "customers")["erp:7"]
    assert (made.name, made.created_at.isoformat()) == ("Ann", "2024-07-01T10:00:00+00:00")


def test_orders_of_one_source_find_customers_of_another(importing, home):
    importing("customers", "id,name\n1,Ann\n", "--source", "crm")
    orders = "order,customer,status\nA,1,open\n"
    assert importing("orders", orders, "--source", "web", "--json", name="o.csv")[0] == 1
    assert importing("orders", orders, "--source", "web", "--references", "crm", name="o.csv")[0] == 0
    assert stored(home, "orders")["web:A"].customer_id == "crm:1"


def test_prune_removes_what_is_not_in_the_file(importing, home):
    importing("customers", "id,name\n1,Ann\n2,Bo\n")
    code, report, _ = importing("customers", "id,name\n1,Ann\n", "--prune", "--json")
    assert (code, report["removed"]) == (0, 1)
    assert list(stored(home, "customers")) == ["company:1"]


def test_an_import_that_is_stopped_by_hand_says_how_to_go_on(importing, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("crm.importers.run.import_file", stopped)
    code, _, err = importing("customers", "id,name\n1,Ann\n")
    assert code == 130
    assert "the same command goes on" in err


def test_a_folder_of_articles_prunes_unless_told_not_to(importing, home, tmp_path):
    folder = tmp_path / "help"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.md").write_text(f"# {name}\ntext")
    importing("articles", None, name="help")
    (folder / "a.md").unlink()
    assert importing("articles", None, "--no-prune", "--json", name="help")[1]["removed"] == 0
    assert importing("articles", None, "--json", name="help")[1]["removed"] == 1
    assert list(stored(home, "articles")) == ["help:b"]


def test_all_of_a_tau2_shop_is_imported_at_once_with_the_folder_as_source(importing, home, tmp_path):
    shop = tmp_path / "retail"
    shop.mkdir()
    (shop / "db.json").write_text(json.dumps(SHOP))
    (shop / "policy.md").write_text("# Policy\n## Return an order\nSend it back.\n")
    code, reports, _ = importing("all", None, "--json", name="retail")
    assert code == 0
    assert [(one["kind"], one["source"], one["added"]) for one in reports] == [
        ("customers", "retail", 1), ("products", "retail", 1), ("orders", "retail", 1), ("articles", "retail", 1),
    ]  # fmt: skip
    assert list(stored(home, "orders")) == ["retail:#W1"]
    assert importing("orders", None, "--json", name="retail/db.json")[1]["unchanged"] == 1


@pytest.mark.slow
def test_the_bar_is_on_standard_error_and_json_alone_on_standard_output(home, tmp_path):
    Store.open(f"sqlite:///{home.database_file}").close()
    path = tmp_path / "rows.csv"
    path.write_text("id,name\n" + "".join(f"{n},x\n" for n in range(2000)))
    words = ["-m", "ui.cli", "import", "customers", str(path), "--home", str(home.root)]
    shown = {**os.environ, "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}
    plain = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, env=shown)
    assert "customers" in plain.stderr
    assert "rows" in plain.stderr
    assert plain.stdout.startswith("customers from company: 2,000 added")
    quiet = subprocess.run([sys.executable, *words, "--json"], capture_output=True, text=True, check=True)
    assert (json.loads(quiet.stdout)["unchanged"], quiet.stderr) == (2000, "")
