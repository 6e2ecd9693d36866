"""Threads and processes share one database: nobody sees half a record, nobody loses a write, waiting ends in words."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

import crm
from crm.database import Database, parse_url
from crm.store import Counts, StaleTurn, Store, StoreBusy
from rapport.records import Customer, Order, OrderLine, RecordKind
from rapport.types import State, Viewer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann Lee")


def order(version: int, n: int = 0) -> Order:
    """Every line of it says the version, and there are as many as the version says."""
    lines = tuple(OrderLine(name=f"v{version}") for _ in range(1 + version % 7))
    return Order(
        source="shop", source_id=f"o{n}", number=f"W{n}", customer_id=ANN.id, status=f"v{version}", lines=lines
    )  # fmt: skip


@pytest.mark.slow
def test_no_reader_sees_half_an_order(any_store):
    any_store.upsert([ANN])
    any_store.upsert([order(0)])
    done = threading.Event()

    def write() -> None:
        for version in range(1, 60):
            any_store.upsert([order(version)])
        done.set()

    def read() -> int:
        seen = 0
        while not done.is_set():
            (found,) = any_store.orders_of(ANN.id)
            assert found == order(int(found.status[1:]))
            seen += 1
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(write).result()
        assert sum(reader.result() for reader in readers) > 0


def test_many_threads_write_and_nothing_is_lost(any_store):
    any_store.upsert([ANN])
    id = any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id

    def work(n: int) -> None:
        any_store.receive(id, f"m{n}", at=NOON, client_id=f"k{n % 8}")
        any_store.upsert([order(n, n)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(32)))
    assert len(any_store.conversation(id).messages) == 8
    assert any_store.count(RecordKind.ORDERS) == 32
    assert [change.seq for change in any_store.changes_since(0)] == list(range(1, 34))


def test_of_two_moves_from_one_state_one_wins(any_store):
    id = any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id

    def take(name: str) -> bool:
        try:
            any_store.transition(id, expected=State.BOT, to=State.HUMAN, event="assign", actor=name, at=NOON)
        except StaleTurn:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, "abcdef")) == 1
    assert len(any_store.transitions(id)) == 1


def test_the_same_records_from_two_writers_are_added_once(any_store):
    people = [Customer(source="s", source_id=f"{n}", name="x") for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        counts = sum(pool.map(lambda _: any_store.upsert(people), range(4)), Counts())
    assert counts == Counts(added=200, unchanged=600)


def test_a_writer_who_waits_too_long_is_told_so(home):
    url = f"sqlite:///{home.database_file}"
    with Store.open(url) as slow, Store.open(url, busy_timeout_ms=50) as quick, slow._database.write():
        with pytest.raises(StoreBusy, match=r"busy for 0.05 s: another program.*busy_timeout_ms"):
            quick.upsert([ANN])
        assert quick.count(RecordKind.CUSTOMERS) == 0  # readers never wait
        with ThreadPoolExecutor(1) as pool, pytest.raises(StoreBusy):
            pool.submit(quick.upsert, [ANN]).result()
    with Store.open(url) as after:
        assert after.upsert([ANN]) == Counts(added=1)


@pytest.mark.slow
def test_a_writer_who_waits_too_long_on_postgresql_is_told_so(postgres):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    with Store.open(postgres) as slow, Store.open(postgres, busy_timeout_ms=50) as quick:
        with slow._database.write_records(), pytest.raises(StoreBusy, match="busy"):
            quick.upsert([ANN])
        assert quick.upsert([ANN]) == Counts(added=1)


IMPORT = """
import sys
from crm.store import Store
from rapport.records import Customer
with Store.open(sys.argv[1]) as store:
    for batch in range(20):
        store.upsert([Customer(source="s", source_id=f"{batch}-{n}", name="x") for n in range(500)])
    print("done")
"""


@pytest.mark.slow
def test_a_server_goes_on_while_another_process_imports(home):
    url = f"sqlite:///{home.database_file}"
    with Store.open(url) as store:
        id = store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id
        command = [sys.executable, "-c", IMPORT, url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(crm.__file__).parents[1]) as process:
            sent = 0
            while process.poll() is None:
                store.receive(id, f"m{sent}", at=NOON)
                sent += 1
            assert process.stdout.read() == "done\n"
        assert len(store.conversation(id).messages) == sent > 0
        assert store.count(RecordKind.CUSTOMERS) == 10_000


def test_two_processes_may_open_a_new_database_at_once(home):
    url = f"sqlite:///{home.database_file}"
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: Store.open(url), range(4)))
    assert len({store.store_id for store in stores}) == 1
    for number, store in enumerate(stores):
        store.upsert([replace(ANN, source_id=f"{number}")])
        store.close()


def test_first_connections_that_meet_on_a_new_file_wait_for_each_other(tmp_path):
    """SQLite refuses one of two connections that turn a file to WAL at once, however long it may wait."""
    meeting = threading.Barrier(8)

    def look(database: Database) -> int:
        meeting.wait()
        with database.read() as connection:
            return connection.execute(text("SELECT 1")).scalar_one()

    with ThreadPoolExecutor(8) as pool:
        for n in range(60):
            url = parse_url(f"sqlite:///{tmp_path}/{n}.sqlite3")
            databases = [Database(url, busy_timeout_ms=10_000) for _ in range(8)]
            assert list(pool.map(look, databases)) == [1] * 8
            for database in databases:
                database.close()
