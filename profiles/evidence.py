"""What an artifact remembers of its making beside the models: the training features, and the trial on a later window.

Counts and shares alone, no row of a customer, so that it can be shown and nobody has to be erased from it. It stands in
`evidence.json` of the artifact.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles.counting import Array
from profiles.fairness import Fairness, Group, fairness_by
from profiles.rows import Looking
from profiles.tables import Table
from profiles.targets import contact_target
from rapport.errors import CorruptArtifact, UserError
from rapport.records import RecordKind
from rapport.reliability import Bin, reliability_bins

if TYPE_CHECKING:
    from crm.store import Store

FILE = "evidence.json"
BINS = 10  # of chances, and at most of a feature's values
FIFTH = 0.2  # of the customers is a list to call; groups are compared by who stands on it
DEPTHS = tuple(step / 20 for step in range(1, 21))
GROUPS = ("country", "locale")  # of a customer: nothing is learnt from them
MOST_NAMES = 12  # of a category that are counted by themselves
SEASON = frozenset({"season_sine", "season_cosine"})  # the same for everybody on a day: it moves with the calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one feature was spread over the training customers.

    edges: between the bins of a number, ascending. names: the values of a category that are counted. shares: of each
    bin (one more than edges), or of each name and of all others; the last is of missing values.
    """

    edges: tuple[float, ...] = ()
    names: tuple[str, ...] | None = None
    shares: tuple[float, ...]

    def counts(self, values: Array) -> Array:
        """(bins,) how many of these values lie in each bin."""
        if self.names is not None:
            places = {name: place for place, name in enumerate(self.names)}
            other = len(self.names)
            found = np.array([other + 1 if value is None else places.get(value, other) for value in values], np.int64)
        else:
            known = np.searchsorted(np.asarray(self.edges), values, side="right")
            found = np.where(np.isnan(values), len(self.edges) + 1, known)
        counted: Array = np.bincount(found, minlength=len(self.shares))
        return counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Of all it came true for, the share `found` is among the share `depth` of customers with the highest chances."""

    depth: float
    found: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a model did on a window that it had not seen.

    cutoff: the day on which it predicted. days: how far. groups: figures by the values of a column.
    """

    cutoff: float
    days: int
    rows: int
    happened: int
    bins: tuple[Bin, ...]
    gains: tuple[Gain, ...]
    groups: tuple[Fairness, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """rows: customers whose features `spreads` tells, by name. trials: score -> its trial, where there were enough."""

    rows: int
    spreads: Mapping[str, Spread]
    trials: Mapping[str, Trial] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write it into the folder of the artifact."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")


def load_evidence(folder: Path) -> Evidence | None:
    """The evidence of an artifact; None where it was made without. Raises CorruptArtifact for what cannot be read."""
    if not (folder / FILE).is_file():
        return None
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Evidence(
            rows=data["rows"],
            spreads={name: _spread(one) for name, one in data["spreads"].items()},
            trials={score: _trial(one) for score, one in data["trials"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptArtifact(
            f"{folder / FILE} cannot be read ({error}).", hint="Run: rapport profiles train"
        ) from error


def evidence_of(looking: Looking, end: float, trials: Mapping[str, Trial], *, seed: int) -> Evidence:
    """The features of everybody who was seen in the year before `end`, with the trials."""
    table = seen_table(looking, end, seed=seed)
    return Evidence(rows=len(table), spreads=spreads_of(table), trials=trials)


def seen_table(looking: Looking, day: float, *, seed: int) -> Table:
    """The features as of a day of who was seen in the year before it, or of as many as are learnt from."""
    return looking.rows(contact_target, [day], seed=seed).table


def groups_of(store: "Store", ids: Array) -> dict[str, Array]:
    """(n,) text by which these customers are compared: their country and language, None where it is not known."""
    found = store.fetch(RecordKind.CUSTOMERS, [str(id) for id in ids])
    told = [found.get(str(id)) for id in ids]
    return {name: np.array([getattr(one, name, None) or None for one in told], object) for name in GROUPS}


def spreads_of(table: Table) -> dict[str, Spread]:
    """How each feature is spread over these customers; what only tells the season is left out."""
    found = {name: _of_numbers(values) for name, values in table.numeric.items() if name not in SEASON}
    return {**found, **{name: _of_names(values) for name, values in table.categorical.items()}}


def trial_of(
    chances: Array, happened: Array, *, cutoff: float, days: int, columns: Mapping[str, Array] | None = None
) -> Trial:
    """Figures of n rows. columns: (n,) text by which groups are compared; one that tells too few apart is left out."""
    return Trial(
        cutoff=cutoff,
        days=days,
        rows=len(chances),
        happened=int(happened.sum()),
        bins=reliability_bins(chances, happened, bins=BINS),
        gains=gains_of(chances, happened),
        groups=tuple(_fairness(columns or {}, chances, happened)),
    )


def gains_of(chances: Array, happened: Array) -> tuple[Gain, ...]:
    """One point for each of twenty depths; none where it happened to nobody."""
    if not happened.any():
        return ()
    order = np.argsort(-chances, kind="stable")
    found = np.concatenate([[0], np.cumsum(happened[order])])
    ends = [round(depth * len(order)) for depth in DEPTHS]
    return tuple(
        Gain(depth=depth, found=float(found[end] / found[-1])) for depth, end in zip(DEPTHS, ends, strict=True)
    )


def _fairness(columns: Mapping[str, Array], chances: Array, happened: Array) -> Iterator[Fairness]:
    if not len(chances):
        return
    threshold = float(np.quantile(chances, 1 - FIFTH))
    for name, values in columns.items():
        try:
            yield fairness_by(name, values, chances, happened, threshold=threshold)
        except UserError:
            continue  # one group, or groups too small to compare: there is nothing to tell


def _of_numbers(values: Array) -> Spread:
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.empty(0)
    return _shared(Spread(edges=tuple(edges.tolist()), shares=(0.0,) * (len(edges) + 2)), values)


def _of_names(values: Array) -> Spread:
    names, counts = np.unique([value for value in values if value is not None], return_counts=True)
    kept = tuple(str(names[place]) for place in np.argsort(-counts, kind="stable")[:MOST_NAMES])
    return _shared(Spread(names=kept, shares=(0.0,) * (len(kept) + 2)), values)


def _shared(empty: Spread, values: Array) -> Spread:
    shares = empty.counts(values) / max(len(values), 1)
    return Spread(edges=empty.edges, names=empty.names, shares=tuple(float(share) for share in shares))


def _spread(data: Mapping[str, Any]) -> Spread:
    names: Sequence[str] | None = data["names"]
    return Spread(
        edges=tuple(data["edges"]), names=None if names is None else tuple(names), shares=tuple(data["shares"])
    )


def _trial(data: Mapping[str, Any]) -> Trial:
    return Trial(
        **{
            **data,
            "bins": tuple(Bin(**one) for one in data["bins"]),
            "gains": tuple(Gain(**one) for one in data["gains"]),
            "groups": tuple(
                Fairness(**{**one, "groups": tuple(Group(**group) for group in one["groups"])})
                for one in data["groups"]
            ),
        }
    )
