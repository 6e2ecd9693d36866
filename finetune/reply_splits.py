"""Near-doubles out of training rows, and a split by customer and by time."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

Row = Mapping[str, Any]
ALIKE = 94.0  # rapidfuzz 0-100, from which two conversations count as the same
COMPARED = 400  # rows of one kind that a row is compared with


@dataclass(frozen=True, slots=True)
class Split:
    """train: before a day; held_out: from it on, by customers of whom nothing is in train. dropped: neither."""

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    dropped: int


def distinct(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The rows without those that say nearly the same as an earlier one, and how many those were.

    Only rows with the same slots in their replies are compared: they may differ in nothing but the field they state.
    """
    from rapidfuzz import fuzz, process

    kept: list[Row] = []
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows:
        texts = [message["content"] for message in row["messages"] if message["role"] != "system"]
        kind = tuple(sorted(re.findall(r"\{[^}]*\}", texts[-1])))
        said = " ".join(re.findall(r"[\w{}]+", " | ".join(texts).casefold()))
        others = seen[kind][-COMPARED:]
        if process.extractOne(said, others, scorer=fuzz.ratio, score_cutoff=ALIKE) is None:
            seen[kind].append(said)
            kept.append(row)
    return kept, len(rows) - len(kept)


def split_rows(rows: Sequence[Row], *, share: float = 0.2, seed: int = 7) -> Split:
    """Hold out about `share` of the rows: the latest ones, of customers whose earlier rows are then dropped.

    Customers with late rows alone are held out first, so that little is lost; rows without a customer are their own.
    """
    ordered = sorted(rows, key=lambda row: row["at"] or "")
    cut = len(ordered) - max(1, round(1.5 * share * len(ordered)))
    early, late = ordered[:cut], ordered[cut:]
    before = {owner for row in early if (owner := _owner(row))}
    customers = list(dict.fromkeys(_owner(row) for row in late))
    Random(seed).shuffle(customers)
    customers.sort(key=lambda owner: owner in before)
    chosen: set[str] = set()
    held: list[Row] = []
    for owner in customers:
        if len(held) >= share * len(ordered):
            break
        chosen.add(owner)
        held += [row for row in late if _owner(row) == owner]
    train = [row for row in early if _owner(row) not in chosen]
    held.sort(key=lambda row: row["at"] or "")
    return Split(tuple(train), tuple(held), len(ordered) - len(train) - len(held))


def _owner(row: Row) -> str:
    return str(row.get("customer") or row.get("source") or id(row))
