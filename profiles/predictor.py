"""The predictors of one home, as one: profiles of customers from their history. Their making is `profiles.train`'s."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from crm.histories import moment_of
from profiles.buying import Outlook, Shelf, contacts_of, outlooks, segments_of, suggestions
from profiles.counting import Array, Tally
from profiles.dnn import TableModel
from profiles.embedding import Embedder
from profiles.explain import features_of, judged, ranked
from profiles.features import tally_table
from profiles.history import History
from profiles.lstm import PurchaseModel
from profiles.reasons import reasons
from profiles.recommend import Recommender
from profiles.segments import Segmentation
from profiles.situations import Situations
from profiles.tables import Table
from profiles.targets import Horizons, standings
from rapport.cards import read_card
from rapport.customer_profiles import CustomerProfile, ProfileDriver
from rapport.errors import CorruptArtifact, NotFound, Refused
from rapport.records import CustomerId, ProductId
from rapport.registry import PROFILES, artifact_folder, current

if TYPE_CHECKING:
    from crm.store import Store
    from rapport.paths import Home

FACTS = "profiles.json"
TRAIN = "Run: rapport profiles train"
Score = Literal["churn_risk", "contact_risk"]
_PARTS: Mapping[str, Callable[[Path], Any]] = {
    "churn": TableModel.load, "contact": TableModel.load, "purchases": PurchaseModel.load,
    "recommender": Recommender.load, "segments": Segmentation.load, "situations": Situations.load,
    "embedder": Embedder.load,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the models of a home share.

    company: the id of its records. as_of: the day up to which was learnt, in days since 1970-01-01. limit: the money of
    an order that counts at most.
    """

    company: str
    as_of: float
    currency: str
    limit: float
    horizons: Horizons = field(default_factory=Horizons)

    def as_json(self) -> dict[str, Any]:
        """Values that JSON can hold; no limit is null."""
        return {**asdict(self), "limit": self.limit if math.isfinite(self.limit) else None}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictor:
    """Models that stand in one artifact; a part is None where the records were too few to learn it."""

    name: str
    facts: Facts
    churn: TableModel | None = None
    contact: TableModel | None = None
    purchases: PurchaseModel | None = None
    recommender: Recommender | None = None
    situations: Situations | None = None
    segments: Segmentation | None = None
    embedder: Embedder | None = None

    def profiles(self, history: History, day: float, shelf: Shelf) -> list[CustomerProfile]:
        """A profile of everybody known when `day` begins, by customer. What happens later is not looked at.

        A customer without orders gets a contact risk alone; without any record they are known as well, unless the
        company got to know them later.
        """
        known = history.before(day)
        known = known.chosen(np.flatnonzero(known.known() | ~np.isfinite(history.created)))
        if not len(known):
            return []
        tally = Tally(known, day, limit=self.facts.limit, categories=shelf.category)
        table, standing = tally_table(tally), standings(tally, self.facts.horizons)
        churn = _risks("churn_risk", self.churn, table, np.flatnonzero(standing == "active"))
        contact = _risks("contact_risk", self.contact, table, np.arange(len(table)))
        buying = self._buying(known, day, shelf)
        nobody, as_of = _Buying(), moment_of(day)
        places = np.empty((len(table), 0)) if self.embedder is None else self.embedder.embed(table)
        return [
            CustomerProfile(
                customer_id=CustomerId(str(id)),
                as_of=as_of,
                model=self.name,
                standing=standing[row],
                churn_risk=churn[row].chance if row in churn else None,
                contact_risk=contact[row].chance if row in contact else None,
                drivers=tuple(driver for risks in (churn, contact) if row in risks for driver in risks[row].drivers),
                embedding=tuple(round(float(number), 4) for number in places[row]),
                **buying.get(str(id), nobody).told(),
            )
            for row, id in enumerate(known.customers)
        ]

    def _buying(self, known: History, day: float, shelf: Shelf) -> "dict[str, _Buying]":
        """By customer, for who has bought something."""
        bought = known.transactions(limit=self.facts.limit)
        coming: dict[str, Outlook] = {}
        if self.purchases is not None and len(bought):
            coming = outlooks(self.purchases, bought, contacts_of(known), day=day, soon=self.facts.horizons.churn)
        products = suggestions(self.recommender, bought, shelf, day=day) if self.recommender is not None else {}
        segments = segments_of(self.segments, bought, day=day) if self.segments is not None else {}
        found = {}
        for id in map(str, bought.customers):
            outlook = coming.get(id, Outlook())
            found[id] = _Buying(
                segment=segments.get(id),
                value=outlook.value,
                next_purchase_days=outlook.days,
                purchases=outlook.purchases,
                spending=outlook.spending,
                next_products=products.get(id, ()),
                next_reasons=outlook.reasons,
            )
        return found

    def save(self, folder: Path) -> None:
        """Write every model and what they share."""
        (folder / FACTS).write_text(json.dumps(self.facts.as_json(), indent=1), encoding="utf-8")
        for part in _PARTS:
            if (model := getattr(self, part)) is not None:
                (folder / part).mkdir()
                model.save(folder / part)


@dataclass(frozen=True, slots=True)
class _Buying:
    """What rests on purchases; the names are those of a profile."""

    segment: str | None = None
    value: float | None = None
    next_purchase_days: float | None = None
    purchases: float | None = None
    spending: float | None = None
    next_products: tuple[ProductId, ...] = ()
    next_reasons: tuple[tuple[str, float], ...] = ()

    def told(self) -> dict[str, Any]:
        """By name, for a profile."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True, slots=True)
class _Risk:
    chance: float
    drivers: tuple[ProfileDriver, ...]


def _risks(score: Score, model: TableModel | None, table: Table, rows: Array) -> dict[int, _Risk]:
    """By row, for the rows asked for."""
    if model is None or not len(rows):
        return {}
    asked = table if len(rows) == len(table) else table.chosen(rows)
    (chances, found), names = judged(model, asked), features_of(model)
    return {
        int(row): _Risk(round(float(chances[place]), 6), reasons(score, ranked(names, found[place], asked, place)))
        for place, row in enumerate(rows)
    }


def load_situations(home: "Home", store: "Store") -> Situations | None:
    """What customers write about by their situation, of the predictor in use; None where there is none of this home."""
    name = current(home, PROFILES)
    if name is None:
        return None
    folder = artifact_folder(home, name)
    own = read_card(folder).data.get("company") == store.store_id
    return Situations.load(folder / "situations") if own and (folder / "situations").is_dir() else None


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
        limit = math.inf if data["limit"] is None else data["limit"]
        facts = Facts(**{**data, "limit": limit, "horizons": Horizons(**data["horizons"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptArtifact(f"{folder / FACTS} cannot be read ({error}).", hint=TRAIN) from error
    parts = {part: load(folder / part) for part, load in _PARTS.items() if (folder / part).is_dir()}
    return Predictor(name=card.name, facts=facts, **parts)
