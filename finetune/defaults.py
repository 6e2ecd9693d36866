"""Fit the heads that a home starts with, on the sample company's texts: what `rapport init` does.

On the default encoder it takes those that `finetune.ready` made so beforehand.

Intent and sentiment are fitted as any other classifier with the method `head`; what is shipped is then fitted on all
rows, so that it does not lack the plainest questions. Escalation and "finished" are in `finetune.talk`.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.common_texts import common_rows, stranger_rows
from finetune.directions import sentiment_fit
from finetune.elsewhere import shipped_elsewhere
from finetune.escalation_rows import dialogues_fingerprint
from finetune.examples import Labelled, Splits, intent_rows, representative, sentiment_rows
from finetune.fitting import fit_classifier, known_and_strange
from finetune.logistic import Fit, fit_linear
from finetune.parts import with_oos_last
from finetune.plan import Task, TrainingPlan
from finetune.reference import make_reference
from finetune.row_checks import check_rows
from finetune.scores import classifier_scores
from finetune.talk import fit_talk_heads
from finetune.tuning import Unwatched
from finetune.vectors import VectorCache
from rapport.cards import Card, publish
from rapport.dialogues import Dialogue, Ordinary
from rapport.heads import Head, HeadOutput, base_name, write_head
from rapport.paths import Home
from rapport.reference import save_reference
from rapport.registry import ROLES, use

if TYPE_CHECKING:
    from rapport.models import Encoder

Progress = Callable[[str], None]
# Sentiment is not balanced: most messages are neutral, and a calm customer taken for an angry one is one handover
# too many.
PLANS: dict[Task, TrainingPlan] = {
    "intent": TrainingPlan(method="head", balanced=True, beside=True),
    "sentiment": TrainingPlan(method="head", balanced=False, closed=True),
}
_ROOT = Path(__file__).resolve().parent.parent
# Beside a home's own rows. The code that fits has a number of its own: raise it where heads come out different.
MADE_FROM = tuple(
    _ROOT / place for place in ("finetune/common", "finetune/strangers.toml", "rapport/sample", "rapport/alarm")
)
FITTING = 1
DIGITS = 8  # of the fingerprint in a name
MADE = {
    "method": "multinomial logistic regression on frozen vectors and hashed words",
    "masked": True,
    "fitted_on": "all rows; the scores are of the same fit without the test rows",
}


def fit_default_heads(
    home: Home,
    sample_examples: Iterable[Ordinary],
    *,
    encoder: "Encoder",
    conversations: Sequence[Dialogue] | None = None,
    roles: Collection[str] = ROLES,
    progress: Progress | None = None,
) -> list[Card]:
    """Fit, calibrate, publish and put to use the heads that the agent reads a message with. Returns their cards.

    The artifacts are called what `default_names` says, so fitting again on the same rows replaces them by themselves
    and what was made from something else stays for a rollback. conversations: see `fit_talk_heads`. roles: of the
    heads that are wanted.
    """
    say = progress or (lambda _: None)
    utterances = representative(sample_examples)
    names = default_names(utterances, encoder, conversations=conversations)
    vectors = VectorCache(encoder)
    cards, heads = [], {}
    for task, splits in _tasks(utterances).items():
        say(f"fitting {task} on {len(splits.train)} texts")
        # before the refit: what reads its output must not see texts that it was fitted on
        heads[task] = fit_head(task, splits, vectors)
        if task in roles:
            cards.append(_published(home, task, heads[task], splits, vectors, name=names[task]))
    say("fitting escalation and finished")
    wanted = {role: name for role, name in names.items() if role in roles}
    talk = fit_talk_heads(home, utterances, vectors, names=wanted, sentiment=heads["sentiment"],
                          conversations=conversations)  # fmt: skip
    return [*cards, *talk]


def default_names(
    sample_examples: Iterable[Ordinary], encoder: "Encoder", *, conversations: Sequence[Dialogue] | None = None
) -> dict[str, str]:
    """What the heads of a new home are called, by role: the names carry the fingerprint of all they are made from."""
    made_of = [base_name(encoder), _shipped()]
    made_of += [splits.fingerprint for splits in _tasks(representative(sample_examples)).values()]
    made_of += [] if conversations is None else [dialogues_fingerprint(conversations)]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:DIGITS]
    return {role: f"{role}-{digest}" for role in ROLES}


def is_default(role: str, name: str) -> bool:
    """Whether a head of this name is one that `fit_default_heads` made, now or in an earlier version."""
    return re.fullmatch(rf"{re.escape(role)}-[0-9a-f]{{{DIGITS}}}", name) is not None


def _tasks(utterances: Sequence[Ordinary]) -> dict[Task, Splits]:
    return {"intent": intent_rows(utterances, more=common_rows()), "sentiment": sentiment_rows(utterances)}


@functools.cache
def _shipped() -> str:
    """The fingerprint of the texts and weights that heads are made from beside a home's own rows, and of the code."""
    digest = hashlib.sha256(f"{FITTING}\n".encode())
    for place in MADE_FROM:
        for file in sorted(place.rglob("*")) if place.is_dir() else (place,):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(_ROOT).as_posix()}\n{file.stat().st_size}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def fit_head(task: Task, splits: Splits, vectors: VectorCache) -> Head:
    """Choose and calibrate on dev, then fit on train and dev together. Raises BadRow, see `check_rows`."""
    check_rows(task, splits.train, splits.dev)
    plan, fit = PLANS[task], _fit_of(task, vectors)
    fitted = fit_classifier(
        splits.train, splits.dev, vectors, plan,
        folder=Path(), watch=Unwatched(), fit=fit, strangers=stranger_rows() if plan.beside else (),
    )  # fmt: skip
    head = replace(fitted.head, elsewhere=shipped_elsewhere(vectors.encoder)) if plan.beside else fitted.head
    return refit(task, head, splits.train + splits.dev, vectors)


