"""Train a reply model of a home on preferred replies and publish the adapter: what `rapport train preference` does."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from finetune.checkpoint import FILE as CHECKPOINT
from finetune.preference import PreferencePlan, Preferred, fit_preference
from finetune.preference_pairs import Pairs, dealt
from finetune.tuning import Watch
from rapport.bases import BASE_WEIGHTS, weights_of
from rapport.cards import CARD, Card, publish, read_card
from rapport.layers import without_peft_warnings
from rapport.paths import Home
from rapport.registry import REPLY, artifact_folder
from rapport.replies import ReplySource, source_of

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceJob:
    """What is trained. base: the reply model that it begins with. name: of the new one."""

    pairs: Pairs
    base: str
    name: str
    plan: PreferencePlan = field(default_factory=PreferencePlan)


def train_preference(home: Home, job: PreferenceJob, watch: Watch) -> Card:
    """Train and publish; a killed run goes on where it was. Returns the new model's card.

    An adapter is trained on as it is; on a whole model a new one is put. Either way the new artifact is an adapter.
    Raises what `source_of` and `fit_preference` raise.
    """
    source = source_of(home, job.base)
    train, held = dealt(job.pairs.pairs, job.plan.held_out, seed=job.plan.seed)
    folder = home.runs / f"preference-{job.name}-{_key(job, source)}"
    model, tokenizer = load_trainable(source)
    with without_peft_warnings():
        fitted = fit_preference(model, tokenizer, train, held, plan=job.plan, folder=folder, watch=watch)
    card = _card(home, job, source, fitted)
    with publish(home.models / job.name, card) as temporary:
        save_adapter(fitted.model, temporary, base=card.base)
    for checkpoint in folder.rglob(CHECKPOINT):
        checkpoint.unlink()
    return card


def load_trainable(source: ReplySource) -> tuple[Any, Any]:
    """The model with its tokenizer, its adapter beside its weights and trainable. Float32 on a processor."""
    import torch

    from rapport.chat.weights import load_weights

    loaded = load_weights(source.model, dtype="auto" if torch.cuda.is_available() else "float32")
    if not source.adapter:
        return loaded.model, loaded.tokenizer
    from peft import PeftModel

    with without_peft_warnings():
        return PeftModel.from_pretrained(loaded.model, source.adapter, is_trainable=True), loaded.tokenizer


def save_adapter(model: Any, folder: Path, *, base: str) -> None:
    """Write a PEFT model's adapter: its two files and no more. base: what it says that it stands on."""
    with without_peft_warnings():
        model.save_pretrained(str(folder), save_embedding_layers=False)  # "auto" asks the hub for the base
    for path in folder.iterdir():
        if path.name not in ADAPTER_FILES:
            path.unlink()
    file = folder / ADAPTER_FILES[0]
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "base_model_name_or_path": base}, indent=2, sort_keys=True), encoding="utf-8")


def _card(home: Home, job: PreferenceJob, source: ReplySource, fitted: Preferred) -> Card:
    began = read_card(artifact_folder(home, job.base), verify=False)
    base = began.base if source.adapter else job.base
    standing = Path(source.model) / CARD
    weights = {BASE_WEIGHTS: weights_of(read_card(standing.parent, verify=False))} if standing.is_file() else {}
    return Card(
        name=job.name,
        kind=REPLY,
        base=base,
        data={
            "fingerprint": job.pairs.fingerprint,
            "pairs": {"train": fitted.train, "held_out": fitted.after.pairs},
            "sent_as_suggested": job.pairs.same,
            "no_pair": dict(job.pairs.left_out),
            "left_out": fitted.left_out,
            **weights,
        },
        plan={"protocol": source.protocol, "method": "dpo", "began_with": job.base, **job.plan.as_card()},
        scores={
            "on": "held-out pairs",
            "steps": fitted.steps,
            "seconds": fitted.seconds,
            "before": _rounded(asdict(fitted.before)),
            "after": _rounded(asdict(fitted.after)),
        },
    )


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in values.items()}


def _key(job: PreferenceJob, source: ReplySource) -> str:
    """Names the run: the same pairs, plan and model go on from the same checkpoint."""
    facts: Sequence[Any] = [job.pairs.fingerprint, job.plan.as_card(), source.model, source.adapter]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
