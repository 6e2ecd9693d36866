"""Several classifiers in one pass of the encoder."""

import numpy as np
import pytest

from rapport.classifiers import Classifier, Suite, classify, later_output, local
from rapport.doubles import HashingEncoder
from rapport.errors import IndexMismatch
from rapport.heads import Head, base_name
from rapport.layers import top_of

TEXTS = ["where is my order?", "hi", "", "I want to send these shoes back because they do not fit me at all"]


def head(encoder, *, wide=False, start=None, seed=1):
    chance = np.random.default_rng(seed)
    width = encoder.dim * (2 if wide else 1)
    return Head(
        labels=("a", "b", "c"), weights=chance.normal(size=(3, width)).astype(np.float32),
        bias=np.zeros(3, dtype=np.float32), base=base_name(encoder), start=start,
    )  # fmt: skip


class Counting(HashingEncoder):
    """Counts its passes."""

    passes = 0

    def encode(self, texts):
        self.passes += 1
        return super().encode(texts)


def test_all_heads_share_one_pass():
    encoder = Counting()
    suite = Suite(encoder, {role: Classifier(head=head(encoder, seed=n)) for n, role in enumerate(("x", "y", "z"))})
    read = suite.read(TEXTS)
    assert encoder.passes == 1
    assert set(read.outputs) == {"x", "y", "z"}
    assert read.vectors.shape == (4, 384)


@pytest.mark.slow
def test_own_layers_that_were_not_trained_give_the_shared_vector_again(encoder):
    top = top_of(local(encoder).transformer, 3).to(local(encoder).transformer.dtype).eval()
    wide = head(encoder, wide=True, start=3)
    read = Suite(encoder, {"x": Classifier(head=wide, top=top, start=3)}).read(TEXTS)
    twice = np.hstack([read.vectors, read.vectors])
    assert np.allclose(read.outputs["x"].probabilities, wide.predict(twice).probabilities, atol=0.02)
    assert np.allclose(read.vectors, encoder.encode(TEXTS), atol=0.01)


@pytest.mark.slow
def test_texts_come_back_in_the_order_they_were_given(encoder):
    top = top_of(local(encoder).transformer, 4).to(local(encoder).transformer.dtype).eval()
    suite = Suite(encoder, {"x": Classifier(head=head(encoder, wide=True, start=4), top=top, start=4)})
    texts = [f"{'very ' * (row % 9)}late order number {row}" for row in range(200)]
    together, alone = suite.read(texts), [suite.read([text]) for text in texts[:12]]
    for row, one in enumerate(alone):
        assert np.allclose(together.outputs["x"].probabilities[row], one.outputs["x"].probabilities[0], atol=0.02)


def test_a_head_of_another_encoder_is_refused():
    with pytest.raises(IndexMismatch, match="fitted on encoder"):
        Suite(HashingEncoder(128), {"x": Classifier(head=head(HashingEncoder(384)))})


def test_an_encoder_without_layers_says_to_train_a_head():
    with pytest.raises(IndexMismatch, match="no layers") as caught:
        local(HashingEncoder())
    assert "--method head" in caught.value.hint


def test_no_texts_give_empty_outputs():
    encoder = HashingEncoder()
    read = Suite(encoder, {"x": Classifier(head=head(encoder))}).read([])
    assert read.outputs["x"].probabilities.shape == (0, 3)


@pytest.mark.slow
def test_one_that_is_asked_later_about_some_texts_says_of_them_what_it_says_of_all(encoder):
    start = len(encoder.transformer.encoder.layer) - 2
    top = top_of(encoder.transformer, start).to(dtype=encoder.transformer.dtype).eval()
    asked = Classifier(head=head(encoder, wide=True, start=start), top=top, start=start)
    suite = Suite(encoder, {"plain": Classifier(head=head(encoder))})
    read = suite.read(TEXTS, later=asked)
    some = later_output(asked, read, [3, 1], TEXTS, encoder=encoder)
    every = Suite(encoder, {"it": asked}).read(TEXTS).outputs["it"]
    np.testing.assert_allclose(some.probabilities, every.probabilities[[3, 1]], atol=0.02)
    np.testing.assert_array_equal(read.outputs["plain"].probabilities.argmax(1),
                                  suite.read(TEXTS).outputs["plain"].probabilities.argmax(1))  # fmt: skip
    assert not suite.read(TEXTS).kept


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 4])
def test_own_layers_behind_vectors_that_are_known_say_what_a_suite_says(encoder, start):
    top = top_of(encoder.transformer, start).to(dtype=encoder.transformer.dtype).eval()
    one = Classifier(head=head(encoder, wide=True, start=start), top=top, start=start)
    texts = [*TEXTS, TEXTS[0]]
    read = Suite(encoder, {"it": one}).read(texts)
    said = classify(one, texts, read.vectors, encoder=encoder)
    np.testing.assert_allclose(said.probabilities, read.outputs["it"].probabilities, atol=0.02)
    assert classify(one, [], read.vectors[:0], encoder=encoder).probabilities.shape == (0, 3)
