"""Fit the sentiment head: negative, neutral or positive. `rapport.heads.sentiment_of` makes one number of the three."""

from collections.abc import Sequence
from typing import Any

from finetune.calibrate import fit_temperature
from finetune.examples import Labelled, Splits, columns_of
from finetune.logistic import STRENGTHS, choose_linear, fit_linear
from finetune.metrics import accuracy, confusions, expected_calibration_error, macro_f1
from finetune.vectors import VectorCache
from rapport.errors import BadRow
from rapport.heads import SENTIMENTS, Head, base_name


def fit_sentiment(splits: Splits, vectors: VectorCache) -> Head:
    """Choose strength and temperature on dev, then fit on train and dev together.

    Raises BadRow for a missing or an unknown label.
    """
    found = {row.label for row in splits.train}
    if found != set(SENTIMENTS) or not {row.label for row in splits.dev} <= found or not splits.dev:
        raise BadRow(
            f"the training rows are labelled {sorted(found)} and {len(splits.dev)} rows are for dev.",
            hint=f"All of {', '.join(SENTIMENTS)} must occur, and a dev set is needed.",
        )
    dev = vectors.of(splits.dev)
    # not balanced: most messages are neutral, and a calm customer taken for an angry one is a handover too many
    chosen = choose_linear(vectors.of(splits.train), dev, strengths=STRENGTHS, balanced=False)
    truth = columns_of(chosen.labels, dev.labels)
    final = fit_linear(vectors.of(splits.train + splits.dev), strength=chosen.strength, balanced=False)
    return Head(
        labels=final.labels,
        weights=final.weights,
        bias=final.bias,
        words=final.words,
        base=base_name(vectors.encoder),
        temperature=fit_temperature(chosen.logits(dev), truth),
        facts={"strength": f"{chosen.strength:g}"},
    )


def sentiment_scores(head: Head, rows: Sequence[Labelled], vectors: VectorCache) -> dict[str, Any]:
    """accuracy, macro_f1 and ece over all rows."""
    import numpy as np

    encoded = vectors.of(rows)
    truth = encoded.labels
    said = head.predict(encoded.vectors, encoded.texts)
    guesses = [said.best(row)[0] for row in range(len(rows))]
    right = np.array([one == other for one, other in zip(truth, guesses, strict=True)])
    return {
        "rows": len(rows),
        "accuracy": accuracy(truth, guesses),
        "macro_f1": macro_f1(truth, guesses),
        "ece": expected_calibration_error(said.probabilities.max(axis=1), right),
        "confusions": confusions(truth, guesses),
    }
