"""Fit and calibrate a head that reads features beside its vectors. Knows nothing of what they or the labels mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finetune.calibrate import fit_temperature
from finetune.examples import columns_of
from finetune.vectors import Encoded
from finetune.wide import STRENGTH, fit_wide
from rapport.heads import Head, base_name

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

Logits = Callable[[Head, Encoded], "np.ndarray"]


def own_logits(head: Head, rows: Encoded) -> "np.ndarray":
    """Those of a head that reads nothing else."""
    return head.logits(rows.vectors, rows.texts)


def fit_wide_head(
    train: Encoded, dev: Encoded, encoder: "Encoder", *, features: str, given: "np.ndarray | None" = None,
    logits: Logits = own_logits,
) -> Head:  # fmt: skip
    """A head of wide rows, its temperature fitted on the dev rows whose label it knows; one of them at least.

    features: fingerprint of what stands behind the encoder's vectors. given: see `fit_linear`. logits: of the head as
    it is used.
    """
    head = _fitted(train, encoder, {"features": features}, given)
    known = dev.take([row for row, label in enumerate(dev.labels) if label in head.labels])
    truth = columns_of(head.labels, known.labels)
    return replace(head, temperature=fit_temperature(logits(head, known), truth))


def refit_wide_head(head: Head, rows: Encoded, encoder: "Encoder", *, given: "np.ndarray | None" = None) -> Head:
    """The same head fitted on these rows, its calibration kept. Scores must be taken before it has seen test rows."""
    return replace(_fitted(rows, encoder, head.facts, given), temperature=head.temperature)


def plan_of(head: Head, method: str) -> dict[str, Any]:
    """How such a head was made, for its card."""
    return {
        "method": method,
        "fitted_on": "all rows; the scores are of the same fit without the rows that they are measured on",
        **head.facts,
        "temperature": round(head.temperature, 4),
    }


def _fitted(rows: Encoded, encoder: "Encoder", facts: Mapping[str, str], given: "np.ndarray | None") -> Head:
    # not balanced: a probability is to mean what it says, and rare labels are rare in life
    linear = fit_wide(rows, dim=encoder.dim, balanced=False, given=given)
    return Head(
        labels=linear.labels,
        weights=linear.weights,
        bias=linear.bias,
        words=linear.words,
        base=base_name(encoder),
        facts={**facts, "strength": f"{STRENGTH:g}"},
    )
