"""The driver: again, resumed, pruned, with rejects, within bounded memory."""

import json
import tracemalloc
from pathlib import Path

import pytest

from crm.importers import run as driver
from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.importers.seen import Seen
from crm.store import Store
from rapport.errors import UserError
from rapport.records import RecordKind

CUSTOMERS, ORDERS, EVENTS = RecordKind.CUSTOMERS, RecordKind.ORDERS, RecordKind.EVENTS


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


@pytest.fixture
def load(store, home, tmp_path):
    """Import rows given as text or lines of cells."""

    def run(kind, text, *, name="file.csv", progress=None, **given):
        path = tmp_path / name
        path.write_text(text)
        form = "jsonl" if name.endswith("jsonl") else "csv"
        options = ImportOptions(format=form, source="shop", rejects_folder=home.rejects, **given)
        return import_file(store, kind, path, options, progress=progress)

    return run


def customers(count, start=0):
    return "id,name\n" + "".join(f"c{n},Name {n}\n" for n in range(start, start + count))


def rejects(report):
    return [json.loads(line) for line in Path(report.rejects_file).read_text().splitlines()]


def stop_after(batches):
    """Progress that kills the import after so many batches."""
    left = iter(range(batches))

    def tell(_):
        if next(left, None) is None:
            raise Killed

    return tell


def interrupted(load, kind, text, *, batches, **given):
    with pytest.raises(Killed):
        load(kind, text, progress=stop_after(batches), batch=10, **given)


def test_importing_the_same_file_again_changes_nothing(load, store):
    assert load(CUSTOMERS, customers(25)).added == 25
    before = store.last_change()
    again = load(CUSTOMERS, customers(25))
    assert (again.rows, again.added, again.changed, again.unchanged, again.resumed_at) == (25, 0, 0, 25, None)
    assert store.last_change() == before


def test_a_changed_row_changes_its_record_alone(load):
    load(CUSTOMERS, customers(5))
    report = load(CUSTOMERS, customers(5).replace("Name 3", "Other"))
    assert (report.changed, report.unchanged) == (1, 4)


def test_an_interrupted_import_goes_on_where_it_stopped_and_says_so(load, store):
    interrupted(load, CUSTOMERS, customers(50), batches=2)
    assert store.count(CUSTOMERS) == 20
    report = load(CUSTOMERS, customers(50))
    assert (report.rows, report.added, report.resumed_at) == (30, 30, 22)
    assert "continued at line 22" in report.notes[0]
    assert store.count(CUSTOMERS) == 50
    assert load(CUSTOMERS, customers(50)).resumed_at is None


def test_an_interrupted_import_of_another_content_mapping_or_source_starts_anew(load, store):
    interrupted(load, CUSTOMERS, customers(50), batches=2)
    assert load(CUSTOMERS, customers(51)).resumed_at is None
    interrupted(load, CUSTOMERS, customers(50), batches=2)
    assert load(CUSTOMERS, customers(50), mapping={"email": ""}).resumed_at is None


def test_an_import_in_between_makes_the_interrupted_one_start_anew(load, store):
    interrupted(load, CUSTOMERS, customers(50), batches=3)
    load(CUSTOMERS, customers(5, start=100), name="other.csv", prune=True)
    assert store.count(CUSTOMERS) == 5
    report = load(CUSTOMERS, customers(50))
    assert (report.added, report.resumed_at) == (50, None)


def test_a_resumed_import_keeps_all_its_rejects_in_one_file_each_once(load, store, home):
    bad = {5, 15, 18, 26, 44}
    text = "id,name\n" + "".join(f"c{n},{'' if n in bad else n}\n" for n in range(50))
    interrupted(load, CUSTOMERS, text, batches=2)
    assert [path.name[0] for path in home.rejects.iterdir()] == ["."]
    report = load(CUSTOMERS, text)
    assert [entry["line"] for entry in rejects(report)] == sorted(line + 2 for line in bad)
    assert report.rejected == len(bad)
    assert list(home.rejects.iterdir()) == [Path(report.rejects_file)]


def test_an_import_killed_before_its_last_step_still_removes_what_vanished(load, store, monkeypatch):
    load(CUSTOMERS, customers(30))

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(driver._Run, "prune", killed)
        with pytest.raises(Killed):
            load(CUSTOMERS, customers(20), batch=10, prune=True)
    report = load(CUSTOMERS, customers(20), batch=10, prune=True)
    assert (report.rows, report.removed, store.count(CUSTOMERS)) == (0, 10, 20)
    assert "its end" in report.notes[0]


def test_bad_rows_are_set_aside_with_line_reason_and_row(load, home):
    report = load(CUSTOMERS, "id,name\nc1,Ann\nc2,\n,Bo\nc1,Cy\nc4,Di,x\n")
    assert (report.rows, report.added, report.rejected) == (5, 1, 4)
    assert report.first_reason.startswith("line 3: the customer has neither")
    assert [(entry["line"], entry["row"]) for entry in rejects(report)] == [
        (3, {"id": "c2", "name": ""}),
        (4, {"id": "", "name": "Bo"}),
        (5, {"id": "c1", "name": "Cy"}),
        (6, "c4,Di,x\n"),
    ]
    assert "'c1' comes twice; line 2 was kept" in rejects(report)[2]["reason"]
    assert Path(report.rejects_file).parent == home.rejects
    assert Path(report.rejects_file).stat().st_mode & 0o077 == 0, "nobody else reads personal data"


def test_rows_with_bytes_that_are_not_unicode_reach_the_rejects_file(load, store, tmp_path, home):
    path = tmp_path / "file.csv"
    path.write_bytes(b"id,name\nc1,Ren\xe9\nc2,Bo\n")
    options = ImportOptions(format="csv", source="a/b: c", rejects_folder=home.rejects)
    report = import_file(store, CUSTOMERS, path, options)
    assert rejects(report)[0]["row"] == "c1,Ren\\xe9\n"
    assert Path(report.rejects_file).name.startswith("a_b__c-customers-20")


