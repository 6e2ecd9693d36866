"""A database is made, migrated or refused with words that say what to do."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import crm
from crm.store import Store
from crm.tables import SCHEMA, metadata
from rapport.errors import CorruptArtifact, DataError, SettingsError
from rapport.records import Customer, RecordKind

ANN = Customer(source="shop", source_id="c1", name="Ann Lee")


def test_a_database_keeps_its_identity_and_its_records(database_url):
    with Store.open(database_url) as store:
        id = store.store_id
        store.upsert([ANN])
    with Store.open(database_url) as again:
        assert again.store_id == id
        assert list(again.iterate(RecordKind.CUSTOMERS)) == [ANN]


def test_two_databases_have_two_identities(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/a") as one, Store.open(f"sqlite:///{tmp_path}/b") as two:
        assert one.store_id != two.store_id


def test_the_migrations_make_the_tables_that_the_code_describes(any_store):
    with any_store._database.read() as connection:
        options = {"compare_type": connection.dialect.name == "postgresql"}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_the_code_knows_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(crm.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_sqlite_is_durable_checked_and_does_not_block_readers(store):
    with store._database.read() as connection:
        pragmas = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in
                   ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")}  # fmt: skip
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 10_000}


def test_a_newer_database_is_refused(database_url):
    with Store.open(database_url) as store, store._database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DataError, match=r"newer Rapport \(schema 9999; this one knows .*Install the newer"):
        Store.open(database_url)


def test_a_database_of_somebody_else_is_refused_and_left_alone(home):
    with sqlite3.connect(home.database_file) as other:
        other.execute("CREATE TABLE recipes (name)")
    with pytest.raises(DataError, match=r"did not make \(recipes\)"):
        Store.open(f"sqlite:///{home.database_file}")
    assert sqlite3.connect(home.database_file).execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(home):
    home.database_file.write_text("dear diary, " * 100)
    with pytest.raises(DataError, match=r"is not a database. Move the file away"):
        Store.open(f"sqlite:///{home.database_file}")
    assert home.database_file.read_text().startswith("dear diary")


def test_a_damaged_database_says_so(home):
    url = f"sqlite:///{home.database_file}"
    with Store.open(url) as store:
        store.upsert([Customer(source="s", source_id=f"{n}", name="x" * 500) for n in range(500)])
    content = bytearray(home.database_file.read_bytes())
    content[4096 : len(content) - 4096] = b"\x55" * (len(content) - 2 * 4096)
    home.database_file.write_bytes(content)
    with pytest.raises(CorruptArtifact, match="damaged"), Store.open(url) as store:
        list(store.iterate(RecordKind.CUSTOMERS))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "in memory keeps nothing"),
        ("sqlite:///:memory:", "in memory keeps nothing"),
        ("mysql://host/name", "'mysql' is not a database that Rapport knows"),
        ("nonsense", "cannot be read"),
        ("sqlite:////nowhere/at/all/crm.sqlite3", "folder /nowhere/at/all does not exist"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_a_url_that_leads_nowhere_is_explained_without_the_password(url, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


def test_a_home_may_have_any_name(tmp_path):
    folder = tmp_path / "Müller & Söhne? 100% #1"
    folder.mkdir()
    with Store.open(f"sqlite:///{folder / 'crm.sqlite3'}") as store:
        store.upsert([ANN])
    assert (folder / "crm.sqlite3").stat().st_size > 0


def test_a_folder_in_the_place_of_the_file_is_explained(tmp_path):
    with pytest.raises(SettingsError, match="is a folder"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_read_only_folder_is_explained(home, tmp_path):
    with Store.open(f"sqlite:///{home.database_file}"):
        pass
    program = f"from crm.store import Store\nStore.open('sqlite:///{home.database_file}')"
    command = [sys.executable, "-c", program]
    home.root.chmod(0o555)
    home.database_file.chmod(0o444)
    try:
        if os.getuid() == 0:  # root may write anywhere: ask as somebody else
            if shutil.which("setpriv") is None:
                pytest.skip("root may write anywhere, and setpriv is not here to become somebody else")
            command = ["setpriv", "--reuid=65534", "--clear-groups", "--", *command]
            ours = [folder for folder in (tmp_path, *tmp_path.parents) if Path(tempfile.gettempdir()) in folder.parents]
            for folder in ours:
                folder.chmod(0o755)
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(crm.__file__).parents[1])
    finally:
        home.root.chmod(0o755)
    if "Permission denied" in done.stderr and "crm" not in done.stderr:
        pytest.skip("another user may not read this installation")
    assert "SettingsError" in done.stderr
    assert "cannot be written" in done.stderr
