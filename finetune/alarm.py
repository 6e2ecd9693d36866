"""Train the alarm once, on the sample company's train conversations; shipped as a folder, see `rapport.alarm`.

Whole phrase families are held out of it, so what is measured on those stays true. `python -m finetune.alarm` makes it
anew, in less than half an hour.
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.escalation_rows import dialogues_fingerprint
from finetune.examples import Labelled, representative
from finetune.parts import train_layers
from finetune.plan import TrainingPlan
from finetune.tuning import Unwatched, Watch
from finetune.vectors import Encoded, VectorCache
from rapport.alarm import FOLDER
from rapport.cards import Card, publish
from rapport.classifiers import LAYERS_FILE
from rapport.dialogues import Dialogue
from rapport.heads import Head, base_name, write_head
from rapport.layers import save_layers
from rapport.sample.conversations import make_conversations
from rapport.sample.utterances import make_examples

if TYPE_CHECKING:
    from rapport.models import Encoder

SEEDS = (7, 8, 9)  # of the renderings of the families
# Chosen on the dev families: three layers find more than two, and four hardly more than three; agreement finds more.
# Means of several runs, other pooling, contrast and more renderings of the same families find nothing.
PLAN = TrainingPlan(
    method="full", layers=3, epochs=6, batch=64, learning_rate=2e-4, smoothing=0.05, dropout=0.2, drop=0.1, agree=1.0
)


def train_dialogues() -> list[Dialogue]:
    """The train conversations of every seed, with the families that only teach."""
    ordinary = representative(make_examples(SEEDS[0]))
    return [one for seed in SEEDS for one in make_conversations(seed, ordinary, taught=True) if one.split == "train"]


def texts_of(dialogues: Iterable[Dialogue], vectors: VectorCache) -> Encoded:
    """Each different message with the label that it has most often."""
    rows = [
        Labelled(said.text, f"{said.level} {said.reason}".strip())
        for one in dialogues
        for said in one.said
        if said.level is not None
    ]
    return vectors.of(rows).settled()


def make(
    encoder: "Encoder", *, dialogues: Sequence[Dialogue] = (), plan: TrainingPlan = PLAN, folder: Path = FOLDER,
    watch: Watch | None = None,
) -> Card:  # fmt: skip
    """Train the alarm and publish it. Returns its card. dialogues: those to learn from; none for the sample's."""
    import numpy as np

    vectors, dialogues = VectorCache(encoder), dialogues or train_dialogues()
    rows = texts_of(dialogues, vectors)
    labels = tuple(sorted(set(rows.labels)))
    with tempfile.TemporaryDirectory() as work:
        layers = train_layers(rows, Encoded.none(vectors), labels, plan, vectors, Path(work), watch or Unwatched())
    own = layers.scaled()
    head = Head(
        labels=labels,
        weights=np.hstack([own, np.zeros_like(own)]),  # it reads its own vector alone
        bias=layers.network.bias.detach().cpu().numpy(),
        base=base_name(encoder),
        start=layers.start,
    )
    card = Card(
        name="alarm",
        kind="alarm",
        base=head.base,
        data={"fingerprint": dialogues_fingerprint(dialogues), "rows": {"train": len(rows)}, "labels": len(labels)},
        plan=plan.as_card(),
        licence="Apache-2.0",
    )
    with publish(folder, card) as temporary:
        write_head(temporary, head)
        save_layers(layers.network.top, temporary / LAYERS_FILE)
    return card


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(load_encoder()).data)
