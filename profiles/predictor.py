"""The predictors of one home, as one: profiles of customers from their history. Their making is `profiles.train`'s."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crm.histories import moment_of
from profiles.counting import Array, Tally
from profiles.dnn import TableModel
from profiles.features import feature_table
from profiles.history import History
from profiles.tables import Table
from profiles.targets import Horizons, standings
from rapport.cards import read_card
from rapport.errors import CorruptArtifact, NotFound, Refused
from rapport.records import CustomerId
from rapport.registry import PROFILES, artifact_folder, current
from rapport.types import CustomerProfile

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home

FACTS = "profiles.json"
YEAR = 365.0
TRAIN = "Run: rapport profiles train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the models of a home share. limit: the money of one order that counts at most (infinite: no limit)."""

    company: str
    as_of: float
    currency: str
    limit: float
    horizons: Horizons = field(default_factory=Horizons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The products of the company as suggestions need them. group: product -> what it is a variant of."""

    category: Mapping[str, str]
    group: Mapping[str, str]
    available: frozenset[str]

    @classmethod
    def of(cls, store: "Store") -> "Shelf":
        """The products as they stand in the records."""
        rows = store.product_rows()
        return cls(
            category={id: category for id, _, category, _ in rows},
            group={id: group for id, group, _, _ in rows},
            available=frozenset(id for id, _, _, available in rows if available),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictor:
    """Models that stand in one artifact; a part is None where the records were too few to learn it."""

    name: str
    facts: Facts
    churn: TableModel | None = None
    contact: TableModel | None = None

    def profiles(self, history: History, day: float, shelf: Shelf) -> list[CustomerProfile]:
        """A profile of everybody known when `day` begins, by customer. What happens later is not looked at."""
        known = history.before(day)
        known = known.chosen(np.flatnonzero(known.known() | ~np.isfinite(history.created)))
        if not len(known):
            return []
        table = feature_table(known, day, limit=self.facts.limit, categories=shelf.category)
        standing = standings(Tally(known, day), self.facts.horizons)
        columns: dict[str, Array | list[Any]] = {
            "standing": standing,
            "churn_risk": self._chances(self.churn, table, standing == "active"),
            "contact_risk": self._chances(self.contact, table, np.ones(len(table), bool)),
        }
        as_of = moment_of(day)
        return [
            CustomerProfile(
                customer_id=CustomerId(str(id)),
                as_of=as_of,
                model=self.name,
                **{name: values[row] for name, values in columns.items()},
            )
            for row, id in enumerate(known.customers)
        ]

    def _chances(self, model: TableModel | None, table: Table, asked: Array) -> list[float | None]:
        found: list[float | None] = [None] * len(table)
        rows = np.flatnonzero(asked)
        if model is not None and len(rows):
            for row, chance in zip(rows, model.predict(table.chosen(rows)), strict=True):
                found[row] = round(float(chance), 6)
        return found

    def save(self, folder: Path) -> None:
        """Write every model and what they share."""
        (folder / FACTS).write_text(json.dumps(asdict(self.facts), indent=1), encoding="utf-8")
        for part in ("churn", "contact"):
            if (model := getattr(self, part)) is not None:
                model.save(folder / part)


def load_predictor(home: "Home", store: "Store", name: str | None = None) -> Predictor:
    """The predictor in use in a home, or the one of that name.

    Raises NotFound where none was trained, CorruptArtifact for a damaged one, Refused for one of another company: what
    was learnt from one company's records is not read by another.
    """
    chosen = name or current(home, PROFILES)
    if chosen is None:
        raise NotFound(f"no profiles were trained in {home.root}.", hint=TRAIN)
    folder = artifact_folder(home, chosen)
    card = read_card(folder)
    if card.kind != PROFILES:
        raise Refused(f"'{chosen}' is a model for {card.kind}, not for profiles.", hint="See: rapport models list")
    if card.data.get("company") != store.store_id:
        raise Refused(f"'{chosen}' was trained on the records of another company.", hint=TRAIN)
    try:
        data = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        facts = Facts(**{**data, "horizons": Horizons(**data["horizons"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptArtifact(f"{folder / FACTS} cannot be read ({error}).", hint=TRAIN) from error
    parts = {part: TableModel.load(folder / part) for part in ("churn", "contact") if (folder / part).is_dir()}
    return Predictor(name=card.name, facts=facts, **parts)