def refit(task: Task, head: Head, rows: Sequence[Labelled], vectors: VectorCache) -> Head:
    """The same head, its calibration kept, fitted on these rows. Scores must be taken before it has seen test rows."""
    fit = _fit_of(task, vectors)
    linear = fit(vectors.of(rows), strength=float(head.facts["strength"]), balanced=PLANS[task].balanced)
    ordered = linear.ordered(with_oos_last(linear.labels))
    fitted = replace(head, weights=ordered.weights, bias=ordered.bias, words=ordered.words)
    if head.strangers is None:
        return fitted
    known, strange = known_and_strange(vectors.of([*rows, *stranger_rows()]), keep_strangers=True)
    return replace(fitted, neighbours=known, strangers=strange)


def _fit_of(task: Task, vectors: VectorCache) -> Fit:
    return sentiment_fit(vectors.encoder) if task == "sentiment" else fit_linear


def said_of(head: Head, rows: Sequence[Labelled], vectors: VectorCache) -> HeadOutput:
    """What a head says of labelled texts."""
    encoded = vectors.of(rows)
    return head.predict(encoded.vectors, encoded.texts)


def _published(home: Home, task: Task, head: Head, splits: Splits, vectors: VectorCache, *, name: str) -> Card:
    """Publish the head as fitted on all rows, with the scores and the reference of the head that has not seen test."""
    everything = splits.train + splits.dev + splits.test
    scores = classifier_scores(said_of(head, splits.test, vectors), [row.label for row in splits.test])
    new = said_of(head, splits.test or splits.dev, vectors)
    shipped = refit(task, head, everything, vectors)
    card = replace(_card(task, shipped, splits, scores if splits.test else {}), name=name)
    with publish(home.models / card.name, card) as temporary:
        write_head(temporary, shipped)
        known = said_of(shipped, everything, vectors)
        save_reference(temporary, make_reference(vectors.of(everything), known, new=new))
    return use(home, task, card.name)


def _card(task: Task, head: Head, splits: Splits, scores: dict[str, Any]) -> Card:
    rows = {"train": len(splits.train), "dev": len(splits.dev), "test": len(splits.test)}
    return Card(
        name=task,
        kind=task,
        base=head.base,
        data={"fingerprint": splits.fingerprint, "rows": rows, "labels": len(head.labels)},
        plan={**MADE, **head.facts, "temperature": round(head.temperature, 4), "scope_score": head.scope_score},
        scores=scores,
    )
