"""Homes: where they are, and what happens where they cannot be."""

from pathlib import Path

import pytest

from rapport.errors import SettingsError
from rapport.paths import Home, find_home, public_data


def test_the_command_line_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "env"))
    assert find_home().root == tmp_path / "env"
    assert find_home(tmp_path / "given").root == tmp_path / "given"


def test_without_either_it_is_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("RAPPORT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert find_home().root == Path("/somewhere/rapport")


def test_a_home_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for root in (tmp_path / "file" / "home", Path("/proc/rapport")):
        with pytest.raises(SettingsError, match="RAPPORT_HOME"):
            Home(root).create()


def test_public_data_that_is_not_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("RAPPORT_PUBLIC_DATA", str(tmp_path))
    (tmp_path / "here").mkdir()
    assert public_data("here") == tmp_path / "here"
    assert public_data("gone") is None
    monkeypatch.delenv("RAPPORT_PUBLIC_DATA")
    assert public_data("here") is None


def test_a_new_home_is_for_its_owner_alone(tmp_path):
    assert Home(tmp_path / "a" / "b").create().root.stat().st_mode & 0o077 == 0
