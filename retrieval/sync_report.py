"""What the keeping of an index takes and tells: its place, its progress, its reports. Does none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crm.store import Store
from rapport.paths import Home
from rapport.settings import RetrievalSettings
from retrieval.embed import Encoder


class Bar(Protocol):
    """A progress bar; `rich.progress.Progress` is one."""

    def add_task(self, description: str, *, total: float | None) -> Any: ...
    def update(self, task_id: Any, *, completed: float | None, total: float | None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a build or an update did. reason: why the index had to be made again, or "" where it had not."""

    version: str
    passages: int
    encoded: int
    changed: int
    removed: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInfo:
    """An index as `rapport index info` shows it.

    state: ready, missing, damaged or mismatched. behind: changes of the records that are not in it yet.
    """

    name: str
    state: str
    passages: int = 0
    behind: int = 0
    encoder: str = ""
    version: str = ""
    made_at: str = ""
    dense: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """Where an index lives and what it is made of and with."""

    home: Home
    store: Store
    encoder: Encoder
    settings: RetrievalSettings
    name: str = "main"

    @property
    def folder(self) -> Path:
        return self.home.indexes / self.name
