"""The server's own key, and who a site's token vouches for."""

import os
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from rapport.errors import SettingsError
from rapport.records import Customer
from rapport.settings import Settings, VerifySettings
from ui.auth import KEY_FILE, Unauthorized, server_key, verified_viewer

SECRET = "s" * 32


def test_servers_that_start_at_once_use_one_key_that_only_its_owner_reads(home):
    keys, ready = [], threading.Barrier(8)

    def start():
        ready.wait()
        keys.append(server_key(home))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert stat.S_IMODE((home.root / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_could_not_be_written_whole_is_not_there(home, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SettingsError, match="No space left"):
            server_key(home)
    assert not list(home.root.glob(f"*{KEY_FILE}*.new"))
    assert len(server_key(home)) == 64


def test_a_file_that_holds_no_key_is_named(home):
    (home.root / KEY_FILE).write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="does not hold a key"):
        server_key(home)


def test_a_token_whose_subject_fits_several_customers_tells_none_of_their_keys(store):
    for source in ("shop", "market"):
        store.upsert([Customer(source=source, source_id="7", name="Ada", email="ada@example.com")])
    settings = replace(Settings(), verify=VerifySettings(secret=SECRET))
    claims = {"sub": "ada@example.com", "exp": datetime.now(UTC) + timedelta(minutes=5)}
    with pytest.raises(Unauthorized) as refused:
        verified_viewer(settings, store, jwt.encode(claims, SECRET, algorithm="HS256"))
    assert "shop" not in str(refused.value)
    one = jwt.encode({**claims, "sub": "shop:7"}, SECRET, algorithm="HS256")
    assert verified_viewer(settings, store, one).owner == "shop:7"
