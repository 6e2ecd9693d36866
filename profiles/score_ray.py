"""Make the profiles of a home in many processes. What is made there is kept here: one process writes to the store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm import codec
from crm.histories import KeyRange
from profiles.score import Block, Scorer
from rapport.customer_profiles import CustomerProfile
from rapport.errors import SettingsError
from rapport.on_ray import on_cluster, on_ray
from rapport.paths import Home
from rapport.settings import DATABASE_URL_VARIABLE, ProfileSettings, Settings

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class RayScoring:
    """Blocks of profiles by workers. Every machine of a cluster sees the home's folder and the database.

    model: the predictor's name, so that one that is promoted meanwhile is not mixed in.
    """

    home: Home
    settings: Settings
    model: str

    def __call__(self, ranges: Sequence[KeyRange], *, as_of: datetime, now: datetime) -> Iterator[Block]:
        """The block of each range, in their order. Raises SettingsError for records that only this machine can read,
        and what `on_ray` raises."""
        url, patience = self.settings.database_url(self.home), self.settings.database.busy_timeout_ms
        if on_cluster() and url.startswith("sqlite"):
            raise SettingsError(
                "the records are a SQLite file, which the other machines of a cluster cannot read.",
                hint=f"Name a PostgreSQL database in {DATABASE_URL_VARIABLE}, or unset RAY_ADDRESS.",
            )
        rows = [{"first": keys.first, "last": keys.last} for keys in ranges]
        given = {
            "home": self.home, "url": url, "busy_timeout_ms": patience, "settings": self.settings.profiles,
            "model": self.model, "as_of": as_of, "now": now,
        }  # fmt: skip
        for row in on_ray(rows, ScoringWorker, given):
            yield Block(
                profiles=[codec.loads(text, CustomerProfile) for text in row["profiles"]],
                seen=int(row["seen"]),
                cleaned=json.loads(row["cleaned"]),
            )


class ScoringWorker:
    """Scores ranges of customers in a process of its own."""

    def __init__(
        self, *, home: Home, url: str, busy_timeout_ms: int, settings: ProfileSettings, model: str, as_of: datetime,
        now: datetime,
    ) -> None:  # fmt: skip
        from crm.store import Store
        from profiles.predictor import load_predictor

        store = Store.open(url, busy_timeout_ms=busy_timeout_ms)
        self._scorer = Scorer(store, load_predictor(home, store, model), settings)
        self._as_of, self._now = as_of, now

    def __call__(self, row: dict[str, Any]) -> "dict[str, np.ndarray | int | str]":
        """The profiles of one range as JSON."""
        import numpy as np

        block = self._scorer.block(KeyRange(row["first"], row["last"]), as_of=self._as_of, now=self._now)
        told = np.array([codec.dumps(profile, CustomerProfile) for profile in block.profiles], object)
        return {"profiles": told, "seen": block.seen, "cleaned": json.dumps(dict(block.cleaned))}
