"""Fine-tune a reply model on training rows and publish the adapter with its card: what `rapport train reply` does."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from finetune.causal import Fitted, adapted, fit_causal
from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Row
from finetune.checkpoint import FILE as CHECKPOINT
from finetune.preference_train import load_trainable, save_adapter
from finetune.reply_rows import fingerprint
from finetune.reply_scores import SlotScores, slot_scores
from finetune.reply_splits import Split, distinct, split_rows
from finetune.train import check_name
from finetune.tuning import Watch
from prompts.fields import slots_of
from rapport.bases import BASE_WEIGHTS, STARTER, STARTER_FOLDER, WHOLE, starter_folder, weights_of
from rapport.cards import CARD, Card, publish, read_card
from rapport.errors import DataError, NotFound
from rapport.layers import without_peft_warnings
from rapport.paths import Home
from rapport.registry import REPLY
from rapport.replies import ReplySource, source_of

FEWEST = 30  # replies from which anything can be learnt and anything measured
OLD_MEASURED = 200
SHARE = 0.5  # old rows for each new one
# Chosen on the opticians' tickets of another seed. At twice this rate one old question in five was no longer answered
# with the right field, at half of it held-out loss stayed a fifth higher; AdamW needed more than twice the steps.
PLAN = CausalPlan(
    epochs=20, batch_tokens=1024, max_tokens=512, learning_rate=5e-3, optimizer="muon", rank=16, dropout=0.05
)
# What is usual for LoRA on a model that was trained on the world's text and needs few steps.
LARGE = CausalPlan(epochs=3, batch_tokens=4096, max_tokens=1024, learning_rate=2e-4, rank=16, dropout=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyJob:
    """One training. base: what it stands on: "starter", a reply model of the home, a folder or a hub id.

    left_out: replies that became no row, by reason. old: rows of what the base knows already, mixed in so that it does
    not forget; old_held_out: such rows to measure whether it does. share: old rows for each new one, in every epoch.
    """

    name: str
    base: str
    rows: Sequence[Row]
    left_out: Mapping[str, int] = field(default_factory=dict)
    old: Sequence[Row] = ()
    old_held_out: Sequence[Row] = ()
    share: float = SHARE
    plan: CausalPlan = PLAN
    replace: bool = False


@dataclass(frozen=True, slots=True)
class _Dealt:
    split: Split
    doubles: int
    old: tuple[Row, ...]


def train_reply(home: Home, job: ReplyJob, *, watch: Watch) -> Card:
    """Fit and publish an adapter; a killed run goes on where it was. Returns its card. It is not put to use.

    Of several processes all train, and the first one measures and publishes.
    Raises NotFound for no such base, Refused for a name that is taken, DataError for too few rows.
    """
    check_name(home, job.name, replaced=job.replace)
    source = base_source(home, job.base)
    dealt = _dealt(job)
    folder = home.runs / f"train-{job.name}-{_key(job, source, dealt)}"
    model, tokenizer = load_trainable(source)
    before = _measured(model, tokenizer, job, dealt) if is_main() else {}
    watch.say(
        f"{len(dealt.split.train):,} replies to learn, {len(dealt.split.held_out):,} held out (later, of other "
        f"customers), {len(dealt.old):,} rows of what it knows mixed in."
    )
    # One long epoch: the new rows come again and again, each time with old rows that were not there yet. A few old ones
    # that come again would be learnt by heart, which keeps little of what they stand for.
    given = [*dealt.split.train] * max(1, round(job.plan.epochs)) + [*dealt.old]
    with without_peft_warnings():
        fitted = fit_causal(
            model, tokenizer, given, held_out=dealt.split.held_out, plan=changed(job.plan, epochs=1.0),
            folder=folder, progress=watch,
        )  # fmt: skip
    trained = _whole(fitted, source)
    after = _measured(trained, tokenizer, job, dealt) if is_main() else {}
    card = _card(home, job, source, dealt, fitted, (before, after))
    if is_main():
        with publish(home.models / job.name, card) as temporary:
            save_adapter(trained, temporary, base=card.base)
        for checkpoint in folder.rglob(CHECKPOINT):
            checkpoint.unlink()
    return card


def base_source(home: Home, base: str) -> ReplySource:
    """What to begin with. Raises NotFound where nothing of that name is there."""
    if base == STARTER and starter_folder() is None:
        raise NotFound(
            "this installation has no starter.", hint="Name another model: --base NAME, a folder or a hub id."
        )
    if base == STARTER or (home.models / base / CARD).is_file():
        return source_of(home, base)
    folder = Path(base).expanduser()
    if (folder / WHOLE).is_file():
        return ReplySource(name=str(folder.absolute()), model=str(folder.absolute()))
    if base.count("/") == 1 and not folder.is_dir():
        return ReplySource(name=base, model=base)
    raise NotFound(
        f"there is no model '{base}' to begin with.",
        hint="Give starter, a model of: rapport models list, a folder with config.json, or a hub id (OWNER/NAME).",
    )


def plan_for(source: ReplySource) -> CausalPlan:
    """How to train on this model where nobody says otherwise: the starter is small, others are taken for large."""
    return PLAN if Path(source.model) == STARTER_FOLDER else LARGE


def old_needed(plan: CausalPlan, share: float, count: int) -> int:
    """How many old rows a training on so many new ones takes."""
    return round(share * max(1, round(plan.epochs)) * count)


def is_main() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


def _dealt(job: ReplyJob) -> _Dealt:
    rows, doubles = distinct(job.rows)
    if len(rows) < FEWEST:
        raise DataError(
            f"only {len(rows)} different replies can be learnt; it takes {FEWEST}.",
            hint="; ".join(f"{count:,} left out: {why}" for why, count in job.left_out.items()) or "Give more rows.",
        )
    split = split_rows(rows, seed=job.plan.seed)
    return _Dealt(split, doubles, tuple(job.old[: old_needed(job.plan, job.share, len(split.train))]))


def _measured(model: Any, tokenizer: Any, job: ReplyJob, dealt: _Dealt) -> dict[str, SlotScores]:
    parts = {"new": dealt.split.held_out, "old": job.old_held_out[:OLD_MEASURED]}
    scores = {name: slot_scores(model, tokenizer, rows, name=job.base) for name, rows in parts.items()}
    return {name: found for name, found in scores.items() if found}


def _whole(fitted: Fitted, source: ReplySource) -> Any:
    """The trained model in one piece, also where its weights were spread over processes."""
    if fitted.gathered is None or not is_main():
        return fitted.model
    with without_peft_warnings():
        model = adapted(load_trainable(source)[0], fitted.plan)
    model.load_state_dict(fitted.gathered, strict=False)
    return model


def _card(home: Home, job: ReplyJob, source: ReplySource, dealt: _Dealt, fitted: Fitted,
          measured: tuple[dict[str, SlotScores], dict[str, SlotScores]]) -> Card:  # fmt: skip
    base, weights = _standing(home, job, source)
    split = dealt.split
    slots = any(slots_of(row["messages"][-1]["content"]) for row in split.train)
    return Card(
        name=job.name,
        kind=REPLY,
        base=base,
        data={
            "fingerprint": fingerprint([*split.train, *split.held_out]),
            "rows": {"train": len(split.train), "held_out": len(split.held_out), "old": len(dealt.old)},
            "split": "held out: later, of customers not in train",
            "dropped": split.dropped,
            "doubles": dealt.doubles,
            "left_out": dict(job.left_out),
            "too_long": fitted.left_out,
            **weights,
        },
        plan={"protocol": "slots" if slots else "text", "method": "sft", "began_with": job.base, "share": job.share,
              **fitted.plan.as_card(), "epochs": job.plan.epochs},
        scores={
            "on": "held-out replies",
            "seconds": fitted.seconds,
            "steps": fitted.steps,
            "tokens": fitted.tokens,
            "loss_before": _rounded(fitted.before),
            "loss_after": _rounded(fitted.after),
            **{f"{part}_{when}": {name: _rounded(value) for name, value in asdict(found).items()}
               for when, scores in zip(("before", "after"), measured, strict=True) for part, found in scores.items()},
        },
    )  # fmt: skip


def _standing(home: Home, job: ReplyJob, source: ReplySource) -> tuple[str, dict[str, str]]:
    """The whole model that the adapter stands on, and the fingerprint of its weights where it has a card."""
    folder = Path(source.model)
    weights = {BASE_WEIGHTS: weights_of(read_card(folder, verify=False))} if (folder / CARD).is_file() else {}
    if source.adapter:
        return read_card(Path(source.adapter), verify=False).base, weights
    return source.name, weights


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _key(job: ReplyJob, source: ReplySource, dealt: _Dealt) -> str:
    """Names the run: the same rows, plan and base go on from the same checkpoint."""
    rows = [fingerprint(part) for part in (dealt.split.train, dealt.split.held_out, dealt.old)]
    facts = json.dumps([rows, job.plan.as_card(), source.model, source.adapter], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:8]
