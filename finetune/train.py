"""Train a classifier from labelled rows and publish it with its card: what `rapport train` does."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.card_text import CARD_TEXT, card_text
from finetune.checkpoint import FILE as CHECKPOINT
from finetune.costs import costs_of
from finetune.directions import sentiment_fit
from finetune.examples import Labelled, Splits
from finetune.fitting import Fitted, fit_classifier
from finetune.folds import SMALL
from finetune.logistic import Fit, fit_linear
from finetune.parts import Layers
from finetune.plan import Task, TrainingPlan, middle_size, plan_for
from finetune.reference import make_reference
from finetune.row_checks import check_rows
from finetune.scores import scores_of
from finetune.tuning import Watch
from finetune.vectors import Encoded, VectorCache
from rapport.bases import STARTER, standing_on
from rapport.cards import CARD, Card, publish
from rapport.classifiers import ADAPTER_FOLDER, LAYERS_FILE
from rapport.errors import Refused
from rapport.heads import HeadOutput, base_name, write_head
from rapport.paths import Home
from rapport.reference import Reference, save_reference
from rapport.registry import REPLY, history
from rapport.scope import softmax

if TYPE_CHECKING:
    from rapport.models import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training: what for, on which rows, by which plan. notes: what the reader of the rows found.

    unlabelled: further messages, which teach by the labels that a first fit is sure of.
    """

    task: Task
    name: str
    train: Sequence[Labelled]
    dev: Sequence[Labelled] = ()
    plan: TrainingPlan = field(default_factory=TrainingPlan)
    notes: Sequence[str] = ()
    replace: bool = False
    unlabelled: Sequence[str] = ()


def train_classifier(home: Home, job: Job, *, encoder: "Encoder", watch: Watch) -> Card:
    """Fit, calibrate and publish; a run that was killed goes on where it stopped. Nothing half-made is ever left.

    Raises Refused for a name that is taken, BadRow for rows that cannot teach a classifier.
    """
    check_name(home, job.name, replaced=job.replace)
    check_rows(job.task, job.train, job.dev)
    started = time.perf_counter()
    plan = plan_for(job.task, job.train, job.plan)
    if plan.contrast and plan.method != "head":
        watch.say(
            f"Few rows a label (the middle one has {middle_size(job.train):g}): layers learn by contrast between "
            f"examples, in runs that are averaged: {plan.soup}; epochs: {plan.rounds}."
        )
    folder = home.runs / f"train-{job.name}-{_key(job, plan, encoder)}"
    vectors = VectorCache(encoder)
    fitted = fit_classifier(job.train, job.dev, vectors, plan, folder=folder, watch=watch, fit=_fit_of(job, encoder),
                            unlabelled=job.unlabelled)  # fmt: skip
    card = _card(job, fitted, encoder=encoder, seconds=time.perf_counter() - started)
    with publish(home.models / job.name, card) as temporary:
        write_head(temporary, fitted.head)
        if fitted.layers is not None:
            _write_layers(temporary, fitted.layers)
        save_reference(temporary, reference_of(fitted, vectors.of(job.train)))
        (temporary / CARD_TEXT).write_text(card_text(card), encoding="utf-8")
    for checkpoint in folder.rglob(CHECKPOINT):
        checkpoint.unlink()
    return card


def _fit_of(job: Job, encoder: "Encoder") -> Fit:
    """Few rows lean on what many comments taught; many say themselves how sentiments differ."""
    return sentiment_fit(encoder) if job.task == "sentiment" and len(job.train) < SMALL else fit_linear


def reference_of(fitted: Fitted, rows: Encoded) -> Reference:
    """What later messages are compared with: the training rows' labels and vectors, the held-out rows' certainty."""
    head, held = fitted.head, fitted.held_out
    shares = softmax(held.logits[:, : len(head.labels)] / head.temperature)
    said = HeadOutput(head.labels, shares, head.scope_of(held.logits, held.near * head.near), head.accept)
    return make_reference(rows, said, new=replace(said))


def _write_layers(folder: Path, layers: Layers) -> None:
    from rapport.layers import save_layers

    if layers.plan.method == "lora":
        layers.network.top.save_pretrained(str(folder / ADAPTER_FOLDER))
    else:
        save_layers(layers.network.top, folder / LAYERS_FILE)


def _card(job: Job, fitted: Fitted, *, encoder: "Encoder", seconds: float) -> Card:
    splits = Splits(tuple(job.train), tuple(job.dev), ())
    method = "head" if fitted.layers is None else "lora" if fitted.plan.method == "lora" else "full"
    held = (
        "dev rows" if job.dev else f"rows held out ({fitted.folds} of 3 parts)" if fitted.folds > 1 else "held-out rows"
    )
    unlabelled = {"unlabelled": len(job.unlabelled)} if job.unlabelled else {}
    said_in = {row.group for row in job.train if row.group}
    return Card(
        name=job.name,
        kind=job.task,
        base=base_name(encoder),
        data={
            "fingerprint": splits.fingerprint,
            "rows": {"train": len(job.train), "dev": len(fitted.held_out.truth), **unlabelled},
            "labels": len(fitted.head.labels),
            "conversations": len(said_in),
            "sizes": dict(Counter(row.label for row in job.train).most_common()),
            "notes": list(job.notes),
        },
        plan={
            **fitted.plan.as_card(),
            "method": method,
            "wanted": job.plan.method,
            "start": fitted.head.start,
            **fitted.head.facts,
            "temperature": round(fitted.head.temperature, 4),
            "scope_score": fitted.head.scope_score,
            "accept": _finite(fitted.head.accept),
            "costs": costs_of(fitted.layers),
        },
        scores={"on": held, "seconds": round(seconds, 1), **scores_of(fitted.head, fitted.held_out)},
    )


def _finite(value: float) -> float | None:
    return round(value, 4) if value < float("inf") else None


def _key(job: Job, plan: TrainingPlan, encoder: "Encoder") -> str:
    """Names the run: the same rows in the same groups, plan and encoder go on from the same checkpoint."""
    splits = Splits(tuple(job.train), tuple(job.dev), ())
    groups = [row.group for row in job.train]
    told = [splits.fingerprint, plan.as_card(), base_name(encoder), *([groups] if any(groups) else [])]
    facts = json.dumps(told, sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:8]


def check_name(home: Home, name: str, *, replaced: bool) -> None:
    """Raise Refused for a name that no model can have, and for one that is taken unless it is to be replaced.

    A model that others stand on is never replaced: they would answer with weights that they were not trained on. Nor is
    a reply model that is in use or was: a rollback goes back to the very same answers.
    """
    if not name or Path(name).name != name or name.startswith(".") or name == STARTER:
        raise Refused(f"'{name}' cannot be the name of a model.", hint="Give letters, digits, - and _.")
    if (home.models / name / CARD).is_file() and not replaced:
        raise Refused(f"there is a model '{name}' already.", hint="Give another --name, or --replace it.")
    if above := standing_on(home.models, name):
        raise Refused(f"'{above[0]}' stands on the model '{name}'.", hint="Give another --name.")
    if name in history(home, REPLY):
        raise Refused(f"'{name}' is in use, or a rollback would go back to it.", hint="Give another --name.")
