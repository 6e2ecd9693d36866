"""Fit the intent head on frozen encoder vectors, calibrate it and say how good it is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finetune.calibrate import Scope, fit_scope, fit_temperature
from finetune.common_texts import common_rows
from finetune.examples import (
    Labelled,
    Splits,
    Utterance,
    columns_of,
    intent_rows,
    representative,
    sentiment_rows,
)
from finetune.logistic import STRENGTHS, Linear, choose_linear, fit_linear
from finetune.metrics import accuracy, auroc, confusions, coverage_at_error, expected_calibration_error, macro_f1
from finetune.reference import make_reference
from finetune.sentiment import fit_sentiment, sentiment_scores
from finetune.talk import fit_talk_heads
from finetune.vectors import Encoded, VectorCache
from rapport.cards import Card
from rapport.dialogues import Dialogue
from rapport.errors import BadRow
from rapport.heads import OOS, Head, HeadOutput, base_name, save_head
from rapport.paths import Home
from rapport.reference import add_reference
from rapport.registry import use

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

Progress = Callable[[str], None]
PLAN = {
    "method": "multinomial logistic regression on frozen vectors and hashed words",
    "masked": True,
    "fitted_on": "all rows; the scores are of the same fit without the test rows",
}


def fit_default_heads(
    home: Home,
    sample_examples: Iterable[Utterance],
    *,
    encoder: "Encoder",
    conversations: Sequence[Dialogue] | None = None,
    progress: Progress | None = None,
) -> list[Card]:
    """Fit, calibrate, publish and put to use every head that the agent reads a message with. Returns their cards.

    The artifact's name carries the fingerprint of its rows, so fitting again on the same rows replaces it by itself
    and another set of rows never overwrites a model that a rollback may need. conversations: see `fit_talk_heads`.
    """
    say = progress or (lambda _: None)
    utterances = representative(sample_examples)
    vectors = VectorCache(encoder)
    cards = []
    heads: dict[str, Head] = {}
    tasks = {"intent": intent_rows(utterances, more=common_rows()), "sentiment": sentiment_rows(utterances)}
    for kind, splits in tasks.items():
        say(f"fitting {kind} on {len(splits.train)} texts")
        fit, measure = (fit_intent, intent_scores) if kind == "intent" else (fit_sentiment, sentiment_scores)
        head = fit(splits, vectors)
        scores = measure(head, splits.test, vectors) if splits.test else {}
        new = _said(head, vectors.of(splits.test or splits.dev))
        heads[kind] = head  # before the refit: what reads its output must not see texts that it was fitted on
        head = refit(head, splits, vectors, balanced=kind == "intent")
        card = card_of(f"{kind}-{splits.fingerprint[:8]}", kind, head, splits=splits, scores=scores)
        save_head(home.models / card.name, head, card)
        every = vectors.of(splits.train + splits.dev + splits.test)
        add_reference(home.models / card.name, make_reference(every, _said(head, every), new=new))
        cards.append(use(home, kind, card.name))
    say("fitting escalation and finished")
    sentiment = heads["sentiment"]
    return [*cards, *fit_talk_heads(home, utterances, vectors, sentiment=sentiment, conversations=conversations)]


def _said(head: Head, rows: Encoded) -> HeadOutput:
    return head.predict(rows.vectors, rows.texts)


def fit_intent(splits: Splits, vectors: VectorCache) -> Head:
    """Choose and calibrate on dev, then fit on train and dev together.

    Rows labelled "oos" give the head a row that scores "out of scope" and calibrate `in_scope`; without any, every
    message counts as in scope. Raises BadRow where the rows cannot teach a classifier.
    """
    _check(splits)
    dev = vectors.of(splits.dev)
    chosen = _labels_first(choose_linear(vectors.of(splits.train), dev, strengths=STRENGTHS))
    own = tuple(label for label in chosen.labels if label != OOS)
    logits = chosen.logits(dev)
    known = [row for row, label in enumerate(dev.labels) if label in own]
    truth = columns_of(own, [dev.labels[row] for row in known])
    scope = _scope(logits, own, dev.labels)
    final = _labels_first(fit_linear(vectors.of(splits.train + splits.dev), strength=chosen.strength))
    return Head(
        labels=own,
        weights=final.weights,
        bias=final.bias,
        words=final.words,
        base=base_name(vectors.encoder),
        temperature=fit_temperature(logits[known, : len(own)], truth),
        scope_score=scope.score if scope else "none",
        scope_slope=scope.slope if scope else 1.0,
        scope_offset=scope.offset if scope else 0.0,
        facts={"strength": f"{chosen.strength:g}"},
    )


def refit(head: Head, splits: Splits, vectors: VectorCache, *, balanced: bool) -> Head:
    """The same head, its calibration kept, fitted on all rows: what is shipped should not lack the plainest questions.

    Scores must be taken before.
    """
    rows = vectors.of(splits.train + splits.dev + splits.test)
    linear = _labels_first(fit_linear(rows, strength=float(head.facts["strength"]), balanced=balanced))
    return replace(head, weights=linear.weights, bias=linear.bias, words=linear.words)


def intent_scores(head: Head, rows: Sequence[Labelled], vectors: VectorCache) -> dict[str, Any]:
    """accuracy, macro_f1, ece and coverage over in-scope rows; oos_auroc over all; None where it does not apply."""
    import numpy as np

    encoded = vectors.of(rows)
    said = head.predict(encoded.vectors, encoded.texts)
    inside = np.array([label != OOS for label in encoded.labels])
    known = np.flatnonzero(inside)
    guesses = [said.best(int(row))[0] for row in known]
    kept = [encoded.labels[row] for row in known]
    confidence = said.probabilities[known].max(axis=1)
    right = np.array([one == other for one, other in zip(kept, guesses, strict=True)])
    return {
        "rows": len(rows),
        "accuracy": accuracy(kept, guesses) if kept else None,
        "macro_f1": macro_f1(kept, guesses) if kept else None,
        "ece": expected_calibration_error(confidence, right) if kept else None,
        "coverage_at_5pct_error": coverage_at_error(confidence, right) if kept else None,
        "oos_auroc": auroc(said.in_scope, inside) if 0 < len(kept) < len(rows) else None,
        "confusions": confusions(kept, guesses),
    }


def card_of(name: str, kind: str, head: Head, *, splits: Splits, scores: dict[str, Any]) -> Card:
    """The card of a fitted head."""
    rows = {"train": len(splits.train), "dev": len(splits.dev), "test": len(splits.test)}
    return Card(
        name=name,
        kind=kind,
        base=head.base,
        data={"fingerprint": splits.fingerprint, "rows": rows, "labels": len(head.labels)},
        plan={**PLAN, **head.facts, "temperature": round(head.temperature, 4), "scope_score": head.scope_score},
        scores=scores,
    )


def _check(splits: Splits) -> None:
    labels = {row.label for row in splits.train} - {OOS}
    if len(labels) < 2:
        raise BadRow(
            f"the training rows have {len(labels)} intents; a classifier needs two or more.",
            hint="Give rows of other intents too.",
        )
    if not {row.label for row in splits.dev} & labels:
        raise BadRow("no dev row has a label of the training rows.", hint="Give a dev set with the same labels.")
    if unknown := {row.label for row in splits.dev} - labels - {OOS}:
        raise BadRow(f"dev rows have labels that no training row has: {', '.join(sorted(unknown))}.")


def _labels_first(linear: Linear) -> Linear:
    """The same map with the out-of-scope row last, where the head expects it."""
    return linear.ordered(sorted(linear.labels, key=lambda label: (label == OOS, label)))


def _scope(logits: "np.ndarray", own: Sequence[str], labels: Sequence[str]) -> Scope | None:
    import numpy as np

    inside = np.array([label != OOS for label in labels])
    if inside.all() or not inside.any():
        return None
    return fit_scope(logits, len(own), inside)
