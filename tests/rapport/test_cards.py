"""Artifacts are published whole or not at all, and damage is found."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rapport import cards
from rapport.cards import Card, publish, read_card
from rapport.errors import CorruptArtifact

CARD = Card(name="a", kind="test", base="none")


def test_a_published_artifact_reads_back_with_its_hashes(tmp_path):
    with publish(tmp_path / "a", CARD) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "x.json").write_text("{}")
    card = read_card(tmp_path / "a")
    # sha256 of the two bytes {}
    assert card.files == {"sub/x.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}
    assert card.made_at


def test_an_exception_leaves_the_old_artifact_and_no_rubbish(tmp_path):
    with publish(tmp_path / "a", CARD) as folder:
        (folder / "x").write_text("old")
    with pytest.raises(RuntimeError), publish(tmp_path / "a", CARD) as folder:
        (folder / "x").write_text("new")
        raise RuntimeError
    assert (tmp_path / "a" / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("damage", ["change", "remove", "card"])
def test_damage_is_found(tmp_path, damage):
    with publish(tmp_path / "a", CARD) as folder:
        (folder / "x").write_text("old")
    if damage == "change":
        (tmp_path / "a" / "x").write_text("odd")
    elif damage == "remove":
        (tmp_path / "a" / "x").unlink()
    else:
        (tmp_path / "a" / "card.json").write_text('{"name": 1')
    with pytest.raises(CorruptArtifact):
        read_card(tmp_path / "a")


def test_two_readers_that_put_an_old_artifact_back_at_once_both_read_it(tmp_path, monkeypatch):
    with publish(tmp_path / "a", CARD) as folder:
        (folder / "x").write_text("old")
    (tmp_path / "a").rename(tmp_path / ".a.old")  # as a kill between the two renames leaves it
    rename = Path.rename

    def late(self, target):
        rename(self, target)  # the other reader
        return rename(self, target)

    monkeypatch.setattr(cards, "SWAP_SECONDS", 0)
    monkeypatch.setattr(Path, "rename", late)
    assert read_card(tmp_path / "a").name == "a"


def test_every_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    synced, fsync = set(), os.fsync

    def noting(descriptor):
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    with publish(tmp_path / "a", CARD) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "x").write_text("1")
    assert {path.stat().st_ino for path in (tmp_path, tmp_path / "a", *(tmp_path / "a").rglob("*"))} <= synced


PUBLISHER = """
import sys
from pathlib import Path
from rapport.cards import Card, publish
number = 0
while True:
    number += 1
    with publish(Path(sys.argv[1]), Card(name="a", kind="test", base="none", data={"number": number})) as folder:
        for name in "xyz":
            (folder / name).write_text(str(number))
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_one_whole_artifact(tmp_path):
    for attempt in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(tmp_path / "a")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.003 * attempt)  # a moment to be killed at, not a wait for something
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = int(([1, *process.stdout.read().split()])[-1])
        process.wait()
        process.stdout.close()
        card = read_card(tmp_path / "a")
        texts = {(tmp_path / "a" / name).read_text() for name in "xyz"}
        assert texts == {str(card.data["number"])}
        assert card.data["number"] >= acknowledged
