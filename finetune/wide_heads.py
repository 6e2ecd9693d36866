"""Fit and calibrate a head that reads features beside its vectors. Knows nothing of what they or the labels mean."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finetune.calibrate import fit_temperature
from finetune.examples import columns_of
from finetune.vectors import Encoded
from finetune.wide import STRENGTH, fit_wide
from rapport.heads import Head, base_name

if TYPE_CHECKING:
    from rapport.models import Encoder


def fit_wide_head(train: Encoded, dev: Encoded, encoder: "Encoder", *, features: str) -> Head:
    """A head of wide rows, its temperature fitted on the dev rows whose label it knows; one of them at least.

    features: fingerprint of what stands behind the encoder's vectors.
    """
    head = _fitted(train, encoder, features)
    known = dev.take([row for row, label in enumerate(dev.labels) if label in head.labels])
    truth = columns_of(head.labels, known.labels)
    return replace(head, temperature=fit_temperature(head.logits(known.vectors, known.texts), truth))


def refit_wide_head(head: Head, rows: Encoded, encoder: "Encoder") -> Head:
    """The same head fitted on these rows, its calibration kept. Scores must be taken before it has seen test rows."""
    return replace(_fitted(rows, encoder, head.facts["features"]), temperature=head.temperature)


def plan_of(head: Head, method: str) -> dict[str, Any]:
    """How such a head was made, for its card."""
    return {
        "method": method,
        "fitted_on": "all rows; the scores are of the same fit without the rows that they are measured on",
        **head.facts,
        "temperature": round(head.temperature, 4),
    }


def _fitted(rows: Encoded, encoder: "Encoder", features: str) -> Head:
    # not balanced: a probability is to mean what it says, and rare labels are rare in life
    linear = fit_wide(rows, dim=encoder.dim, balanced=False)
    return Head(
        labels=linear.labels,
        weights=linear.weights,
        bias=linear.bias,
        words=linear.words,
        base=base_name(encoder),
        facts={"strength": f"{STRENGTH:g}", "features": features},
    )
