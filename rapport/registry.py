"""Which artifact is in use for each role: `current.json` in the home. Knows nothing of what the artifacts do.

Switching writes a new file beside the old one, syncs it and renames it, so a kill leaves one or the other. Each
role keeps its history, so that a rollback goes back to exactly the files that were in use before.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rapport.bases import STARTER, base_of, is_adapter, starter_folder
from rapport.cards import CARD, Card, read_card, recover
from rapport.errors import CorruptArtifact, NotFound, Refused
from rapport.paths import Home

SHARED_ROLES = ("intent", "sentiment")  # read a text alone; the others read the conversation or the writing too
ROLES = (*SHARED_ROLES, "escalation", "finished")  # the classifiers: a home has one of each
REPLY = "reply"  # who writes; without one the setting agent.chat_model says who
PROFILES = "profiles"  # what foresees the customers' doings; a home has none before it trains them on its own records
EVERY_ROLE = (*ROLES, REPLY, PROFILES)
HISTORY = 20  # names remembered per role; more would only be noise

_writing = threading.Lock()


def current(home: Home, role: str) -> str | None:
    """The name of the artifact in use, or None where none was chosen yet."""
    names = _read(home).get(_known(role), [])
    return names[-1] if names else None


def history(home: Home, role: str) -> tuple[str, ...]:
    """Names used so far, oldest first; the last one is in use."""
    return tuple(_read(home).get(_known(role), []))


def use(home: Home, role: str, name: str) -> Card:
    """Put an artifact to use; the one before is kept for a rollback. Returns its card.

    Raises NotFound where there is no such artifact or what it stands on is gone, Refused where it is of another kind,
    CorruptArtifact where its files are not what its card says.
    """
    card = _checked(home, _known(role), name)
    with _locked(home):
        pointers = _read(home)
        names = [past for past in pointers.get(role, []) if past != name]
        _write(home, {**pointers, role: [*names, name][-HISTORY:]})
    return card


def rollback(home: Home, role: str) -> str | None:
    """Go back to the artifact in use before. Returns its name, or None where there was none before.

    Raises Refused where there is nothing to go back to, and what `use` raises where the earlier one is damaged.
    """
    with _locked(home):
        pointers = _read(home)
        names = pointers.get(_known(role), [])
        if len(names) < (1 if role in (REPLY, PROFILES) else 2):
            raise Refused(f"there is no earlier {role} model to go back to.", hint="See: rapport models list")
        before = names[-2] if len(names) > 1 else None
        if before is not None:
            _checked(home, role, before)
        _write(home, {**pointers, role: names[:-1]})
        return before


def artifacts(home: Home) -> list[Card]:
    """The cards of all models of this home, by name, and of the shipped starter.

    Folders without a readable card are left out.
    """
    for left in home.models.glob(".*.old"):  # a kill fell between the old model's removal and the new one's arrival
        recover(home.models / left.name.removeprefix(".").removesuffix(".old"))
    cards = []
    for folder in sorted(home.models.iterdir()) if home.models.is_dir() else ():
        if folder.name.startswith(".") or not (folder / CARD).is_file():
            continue
        try:
            cards.append(read_card(folder, verify=False))
        except CorruptArtifact:
            continue
    shipped = starter_folder()
    return [*cards, read_card(shipped, verify=False)] if shipped else cards


def artifact_folder(home: Home, name: str) -> Path:
    """Where an artifact stands; "starter" is the shipped one. Raises NotFound where it is not, with the known ones."""
    if name == STARTER and (shipped := starter_folder()):
        return shipped
    folder = home.models / name
    possible = bool(name) and Path(name).name == name
    if possible:
        recover(folder)
    if not possible or not (folder / CARD).is_file():
        known = ", ".join(card.name for card in artifacts(home)) or "none yet"
        raise NotFound(f"there is no model '{name}'.", hint=f"Known: {known}.")
    return folder


def _checked(home: Home, role: str, name: str) -> Card:
    card = read_card(artifact_folder(home, name))
    if card.kind != role:
        raise Refused(f"'{name}' is a model for {card.kind}, not for {role}.", hint="See: rapport models list")
    if role == REPLY and is_adapter(card):
        base_of(home.models, card)
    return card


def _known(role: str) -> str:
    if role not in EVERY_ROLE:
        raise NotFound(f"there is no role '{role}'.", hint=f"Give one of: {', '.join(EVERY_ROLE)}.")
    return role


def _read(home: Home) -> dict[str, list[str]]:
    try:
        content: Any = json.loads(home.current_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CorruptArtifact(
            f"{home.current_file} cannot be read ({error}).", hint="Delete it and choose again: rapport models use NAME"
        ) from error
    if not isinstance(content, dict) or not all(isinstance(names, list) for names in content.values()):
        raise CorruptArtifact(
            f"{home.current_file} does not map roles to names.",
            hint="Delete it and choose again: rapport models use NAME",
        )
    return content


def _write(home: Home, pointers: dict[str, list[str]]) -> None:
    temporary = home.current_file.with_suffix(".json.new")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(pointers, file, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(home.current_file)


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    """One writer at a time, in this process and, where the platform has flock, among all of them."""
    with _writing, (home.root / ".current.lock").open("w") as file:
        try:
            import fcntl
        except ImportError:  # Windows: the lock among threads is what remains
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
