"""Learn what a message wishes to be done, once, from messages of our own; see `rapport.wishes`.

The folder beside this file has a message a line: those that wish an order called off, changed or taken back, those that
wish other records of theirs changed (points, cards, accounts), and those that only want to know, often in the same
words. `python -m finetune.wishes` makes the head anew.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.common_texts import common_rows
from finetune.examples import Labelled, Splits, intent_rows, representative
from finetune.shipped import fit_shipped, make_shipped, splits_of
from finetune.starter.matcher import messages
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.heads import Head
from rapport.metrics import auroc
from rapport.sample import build_sample
from rapport.text import mask
from rapport.wishes import CANCEL, CHANGE, FOLDER, KNOW, RECORD, RETURN

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

MESSAGES = Path(__file__).with_name("wishes")
LABELS = (CANCEL, CHANGE, RECORD, KNOW, RETURN)
UTTERANCES = 40  # of the sample company, of each intent
QUESTIONS = 3000  # about fields of an order, of the starter's grammar
_WISHES = {
    "cancel_order": CANCEL, "change_order": CHANGE, "change_address": CHANGE, "return_item": RETURN,
    "exchange_item": RETURN,
}  # fmt: skip
_EITHER = frozenset({"account_change"})  # some ask how, others wish it done


def wish_rows() -> Splits:
    """Rows labelled by what is wished; every fifth of the written messages is for dev."""
    ordinary = intent_rows(representative(build_sample().examples, train=UTTERANCES), more=common_rows()).train
    told = [row for row in ordinary if row.label not in _EITHER]
    plain = [Labelled(mask(row.text), _WISHES.get(row.label, KNOW)) for row in told]
    asked = [Labelled(text, KNOW) for text, _ in messages(0, QUESTIONS)]
    return splits_of(MESSAGES, LABELS, plain=(*plain, *asked))


def fit_wishes(splits: Splits, vectors: VectorCache) -> tuple[Head, dict[str, Any]]:
    """The head, fitted on all rows after it was scored on dev, and those scores."""
    return fit_shipped(splits, vectors, _scores)


def make(encoder: "Encoder", folder: Path = FOLDER) -> Card:
    """Fit the head and publish it. Returns its card."""
    return make_shipped(wish_rows(), VectorCache(encoder), _scores, folder)


def _scores(said: "np.ndarray", truth: "np.ndarray") -> dict[str, float]:
    """auroc: of any wish against none. accuracy: of all labels."""
    nothing = LABELS.index(KNOW)
    return {
        "auroc": auroc(1.0 - said[:, nothing], truth != nothing),
        "accuracy": float((said.argmax(1) == truth).mean()),
    }


if __name__ == "__main__":
    from rapport.models import load_encoder

    print(make(load_encoder()).scores)
