"""Learn whose affairs a message concerns, once, from messages of our own; shipped as a head, see `rapport.affairs`.

The folder beside this file has a message a line: those about another person's data, and those that only look so.
`python -m finetune.affairs` makes the head anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from finetune.calibrate import fit_temperature
from finetune.common_texts import common_rows, stranger_rows
from finetune.elsewhere import family_rows
from finetune.examples import Labelled, Splits, columns_of, intent_rows, representative
from finetune.logistic import fit_linear
from finetune.vectors import VectorCache
from rapport.affairs import FOLDER, OTHERS, OWN
from rapport.cards import Card
from rapport.heads import Head, base_name, save_head
from rapport.metrics import auroc
from rapport.sample import build_sample
from rapport.text import mask

if TYPE_CHECKING:
    from rapport.models import Encoder

MESSAGES = Path(__file__).with_name("affairs")
UTTERANCES = 40  # of the sample company, of each intent
THINNED = 4  # one of so many messages to other trades
STRENGTH = 10.0
HELD_OUT = 5  # every such message is held out for the temperature and the scores
SEED = 3


def affair_rows() -> Splits:
    """Rows labelled "others" or "own"; every fifth of the messages that look alike is for dev."""
    rows = [
        Labelled(mask(line), label)
        for label in (OTHERS, OWN)
        for line in (MESSAGES / f"{label}.txt").read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    Random(SEED).shuffle(rows)
    ordinary = intent_rows(representative(build_sample().examples, train=UTTERANCES), more=common_rows()).train
    elsewhere = list(family_rows())[::THINNED]
    plain = [Labelled(mask(row.text), OWN) for row in (*ordinary, *stranger_rows(), *elsewhere)]
    return Splits((*(row for at, row in enumerate(rows) if at % HELD_OUT), *plain), tuple(rows[::HELD_OUT]), ())


def fit_affairs(splits: Splits, vectors: VectorCache) -> tuple[Head, dict[str, Any]]:
    """The head, fitted on all rows after it was scored on dev, and those scores."""
    head = _fitted(splits.train, vectors)
    dev = vectors.of(splits.dev)
    truth = columns_of(head.labels, dev.labels)
    head = replace(head, temperature=fit_temperature(head.logits(dev.vectors, dev.texts), truth))
    column = head.labels.index(OTHERS)
    said = head.predict(dev.vectors, dev.texts).probabilities[:, column]
    scores = {"on": "dev rows", "rows": len(splits.dev), "auroc": auroc(said, truth == column)}
    return replace(_fitted(splits.train + splits.dev, vectors), temperature=head.temperature), scores


def make(encoder: "Encoder", folder: Path = FOLDER) -> Card:
    """Fit the head and publish it. Returns its card."""
    splits = affair_rows()
    head, scores = fit_affairs(splits, VectorCache(encoder))
    card = Card(
        name="affairs",
        kind="affairs",
        base=head.base,
        data={"fingerprint": splits.fingerprint, "rows": {"train": len(splits.train), "dev": len(splits.dev)}},
        plan={"method": "logistic regression on frozen vectors and hashed words", "strength": STRENGTH},
        scores=scores,
        licence="Apache-2.0",
    )
    save_head(folder, head, card)
    return card


def _fitted(rows: Sequence[Labelled], vectors: VectorCache) -> Head:
    linear = fit_linear(vectors.of(rows), strength=STRENGTH, balanced=True)
    return Head(
        labels=linear.labels, weights=linear.weights, bias=linear.bias, words=linear.words,
        base=base_name(vectors.encoder),
    )  # fmt: skip


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(load_encoder()).scores)
