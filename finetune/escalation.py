"""Fit the escalation head: is a message answered, is a person offered, or does one take over, and why.

The head is linear in the encoder's vector, the words and the features of `rapport.signals`; one softmax over level and
reason, calibrated on dev. The features' mean and spread are folded into weights and bias, so it is an ordinary head.
Where it is in doubt the shipped alarm is asked beside it, see `finetune.hearing`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from finetune.card_text import CARD_TEXT, card_text
from finetune.escalation_rows import RowMaker, Rows, dialogues_fingerprint, of_split
from finetune.hearing import Hearing, hearing_for
from finetune.vectors import VectorCache
from finetune.wide_heads import fit_wide_head, plan_of, refit_wide_head
from prompts.render import rules
from rapport.cards import Card, publish
from rapport.classifiers import Classifier
from rapport.dialogues import Dialogue
from rapport.errors import BadRow
from rapport.escalation import LEVELS, Ask, Thresholds, judge, told
from rapport.heads import Head, write_head
from rapport.metrics import confusions, expected_calibration_error, macro_f1
from rapport.paths import Home
from rapport.registry import use
from rapport.signals import fingerprint

METHOD = "multinomial logistic regression on frozen vectors, hashed words, features of the conversation"


def thresholds() -> Thresholds:
    """The thresholds in force, from `prompts/rules.toml`."""
    least = rules()["thresholds"]
    return Thresholds(escalate=least["escalate"], offer=least["offer"])


def fit_escalation(
    dialogues: Sequence[Dialogue], vectors: VectorCache, *, sentiment: Classifier, refit: bool = True
) -> tuple[Head, dict[str, Any]]:
    """The head and its scores on the test conversations, on those of dev where there are none.

    Fitted on train and calibrated on dev; with refit, which follows the scoring, fitted on all of them.
    sentiment: the classifier that is asked at each turn.
    Raises BadRow where the conversations cannot teach a classifier.
    """
    maker = RowMaker(vectors, sentiment)
    train, dev, test = (maker.rows(of_split(dialogues, name)) for name in ("train", "dev", "test"))
    _check(train, dev)
    hearing = hearing_for(dialogues, vectors.encoder)
    head = _fitted(train, dev, hearing)
    held_out, name = (test, "test") if len(test) else (dev, "dev")
    scores = {"on": f"{name} conversations", **escalation_scores(head, held_out, ask=hearing.ask(held_out.encoded))}
    if refit:
        every = train.plus(dev).plus(test)
        head = refit_wide_head(head, every.encoded, vectors.encoder, given=hearing.given(every))
    return head, scores


def _fitted(train: Rows, dev: Rows, hearing: Hearing) -> Head:
    head = fit_wide_head(
        train.encoded, dev.encoded, hearing.encoder, features=fingerprint(), given=hearing.given(train),
        logits=hearing.logits,
    )  # fmt: skip
    return replace(head, facts={**head.facts, **hearing.facts})


def escalation_scores(head: Head, rows: Rows, *, ask: Ask | None = None) -> dict[str, Any]:
    """How good a head is on labelled messages, at the thresholds in force, with the floor for danger.

    ask: asks the alarm, where the head reads one.
    recall, precision: of "escalate". macro_f1: over the levels. ece: of the likeliest level, before the floor.
    reasons: share of right reasons where a person is offered or takes over and the rows name one.
    """
    import numpy as np

    output = told(head, rows.encoded.vectors, rows.encoded.texts, ask)
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
    home: Home, dialogues: Sequence[Dialogue], vectors: VectorCache, *, sentiment: Classifier, name: str = ""
) -> Card:
    """Fit, publish and put to use an escalation head. name: of the artifact; by default that of its conversations."""
    return use(home, "escalation", train_escalation(home, dialogues, vectors, sentiment=sentiment, name=name).name)


def train_escalation(
    home: Home, dialogues: Sequence[Dialogue], vectors: VectorCache, *, sentiment: Classifier, name: str = ""
) -> Card:
    """Fit and publish an escalation head with its card, or nothing at all; one of the same name is replaced.

    Raises BadRow where the conversations cannot teach a classifier.
    """
    head, scores = fit_escalation(dialogues, vectors, sentiment=sentiment)
    data = dialogues_fingerprint(dialogues)
    labels = [
        (one.split, f"{said.level} {said.reason}".strip()) for one in dialogues for said in one.said if said.level
    ]
    card = Card(
        name=name or f"escalation-{data[:8]}",
        kind="escalation",
        base=head.base,
        data={
            "fingerprint": data,
            "conversations": len(dialogues),
            "rows": {part: sum(split == part for split, _ in labels) for part in ("train", "dev", "test")},
            "labels": len(head.labels),
            "sizes": dict(Counter(label for _, label in labels).most_common()),
        },
        plan={**plan_of(head, METHOD), "sentiment": sentiment.head.name or "fitted beside it"},
        scores=scores,
    )
    with publish(home.models / card.name, card) as temporary:
        write_head(temporary, head)
        (temporary / CARD_TEXT).write_text(card_text(card), encoding="utf-8")
    return card


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
