"""Artifacts on disk: a folder of files with `card.json` beside them, published whole or not at all.

The files are written to a temporary folder, synced and renamed, the card last, so a kill or a power cut leaves either
the old artifact or the new one. The card says what each file must hash to. Knows nothing of what the files mean.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rapport.errors import CorruptArtifact

CARD = "card.json"
MAKE_AGAIN = "Make it again: rapport init for a model, rapport index build for an index."
SWAP_SECONDS = 0.5  # far longer than two renames take


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an artifact is.

    kind: intent, sentiment, index, and the like. base: the model or encoder that it stands on.
    data: fingerprint and row counts of what it was made from. plan: the settings of its making.
    files: name -> sha256, filled in at publication.
    """

    name: str
    kind: str
    base: str
    data: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "proprietary to the company whose records it was made from"
    made_at: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def publish(folder: Path, card: Card) -> Iterator[Path]:
    """Give a temporary folder to write into; on success it becomes `folder` with its card, replacing what was there.

    On any exception, or a kill, `folder` stays as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.new")
    temporary.mkdir()
    try:
        yield temporary
        files = {
            str(path.relative_to(temporary)): sha256_of(path) for path in sorted(temporary.rglob("*")) if path.is_file()
        }
        for path in temporary.rglob("*"):
            _sync(path)
        made = card.made_at or datetime.now(UTC).isoformat(timespec="seconds")
        content = {**asdict(card), "files": files, "made_at": made}
        card_file = temporary / CARD
        card_file.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False), encoding="utf-8")
        _sync(card_file)
        _sync(temporary)
        _swap(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def made_with(folder: Path, base: str) -> bool:
    """Whether an artifact stands in a folder and was made with this base. Hashes no files; raises as `read_card`."""
    return (folder / CARD).is_file() and read_card(folder, verify=False).base == base


def read_card(folder: Path, *, verify: bool = True) -> Card:
    """Read an artifact's card; with verify, also hash every file that it names.

    Raises CorruptArtifact where the card is missing or unreadable, or a file is missing or was changed.
    """
    recover(folder)
    try:
        card = Card(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CorruptArtifact(f"{folder} has no readable {CARD} ({error}).", hint=MAKE_AGAIN) from error
    for name, expected in card.files.items() if verify else ():
        path = folder / name
        if not path.is_file():
            raise CorruptArtifact(f"{path} is missing.", hint=MAKE_AGAIN)
        if sha256_of(path) != expected:
            raise CorruptArtifact(f"{path} was damaged or changed since it was made.", hint=MAKE_AGAIN)
    return card


def recover(folder: Path) -> None:
    """Put back the old artifact where a kill fell between its removal and the new one's arrival.

    A living writer needs microseconds for that step, so a folder that stays away was left by a dead one.
    """
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists() or not old.is_dir():
        return
    time.sleep(SWAP_SECONDS)
    if not folder.exists() and old.is_dir():
        with suppress(OSError):  # another reader was faster; where nothing is there still, the missing card is told
            old.rename(folder)


def _swap(temporary: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    temporary.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    """Return when the disk has a file's content, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
