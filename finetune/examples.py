"""Labelled texts to train and measure on. Knows nothing of encoders or heads."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from rapport.dialogues import Utterance
from rapport.heads import OOS
from rapport.text import tidy

if TYPE_CHECKING:
    import numpy as np

Item = TypeVar("Item", bound=Utterance)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text and its label; the label "oos" means out of scope.

    group: names what it was said in, such as a conversation; "" where nothing else was. It tells no two rows apart.
    """

    text: str
    label: str
    group: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Splits:
    """Rows to fit on, to choose with and to report on. No text stands in two of them."""

    train: tuple[Labelled, ...]
    dev: tuple[Labelled, ...]
    test: tuple[Labelled, ...]

    @property
    def fingerprint(self) -> str:
        """First 16 hexadecimal digits of the sha256 over all rows in order."""
        digest = hashlib.sha256()
        for name, rows in (("train", self.train), ("dev", self.dev), ("test", self.test)):
            for row in rows:
                digest.update(f"{name}\t{row.label}\t{row.text}\n".encode("utf-8", "replace"))
        return digest.hexdigest()[:16]


def intent_rows(utterances: Iterable[Utterance], *, more: Iterable[Labelled] = ()) -> Splits:
    """Rows labelled by intent. more: rows for training beside them; one that stands in dev or test stays out."""
    rows = [(item.text, item.intent, item.split) for item in utterances]
    held_out = sorted(rows, key=lambda row: row[2] == "train")  # stable: dev and test take their texts first
    return _split([*held_out, *((row.text, row.label, "train") for row in more)])


def sentiment_rows(utterances: Iterable[Utterance]) -> Splits:
    """Rows labelled negative, neutral or positive."""
    return _split((item.text, item.sentiment, item.split) for item in utterances)


def representative(utterances: Iterable[Item], *, train: int = 80, dev: int = 24) -> list[Item]:
    """At most so many utterances of each intent and split, chosen by a hash of the text; all of the test split.

    Beyond some dozens, further renderings of the same phrases cost time and teach nothing. "oos" has no phrases of
    its own kind to lean on and keeps four times as many.
    """
    limits = {"train": train, "dev": dev}
    taken: Counter[tuple[str, str]] = Counter()
    kept = []
    for item in sorted(utterances, key=lambda item: hashlib.sha256(item.text.encode("utf-8", "replace")).digest()):
        place = (item.split, item.intent)
        limit = limits.get(item.split)
        if limit is None or taken[place] < limit * (4 if item.intent == OOS else 1):
            taken[place] += 1
            kept.append(item)
    return kept


def _split(rows: Iterable[tuple[str, str, str]]) -> Splits:
    """Sort rows into their splits. A text met again keeps its first place, so that no test text was trained on."""
    parts: dict[str, list[Labelled]] = {"train": [], "dev": [], "test": []}
    seen: set[str] = set()
    for text, label, split in rows:
        if split not in parts:
            raise ValueError(f"split '{split}' is none of train, dev, test.")
        key = tidy(text).casefold()
        if key and key not in seen:
            seen.add(key)
            parts[split].append(Labelled(text, label))
    return Splits(tuple(parts["train"]), tuple(parts["dev"]), tuple(parts["test"]))


def columns_of(labels: Sequence[str], rows: Sequence[str]) -> "np.ndarray":
    """(n,) column number of each row's label. Raises KeyError for a label that is not among `labels`."""
    import numpy as np

    place = {label: column for column, label in enumerate(labels)}
    return np.array([place[row] for row in rows])


def label_weights(counts: Sequence[float]) -> "np.ndarray":
    """(L,) weights that let rare labels count more: the inverse square root of their share, with mean 1 over the rows.

    The full inverse lets two rows outweigh a thousand.
    """
    import numpy as np

    sizes = np.asarray(counts, dtype=np.float64)
    weights = 1.0 / np.sqrt(np.maximum(sizes, 1.0))
    scaled: np.ndarray = weights / ((weights * sizes).sum() / max(sizes.sum(), 1.0))
    return scaled.astype(np.float32)
