"""Learn whose affairs a message concerns, once, from messages of our own; shipped as a head, see `rapport.affairs`.

The folder beside this file has a message a line: those about another person's data, and those that only look so.
`python -m finetune.affairs` makes the head anew.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.common_texts import common_rows, stranger_rows
from finetune.elsewhere import family_rows
from finetune.examples import Labelled, Splits, intent_rows, representative
from finetune.shipped import fit_shipped, make_shipped, splits_of
from finetune.vectors import VectorCache
from rapport.affairs import FOLDER, OTHERS, OWN
from rapport.cards import Card
from rapport.heads import Head
from rapport.metrics import auroc
from rapport.sample import build_sample
from rapport.text import mask

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

MESSAGES = Path(__file__).with_name("affairs")
LABELS = (OTHERS, OWN)
UTTERANCES = 120  # of the sample company, of each intent; with fewer, more of their own messages are misread
THINNED = 4  # one of so many messages to other trades


def affair_rows() -> Splits:
    """Rows labelled "others" or "own"; every fifth of the messages that look alike is for dev."""
    ordinary = intent_rows(representative(build_sample().examples, train=UTTERANCES), more=common_rows()).train
    elsewhere = list(family_rows())[::THINNED]
    plain = [Labelled(mask(row.text), OWN) for row in (*ordinary, *stranger_rows(), *elsewhere)]
    return splits_of(MESSAGES, LABELS, plain=plain)


def fit_affairs(splits: Splits, vectors: VectorCache) -> tuple[Head, dict[str, Any]]:
    """The head, fitted on all rows after it was scored on dev, and those scores."""
    return fit_shipped(splits, vectors, _told_apart)


def make(encoder: "Encoder", folder: Path = FOLDER) -> Card:
    """Fit the head and publish it. Returns its card."""
    return make_shipped(affair_rows(), VectorCache(encoder), _told_apart, folder)


def _told_apart(said: "np.ndarray", truth: "np.ndarray") -> dict[str, float]:
    column = sorted(LABELS).index(OTHERS)
    return {"auroc": auroc(said[:, column], truth == column)}


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(load_encoder()).scores)
