"""What an index holds, in memory: passages in the order of who may see them, their vectors and their term counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np

from rapport.errors import CorruptArtifact
from rapport.types import Passage
from retrieval.chunks import Piece
from retrieval.embed import Vectors
from retrieval.keyword import TermCounts, count_terms

_ORDER = {"public": 0, "staff": 1, "owner": 2}
_TIMES = ("valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class Row:
    """One passage of the index.

    collection: kind and name, such as "articles/help". digest: hash of the text that its vector was made from.
    """

    passage: Passage
    collection: str
    digest: str

    @property
    def record(self) -> tuple[str, str]:
        """The (kind, key) of its record; a key alone may stand for an article and for an order."""
        return self.passage.kind, self.passage.record

    @property
    def place(self) -> tuple[int, str, str]:
        """Sorting key: public, then staff, then each owner's together."""
        return _ORDER[self.passage.visibility], self.passage.owner or "", self.passage.id


@dataclass(frozen=True, slots=True)
class Content:
    """The rows sorted by `Row.place`, with vectors (n, dim) and term counts (n) in the same order."""

    rows: tuple[Row, ...]
    vectors: Vectors
    counts: TermCounts

    def bounds(self) -> tuple[int, int]:
        """(public, shared): rows[:public] are public, rows[public:shared] are for staff, the rest have an owner."""
        kinds = [row.passage.visibility for row in self.rows]
        public = kinds.count("public")
        return public, public + kinds.count("staff")

    def owners(self) -> dict[str, tuple[int, int]]:
        """Where each owner's rows start and stop."""
        spans: dict[str, tuple[int, int]] = {}
        for number, row in enumerate(self.rows[self.bounds()[1] :], start=self.bounds()[1]):
            owner = row.passage.owner or ""
            spans[owner] = (spans.get(owner, (number, 0))[0], number + 1)
        return spans

    def without(self, records: set[tuple[str, str]]) -> "list[tuple[Row, Any, Counter[str]]]":
        """The (row, vector, counter) triples of all but these (kind, key) records' passages."""
        kept = [number for number, row in enumerate(self.rows) if row.record not in records]
        counters = self.counts.counters()
        return [(self.rows[number], self.vectors[number], counters[number]) for number in kept]


def arrange(triples: "Sequence[tuple[Row, Any, Counter[str]]]", *, dim: int) -> Content:
    """Sort (row, vector, counter) triples into the order that an index needs."""
    ordered = sorted(triples, key=lambda triple: triple[0].place)
    vectors = np.empty((len(ordered), dim), np.float32)
    for number, (_, vector, _) in enumerate(ordered):
        vectors[number] = vector
    counts = count_terms([counter for _, _, counter in ordered])
    return Content(tuple(row for row, _, _ in ordered), vectors, counts)


def row_of(piece: Piece) -> Row:
    """What is kept of a piece."""
    return Row(piece.passage, f"{piece.passage.kind}/{piece.collection}", piece.digest)


def row_to_json(row: Row) -> dict[str, Any]:
    """A row as JSON values; empty fields are left out."""
    values = {name: value for name, value in asdict(row.passage).items() if value not in (None, "")}
    for name in _TIMES:
        if name in values:
            values[name] = values[name].isoformat()
    return {**values, "collection": row.collection, "digest": row.digest}


_FIELDS = frozenset(item.name for item in fields(Passage))


def row_from_json(values: dict[str, Any]) -> Row:
    """The inverse of `row_to_json`. Raises CorruptArtifact."""
    try:
        given = {name: value for name, value in values.items() if name in _FIELDS}
        for name in _TIMES:
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        passage = Passage(**{"title": "", "text": "", **given})
        return Row(passage, values["collection"], values["digest"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"a passage of the index is not readable ({error}).") from error
