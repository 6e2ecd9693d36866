"""Heads that are learnt once from messages of our own and shipped: what they have in common.

A folder has a file for each label, with a message a line. Every fifth message is held out for the temperature and the
scores; what is shipped is fitted on all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from finetune.calibrate import fit_temperature
from finetune.examples import Labelled, Splits, columns_of
from finetune.logistic import fit_linear
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.heads import Head, base_name, save_head
from rapport.text import mask

if TYPE_CHECKING:
    import numpy as np

STRENGTH = 10.0
HELD_OUT = 5
SEED = 3

# (n, L) probabilities and the (n,) columns of the true labels -> figures for the card.
Score = Callable[["np.ndarray", "np.ndarray"], dict[str, float]]


def splits_of(folder: Path, labels: Sequence[str], *, plain: Sequence[Labelled] = ()) -> Splits:
    """The messages of a folder as train and dev rows, masked. plain: more rows to learn from."""
    rows = [
        Labelled(mask(line), label)
        for label in labels
        for line in (folder / f"{label}.txt").read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    Random(SEED).shuffle(rows)
    return Splits((*(row for at, row in enumerate(rows) if at % HELD_OUT), *plain), tuple(rows[::HELD_OUT]), ())


def fit_shipped(splits: Splits, vectors: VectorCache, score: Score) -> tuple[Head, dict[str, Any]]:
    """The head, fitted on all rows after it was scored on dev, and those scores."""
    head = _fitted(splits.train, vectors)
    dev = vectors.of(splits.dev)
    truth = columns_of(head.labels, dev.labels)
    head = replace(head, temperature=fit_temperature(head.logits(dev.vectors, dev.texts), truth))
    said = head.predict(dev.vectors, dev.texts).probabilities
    scores = {"on": "dev rows", "rows": len(splits.dev), **score(said, truth)}
    return replace(_fitted(splits.train + splits.dev, vectors), temperature=head.temperature), scores


def make_shipped(splits: Splits, vectors: VectorCache, score: Score, folder: Path) -> Card:
    """Fit a head and write it under the folder's name. Returns its card."""
    head, scores = fit_shipped(splits, vectors, score)
    card = Card(
        name=folder.name,
        kind=folder.name,
        base=head.base,
        data={"fingerprint": splits.fingerprint, "rows": {"train": len(splits.train), "dev": len(splits.dev)}},
        plan={"method": "logistic regression on frozen vectors and hashed words", "strength": STRENGTH},
        scores=scores,
        licence="Apache-2.0",
    )
    save_head(folder, head, card)
    return card


def _fitted(rows: Sequence[Labelled], vectors: VectorCache) -> Head:
    linear = fit_linear(vectors.of(rows), strength=STRENGTH, balanced=True)
    return Head(
        labels=linear.labels, weights=linear.weights, bias=linear.bias, words=linear.words,
        base=base_name(vectors.encoder),
    )  # fmt: skip
