"""Near-doubles out of training rows, and a split by customer and by time."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from prompts.fields import slots_of

Row = Mapping[str, Any]
ALIKE = 94.0  # rapidfuzz 0-100, from which two texts count as the same
COMPARED = 400  # rows of one kind that a row is compared with
SHARE, MOST = 0.2, 0.3  # of the rows that is held out, and how far it may grow
CHECKABLE = 120  # held-out rows that state a value, with which the gate can tell a change from chance


@dataclass(frozen=True, slots=True)
class Split:
    """train: before a day; held_out: from it on, by customers of whom nothing is in train. dropped: neither."""

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    dropped: int


def distinct(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The rows without those where both sides say nearly the same as in an earlier one, and how many those were.

    Only rows with the same slots in their replies are compared: they may differ in nothing but the field they state.
    """
    from rapidfuzz import fuzz, process

    kept: list[Row] = []
    seen: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        texts = [message["content"] for message in row["messages"] if message["role"] != "system"]
        asked, reply = _plain(" | ".join(texts[:-1])), _plain(texts[-1])
        others = seen[tuple(sorted(slots_of(texts[-1])))]
        recent = others[-COMPARED:]
        near = process.extract_iter(asked, [before for before, _ in recent], scorer=fuzz.ratio, score_cutoff=ALIKE)
        if not any(fuzz.ratio(reply, recent[place][1]) >= ALIKE for _, _, place in near):
            others.append((asked, reply))
            kept.append(row)
    return kept, len(rows) - len(kept)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w{}]+", text.casefold()))


def split_rows(rows: Sequence[Row], *, share: float = SHARE, seed: int = 7) -> Split:
    """Hold out about `share` of the rows: the latest ones, of customers whose earlier rows are then dropped.

    Where too few of them are checkable for a comparison to tell anything, the share grows up to MOST; where even that
    would not do, it stays as it was, and everything else is learnt from.
    """
    split = _dealt(rows, share, seed)
    for percent in range(round(100 * share), round(100 * MOST) + 1):
        grown = _dealt(rows, percent / 100, seed)
        if sum(bool(row.get("checkable")) for row in grown.held_out) >= CHECKABLE:
            return grown
    return split


def _dealt(rows: Sequence[Row], share: float, seed: int) -> Split:
    """The split at a share. Customers with few early rows are held out first, so that little is lost.

    Rows without a customer are their own.
    """
    ordered = sorted(rows, key=lambda row: row["at"] or "")
    cut = len(ordered) - max(1, round(1.5 * share * len(ordered)))
    early, late = ordered[:cut], ordered[cut:]
    lost = Counter(_owner(row) for row in early)
    customers = list(dict.fromkeys(_owner(row) for row in late))
    Random(seed).shuffle(customers)
    customers.sort(key=lambda owner: lost[owner])
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
