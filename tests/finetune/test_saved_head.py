"""A head reads the same from its files as it did when it was fitted."""

import numpy as np

from finetune.defaults import fit_head
from finetune.examples import Labelled, Splits
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.doubles import HashingEncoder
from rapport.heads import OOS, load_head, save_head

PAIRS = (
    ("where is my parcel", "track"), ("track my parcel", "track"), ("a refund please", "refund"),
    ("i want my money back", "refund"), ("send me the invoice", "zz_invoice"), ("the invoice is missing", "zz_invoice"),
    ("who won the match", OOS), ("tell me a joke", OOS),
)  # fmt: skip


def test_a_head_with_an_out_of_scope_row_keeps_its_words_when_it_is_saved(home):
    """The rows are put in another order for it, which must not change how they lie on disk."""
    rows = tuple(Labelled(text, label) for text, label in PAIRS)
    vectors = VectorCache(HashingEncoder())
    head = fit_head("intent", Splits(rows, rows, ()), vectors)
    save_head(home.models / "demo", head, Card(name="demo", kind="intent", base=head.base))
    loaded = load_head(home.models / "demo")
    np.testing.assert_array_equal(loaded.words, head.words)
    encoded = vectors.of(rows)
    np.testing.assert_array_equal(
        loaded.logits(encoded.vectors, encoded.texts), head.logits(encoded.vectors, encoded.texts)
    )
