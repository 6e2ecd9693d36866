"""Fit the head that says whether a customer has finished, on frozen vectors, words and the surface of the message."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from finetune.examples import Labelled, Splits
from finetune.vectors import Encoded, VectorCache
from finetune.wide_heads import fit_wide_head, plan_of, refit_wide_head
from rapport.cards import Card
from rapport.errors import BadRow
from rapport.finishing import FINISHED, MORE, fingerprint, wide
from rapport.heads import Head, save_head
from rapport.metrics import accuracy, auroc, expected_calibration_error
from rapport.paths import Home
from rapport.registry import use


class Ending(Protocol):
    """What the sample company gives: a message, whether it is finished, and its split."""

    @property
    def text(self) -> str: ...
    @property
    def finished(self) -> bool: ...
    @property
    def split(self) -> str: ...


def finished_rows(endings: Iterable[Ending]) -> Splits:
    """Rows labelled "finished" or "more"."""
    parts: dict[str, list[Labelled]] = {"train": [], "dev": [], "test": []}
    for ending in endings:
        parts[ending.split].append(Labelled(ending.text, FINISHED if ending.finished else MORE))
    return Splits(tuple(parts["train"]), tuple(parts["dev"]), tuple(parts["test"]))


def fit_finished(splits: Splits, vectors: VectorCache, *, refit: bool = True) -> tuple[Head, dict[str, Any]]:
    """The head and its scores on the test rows, {} where there are none.

    Fitted on train and calibrated on dev; with refit, which follows the scoring, fitted on all rows.
    Raises BadRow where train or dev lack one of the labels.
    """
    for name, rows in (("training", splits.train), ("dev", splits.dev)):
        if {row.label for row in rows} != {FINISHED, MORE}:
            raise BadRow(f"the {name} rows need both labels, {FINISHED} and {MORE}.")
    encoder = vectors.encoder
    head = fit_wide_head(_wide(splits.train, vectors), _wide(splits.dev, vectors), encoder, features=fingerprint())
    scores = finished_scores(head, splits.test, vectors) if splits.test else {}
    if refit:
        head = refit_wide_head(head, _wide(splits.train + splits.dev + splits.test, vectors), encoder)
    return head, scores


def finished_scores(head: Head, rows: Sequence[Labelled], vectors: VectorCache) -> dict[str, Any]:
    """auroc of finished against more, accuracy at one half, and ece."""
    import numpy as np

    encoded = _wide(rows, vectors)
    said = head.predict(encoded.vectors, encoded.texts).probabilities[:, head.labels.index(FINISHED)]
    truth = np.array([label == FINISHED for label in encoded.labels])
    guesses = [FINISHED if share >= 0.5 else MORE for share in said]
    return {
        "rows": len(rows),
        "auroc": auroc(said, truth),
        "accuracy": accuracy(encoded.labels, guesses),
        "ece": expected_calibration_error(np.maximum(said, 1 - said), (said >= 0.5) == truth),
    }


def publish_finished(home: Home, splits: Splits, vectors: VectorCache, *, name: str) -> Card:
    """Fit, publish under this name and put to use the head."""
    head, scores = fit_finished(splits, vectors)
    card = Card(
        name=name,
        kind="finished",
        base=head.base,
        data={
            "fingerprint": splits.fingerprint,
            "rows": {"train": len(splits.train), "dev": len(splits.dev), "test": len(splits.test)},
        },
        plan=plan_of(head, "logistic regression on frozen vectors, hashed words and the surface of the message"),
        scores=scores,
    )
    save_head(home.models / card.name, head, card)
    return use(home, "finished", card.name)


def _wide(rows: Sequence[Labelled], vectors: VectorCache) -> Encoded:
    encoded = vectors.of(rows)
    return replace(encoded, vectors=wide(encoded.vectors, [row.text for row in rows]))