def test_a_reference_to_nobody_is_rejected_with_what_to_import_first(load):
    load(CUSTOMERS, customers(1))
    report = load(ORDERS, "order,customer,status,sku,product\nA,c0,open,,\nB,c9,open,,\nC,c0,open,s1,Cup\n")
    assert report.added == 1
    first, second = (entry["reason"] for entry in rejects(report))
    assert "shop:c9" in first
    assert "import customers first" in first
    assert "import products first" in second


def test_a_record_that_the_store_refuses_costs_only_itself(load, store, monkeypatch):
    load(CUSTOMERS, customers(2))
    monkeypatch.setattr(Store, "missing_references", lambda *_: {})
    report = load(ORDERS, "order,customer,status\nA,c0,open\nB,c9,open\nC,c1,open\n")
    assert (report.added, report.rejected) == (2, 1)
    assert load(ORDERS, "order,customer,status\nA,c0,open\nB,c9,open\nC,c1,open\n").resumed_at is None


def test_rows_of_an_order_that_do_not_stand_together_are_told(load):
    load(CUSTOMERS, customers(1))
    report = load(ORDERS, "order,customer,status,item\nA,c0,open,x\nA,c0,open,y\nB,c0,open,z\nA,c0,open,w\n")
    assert (report.added, report.rejected) == (2, 1)
    assert "'A' was complete at line 2 and comes again here" in rejects(report)[0]["reason"]


def test_equal_events_without_an_id_are_counted_and_stay_the_same_ones(load, store):
    load(CUSTOMERS, customers(1))
    text = "customer,event,at\n" + "c0,login,2024-01-01T10:00Z\n" * 3 + "c0,login,2024-01-02T10:00Z\n"
    assert load(EVENTS, text).added == 4
    again = load(EVENTS, text + "c0,logout,2024-01-03T10:00Z\n")
    assert (again.added, again.unchanged, store.count(EVENTS)) == (1, 4, 5)


def test_a_file_removes_nothing_unless_asked_and_then_only_of_its_source_and_kind(load, store, home, tmp_path):
    load(CUSTOMERS, customers(5))
    other = tmp_path / "other.csv"
    other.write_text(customers(3))
    import_file(store, CUSTOMERS, other, ImportOptions(format="csv", source="other"))
    assert load(CUSTOMERS, customers(2)).removed == 0
    assert load(CUSTOMERS, customers(2), prune=True).removed == 3
    assert sorted(store.keys(CUSTOMERS)) == ["other:c0", "other:c1", "other:c2", "shop:c0", "shop:c1"]


def test_a_rejected_row_with_an_id_is_not_taken_for_vanished_and_one_without_blocks_the_removal(load, store):
    load(CUSTOMERS, customers(4))
    report = load(CUSTOMERS, "id,name\nc0,Ann\nc1,\n", prune=True)
    assert (report.removed, sorted(store.keys(CUSTOMERS))) == (2, ["shop:c0", "shop:c1"])
    report = load(CUSTOMERS, "id,name\nc0,Ann\n,x\n", prune=True)
    assert report.removed == 0
    assert "1 rows had no readable id" in report.notes[0]
    assert "no record" in load(CUSTOMERS, "id,name\n", prune=True).notes[0]
    assert store.count(CUSTOMERS) == 2


def test_a_removed_record_that_comes_back_is_added(load, store):
    load(CUSTOMERS, customers(2))
    load(CUSTOMERS, customers(1), prune=True)
    assert load(CUSTOMERS, customers(2)).added == 1


def test_tickets_from_nested_json_lines_are_kept(load, store):
    load(CUSTOMERS, customers(1))
    lines = [{"id": n, "requester": "c0", "messages": [{"from": "customer", "body": "hi"}]} for n in range(3)]
    report = load(RecordKind.TICKETS, "\n".join(map(json.dumps, lines)), name="tickets.jsonl")
    assert report.added == 3
    assert store.get(RecordKind.TICKETS, "shop:0").messages[0].text == "hi"


def test_progress_tells_position_total_rows_and_rejects(load):
    told = []
    load(CUSTOMERS, customers(35) + "x,\n", progress=told.append, batch=10)
    assert [now.rows for now in told] == [0, 10, 20, 30, 36]
    assert (told[-1].position, told[-1].rejected) == (told[-1].total, 1)


@pytest.mark.parametrize(("form", "said"), [("csv", "is a folder"), ("markdown", "no .md"), ("tau2", "db.json")])
def test_a_path_that_does_not_go_with_the_format_is_refused(store, tmp_path, form, said):
    with pytest.raises(UserError, match=said):
        import_file(store, CUSTOMERS if form != "markdown" else RecordKind.ARTICLES, tmp_path,
                    ImportOptions(format=form, source="x"))  # fmt: skip


def test_ids_are_remembered_outside_of_memory():
    with Seen() as seen:
        tracemalloc.start()
        for number in range(30_000):
            assert seen.claim(f"an-id-of-some-length-{number}", number) is None
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen.claim("an-id-of-some-length-7", 9) == 7
        assert peak < 1_000_000


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(load):
    def peak(count: int, start: int) -> int:
        text = customers(count, start)
        tracemalloc.start()
        load(CUSTOMERS, text, name=f"{count}-{start}.csv", batch=100)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # the least of three: other threads of this process allocate, too
    few, many = (min(peak(count, start + count) for start in (0, 10_000, 20_000)) for count in (500, 2_500))
    assert many < 1.5 * few + 200_000
