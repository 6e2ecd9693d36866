"""Which rows a classifier is fitted on and which it is calibrated on. Knows nothing of vectors or models."""

import random
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

SMALL = 2000  # rows below which each part is held out in turn; above, one part alone is
PARTS = 3
SHARE, MOST = 0.1, 3000  # held out of many rows
SPARED = 20  # rows of a label up to which none is held out of many: they would be held out for good


@dataclass(frozen=True, slots=True)
class Fold:
    """Places of the rows to fit on and of the rows held out."""

    train: tuple[int, ...]
    dev: tuple[int, ...]


def folds_of(labels: Sequence[str], *, seed: int, groups: Sequence[str] = ()) -> list[Fold]:
    """How to hold rows out where no dev set is given: stratified by label.

    Few rows are too precious to be held out for good: each of three parts is held out once, and the classifier that is
    kept is fitted on all. A label with a single row is never held out, and of many rows none of a rare label.
    groups: what each row was said in, "" where nothing else was. Rows of one group are held out together: people
    repeat themselves within a conversation, and a classifier that has read half of it seems better than it is.
    """
    count = PARTS if len(labels) < SMALL else _many(len(labels))
    together = _together(labels, groups, count, seed=seed) if any(groups) else None
    parts = together or _parts(labels, count, seed=seed)
    if len(labels) >= SMALL:
        sizes = Counter(labels)
        parts = [part if sizes[label] > SPARED else -1 for part, label in zip(parts, labels, strict=True)]
    held = range(PARTS) if len(labels) < SMALL else range(1)
    return [
        Fold(
            tuple(row for row, part in enumerate(parts) if part != number),
            tuple(row for row, part in enumerate(parts) if part == number),
        )
        for number in held
    ]


def thinned(labels: Sequence[str], most: int, *, seed: int) -> list[int]:
    """At most so many places, each label keeping its share and at least two of its rows."""
    if len(labels) <= most:
        return list(range(len(labels)))
    chance = random.Random(seed)
    by_label: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        by_label[label].append(row)
    kept: list[int] = []
    for rows in by_label.values():
        kept += chance.sample(rows, min(len(rows), max(2, round(len(rows) * most / len(labels)))))
    return sorted(kept)


def _many(rows: int) -> int:
    """Number of parts so that one of them holds SHARE of the rows, at most MOST."""
    return max(round(1 / SHARE), -(-rows // MOST))


def _together(labels: Sequence[str], groups: Sequence[str], count: int, *, seed: int) -> list[int] | None:
    """Each row's part, the same for all rows of a group; -1: never held out, so that each label has rows to learn from.

    None where there are too few groups, or rows of a label, to be spread over so many parts.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    alone = [group or f"\n{row}" for row, group in enumerate(groups)]
    if len(set(alone)) < count or max(Counter(labels).values()) < count:
        return None
    spread = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = [-1] * len(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of labels with fewer rows than parts: that is no fault
        for part, (_, held) in enumerate(spread.split(labels, labels, alone)):
            for row in held:
                parts[row] = part
    places: dict[str, set[int]] = defaultdict(set)
    for label, part in zip(labels, parts, strict=True):
        places[label].add(part)
    return [part if len(places[label]) > 1 else -1 for label, part in zip(labels, parts, strict=True)]


def _parts(labels: Sequence[str], count: int, *, seed: int) -> list[int]:
    """Each row's part, so that every label is spread evenly; -1: never held out."""
    chance = random.Random(seed)
    order = list(range(len(labels)))
    chance.shuffle(order)
    sizes = Counter(labels)
    seen: Counter[str] = Counter()
    offset = {label: chance.randrange(count) for label in sorted(sizes)}
    parts = [-1] * len(labels)
    for row in order:
        label = labels[row]
        if sizes[label] > 1:
            parts[row] = (seen[label] + offset[label]) % count
            seen[label] += 1
    return parts
