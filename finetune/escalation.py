"""Fit the escalation head: is a message answered, is a person offered, or does one take over, and why.

The head is linear in the encoder's vector, the words and the features of `rapport.signals`; one softmax over level and
reason, calibrated on dev. The features' mean and spread are folded into weights and bias, so it is an ordinary head.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from finetune.calibrate import fit_temperature
from finetune.escalation_rows import RowMaker, Rows, dialogues_fingerprint, of_split
from finetune.examples import columns_of
from finetune.metrics import confusions, expected_calibration_error, macro_f1
from finetune.vectors import VectorCache
from finetune.wide import STRENGTH, fit_wide
from prompts.render import rules
from rapport.cards import Card
from rapport.dialogues import Dialogue
from rapport.errors import BadRow
from rapport.escalation import LEVELS, Thresholds, judge
from rapport.heads import Head, base_name, save_head
from rapport.paths import Home
from rapport.registry import use
from rapport.signals import fingerprint


def thresholds() -> Thresholds:
    """The thresholds in force, from `prompts/rules.toml`."""
    least = rules()["thresholds"]
    return Thresholds(escalate=least["escalate"], offer=least["offer"])


def fit_escalation(
    dialogues: Sequence[Dialogue], vectors: VectorCache, *, sentiment: Head, refit: bool = True
) -> tuple[Head, dict[str, Any]]:
    """The head and its scores on the test conversations, {} where there are none.

    Fitted on train and calibrated on dev; with refit, which follows the scoring, fitted on all of them.
    Raises BadRow where the conversations cannot teach a classifier.
    """
    maker = RowMaker(vectors, sentiment)
    train, dev, test = (maker.rows(of_split(dialogues, name)) for name in ("train", "dev", "test"))
    _check(train, dev)
    dim, base = vectors.encoder.dim, base_name(vectors.encoder)
    head = _fitted(train, dim=dim, base=base)
    head = replace(head, temperature=_temperature(head, dev))
    scores = escalation_scores(head, test) if len(test) else {}
    if refit:
        whole = _fitted(maker.rows(dialogues), dim=dim, base=base)
        head = replace(whole, temperature=head.temperature)
    return head, scores


def _temperature(head: Head, dev: Rows) -> float:
    known = [row for row, label in enumerate(dev.encoded.labels) if label in head.labels]
    texts = [dev.encoded.texts[row] for row in known]
    truth = columns_of(head.labels, [dev.encoded.labels[row] for row in known])
    return fit_temperature(head.logits(dev.encoded.vectors[known], texts), truth)


def _fitted(rows: Rows, *, dim: int, base: str) -> Head:
    # not balanced: most messages are answered, and a probability is to mean what it says
    linear = fit_wide(rows.encoded, dim=dim, balanced=False)
    return Head(
        labels=linear.labels,
        weights=linear.weights,
        bias=linear.bias,
        words=linear.words,
        base=base,
        facts={"strength": f"{STRENGTH:g}", "features": fingerprint()},
    )


def escalation_scores(head: Head, rows: Rows) -> dict[str, Any]:
    """How good a head is on labelled messages, at the thresholds in force, with the floor for danger.

    recall, precision: of "escalate". macro_f1: over the levels. ece: of the likeliest level, before the floor.
    reasons: share of right reasons where a person is offered or takes over and the rows name one.
    """
    import numpy as np

    output = head.predict(rows.encoded.vectors, rows.encoded.texts)
    judged = judge(output, rows.said, thresholds())
    guesses = [one.level for one in judged]
    right = sum(one == other == "escalate" for one, other in zip(rows.levels, guesses, strict=True))
    shares = np.stack(
        [output.probabilities[:, [label.startswith(level) for label in output.labels]].sum(axis=1) for level in LEVELS],
        axis=1,
    )
    likeliest = [LEVELS[column] for column in shares.argmax(axis=1)]
    hit = np.array([one == other for one, other in zip(rows.levels, likeliest, strict=True)])
    named = [(reason, one.reason) for reason, one in zip(rows.reasons, judged, strict=True) if reason and one.reason]
    are, said = rows.levels.count("escalate"), guesses.count("escalate")
    return {
        "rows": len(rows),
        "escalate": are,
        "recall": right / are if are else None,
        "precision": right / said if said else None,
        "macro_f1": macro_f1(rows.levels, guesses),
        "ece": expected_calibration_error(shares.max(axis=1), hit),
        "reasons": sum(one == other for one, other in named) / len(named) if named else None,
        "confusions": confusions(rows.levels, guesses),
    }


def publish_escalation(
    home: Home, dialogues: Sequence[Dialogue], vectors: VectorCache, *, sentiment: Head, name: str = ""
) -> Card:
    """Fit, publish and put to use an escalation head. name: of the artifact; by default that of its conversations."""
    head, scores = fit_escalation(dialogues, vectors, sentiment=sentiment)
    data = dialogues_fingerprint(dialogues)
    card = Card(
        name=name or f"escalation-{data[:8]}",
        kind="escalation",
        base=head.base,
        data={"fingerprint": data, "conversations": len(dialogues), "labels": len(head.labels)},
        plan={
            "method": "multinomial logistic regression on frozen vectors, hashed words, features of the conversation",
            "fitted_on": "all rows; the scores are of the same fit without the test rows",
            **head.facts,
            "temperature": round(head.temperature, 4),
        },
        scores=scores,
    )
    save_head(home.models / card.name, head, card)
    return use(home, "escalation", card.name)


def _check(train: Rows, dev: Rows) -> None:
    if "escalate" not in train.levels or len(set(train.levels)) < 2:
        raise BadRow(
            f"the training conversations are labelled {', '.join(sorted(set(train.levels))) or 'nothing'}.",
            hint="Give messages that are answered and messages that are escalated.",
        )
    if not set(dev.encoded.labels) & set(train.encoded.labels):
        raise BadRow(
            "no dev message has a label of the training messages.", hint="Give a dev part with the same labels."
        )
