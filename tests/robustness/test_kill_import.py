"""kill -9 of `rapport import` and `rapport index update`: run again, they end where an undisturbed run ends."""

import json
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from crm.store import Store
from eval.speed_import import write_files
from rapport.records import RecordKind
from ui.cli import run

KILLS = 20
RECORDS = 20_000
KINDS = (RecordKind.CUSTOMERS, RecordKind.PRODUCTS, RecordKind.ORDERS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_killed_twenty_times_ends_like_an_undisturbed_one(home, tmp_path, start):
    """Customers and products first, so that the kills fall into the orders with their lines."""
    files, other = tmp_path / "files", tmp_path / "other"
    files.mkdir()
    write_files(files, RECORDS)
    for place in (home.root, other):
        Path(place).mkdir(exist_ok=True)
        Store.open(f"sqlite:///{place}/crm.sqlite3").close()
        for kind in KINDS[:2]:
            assert wait(start(*importing(kind, files, place))) == 0
    started = time.monotonic()
    assert wait(start(*importing(KINDS[2], files, other))) == 0
    whole = time.monotonic() - started
    expected = content(other)
    random, seen = Random(3), {}
    for _ in range(KILLS):
        kill_within(start(*importing(KINDS[2], files, home.root)), random.uniform(0.2, 1.0) * whole)
        kept = content(home.root)
        assert kept.items() <= expected.items(), "an order without its lines, or one that was never in the file"
        assert seen.items() <= kept.items(), "an order that was kept is gone"
        seen = kept
    assert wait(start(*importing(KINDS[2], files, home.root))) == 0
    assert content(home.root) == expected
    with Store.open(f"sqlite:///{home.database_file}") as store:
        changed = [change.key for change in changes(store) if change.kind == RecordKind.ORDERS]
    assert sorted(changed) == sorted(expected), "each order is announced to the index once"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_index_update_killed_twenty_times_still_answers_and_ends_whole(own_sample_home, start, capsys):
    home, random = own_sample_home, Random(4)
    address = ["--home", str(home.root), "--json"]
    for kill in range(KILLS):
        with Store.open(f"sqlite:///{home.database_file}") as store:
            store.upsert([changed_article(store, kill)])
        kill_within(start("-m", "ui.cli", "index", "update", *address), random.uniform(0.5, 6.0))
        assert run(["index", "info", *address]) == 0
        assert json.loads(capsys.readouterr().out)["behind"] in range(kill + 2)
    assert wait(start("-m", "ui.cli", "index", "update", *address)) == 0
    assert run(["index", "info", *address]) == 0
    assert json.loads(capsys.readouterr().out)["behind"] == 0
    for kill in (0, KILLS - 1):
        assert run(["index", "search", f"{word_of(kill)} voucher", *address]) == 0
        hits = json.loads(capsys.readouterr().out)["hits"]
        assert any(word_of(kill) in hit["text"] for hit in hits)
    left = [path.name for path in home.indexes.iterdir() if path.name.endswith((".new", ".old"))]
    assert left == [], "what killed updates left is swept away"


def importing(kind: RecordKind, files: Path, place: Path) -> list[str]:
    return ["-m", "ui.cli", "import", kind.value, str(files / f"{kind.value}.csv"), "--home", str(place), "--json"]


def wait(process: subprocess.Popen) -> int:
    process.stdout.read()
    return process.wait()


def kill_within(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def content(place: Path) -> dict[str, str]:
    """Every order as the store gives it, by its key."""
    with Store.open(f"sqlite:///{place}/crm.sqlite3") as store:
        return {order.key: repr(order) for order in store.iterate(RecordKind.ORDERS)}


def changes(store: Store) -> list:
    found, after = [], 0
    while batch := store.changes_since(after, limit=5000):
        found += batch
        after = batch[-1].seq
    return found


def word_of(kill: int) -> str:
    return f"zanzibar{chr(97 + kill)}"


def changed_article(store: Store, kill: int):
    from dataclasses import replace

    article = next(store.iterate(RecordKind.ARTICLES))
    return replace(
        article,
        source="kill",
        source_id=f"a{kill}",
        title=f"The {word_of(kill)} voucher",
        text=f"The {word_of(kill)} voucher is worth a free delivery within the country for a year.",
        visibility="public",
    )
