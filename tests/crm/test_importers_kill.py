"""SIGKILL in the middle of an import, again and again: resumed, it ends like one that nobody disturbed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.store import Store
from rapport.records import RecordKind

KILLS, ROWS, BAD = 20, 12_000, 97  # every 97th row is bad
PROGRAM = """
import sys
from pathlib import Path
from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from crm.store import Store
from rapport.records import RecordKind
folder = Path(sys.argv[1])
with Store.open(f"sqlite:///{folder}/crm.sqlite3") as store:
    options = ImportOptions(format="csv", source="shop", rejects_folder=folder / "rejects", batch=100, prune=True)
    print("started", flush=True)
    report = import_file(store, RecordKind.CUSTOMERS, folder.parent / "customers.csv", options)
    print(report.resumed_at, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_killed_twenty_times_ends_like_an_undisturbed_one(tmp_path):
    write_customers(tmp_path / "customers.csv")
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    for home in (undisturbed, disturbed):
        prepare(home, tmp_path)
    started = time.monotonic()
    assert finish(start(undisturbed)) == "None"
    whole = time.monotonic() - started
    random, kept = Random(11), 0
    for _ in range(KILLS):
        process = start(disturbed)
        time.sleep(random.uniform(0, whole / 12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        now = len(content(disturbed))
        assert now >= kept, "what was kept is lost"
        kept = now
    assert kept > 0
    assert finish(start(disturbed)) != ""
    assert content(disturbed) == content(undisturbed)
    assert rejected(disturbed) == rejected(undisturbed) != []
    assert announced(disturbed) == announced(undisturbed)


def write_customers(path: Path) -> None:
    lines = [f"c{n},{'' if n % BAD == 0 else f'Name {n}'},n{n}@x.org,{n:05}\n" for n in range(ROWS)]
    path.write_text("id,name,email,postcode\n" + "".join(lines).replace(",,n", ",,broken n"))


def prepare(home: Path, files: Path) -> None:
    """A customer from an older export, which the import must remove."""
    home.mkdir()
    old = files / "old.csv"
    old.write_text("id,name\ngone,Old\n")
    with Store.open(f"sqlite:///{home}/crm.sqlite3") as store:
        import_file(store, RecordKind.CUSTOMERS, old, ImportOptions(format="csv", source="shop"))


def start(home: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout.readline() == "started\n"
    return process


def finish(process: subprocess.Popen) -> str:
    said, _ = process.communicate()
    assert process.returncode == 0
    return said.strip()


def content(home: Path) -> dict[str, str]:
    with Store.open(f"sqlite:///{home}/crm.sqlite3") as store:
        return {one.key: repr(one) for one in store.iterate(RecordKind.CUSTOMERS)}


def rejected(home: Path) -> list[str]:
    (file,) = (home / "rejects").iterdir()
    return file.read_text().splitlines()


def announced(home: Path) -> list[tuple[str, str]]:
    with Store.open(f"sqlite:///{home}/crm.sqlite3") as store:
        return sorted((one.key, one.op) for one in store.changes_since(0, limit=10 * ROWS))
