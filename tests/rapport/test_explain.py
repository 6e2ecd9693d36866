"""Explanations: complete, at the right words, for every kind of classifier."""

import copy
import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from finetune.examples import Labelled
from finetune.logistic import fit_linear
from finetune.vectors import VectorCache
from rapport.classifiers import Classifier, Suite
from rapport.doubles import HashingEncoder
from rapport.encoders import MAX_CHARS
from rapport.errors import IndexMismatch, ModelError, NotFound, UserError
from rapport.explain import Explainer
from rapport.heads import Head, base_name
from rapport.layers import load_adapter, top_of
from rapport.lexical import PLACES, places, weight
from rapport.text import mask
from rapport.votes import Votes

pytestmark = pytest.mark.slow  # gradients through the real encoder
ROWS = [
    ("I want a refund", "refund"), ("please refund me", "refund"), ("when do I get my refund", "refund"),
    ("refund for the boots", "refund"), ("where is my parcel", "track"), ("track my order", "track"),
    ("has the order been sent", "track"), ("my parcel is late", "track"), ("what size fits me", "size"),
    ("are the boots too small", "size"), ("do you have it in large", "size"), ("size of the jacket", "size"),
    ("tell me a joke", "oos"), ("who won the match", "oos"), ("is it going to rain", "oos"),
]  # fmt: skip
TEXT = "hello, could I get a refund for order LF-204817? It is late"


@pytest.fixture(scope="module")
def trained(encoder) -> Classifier:
    """A shared head fitted on a few rows, with hashed words and a row for out of scope."""
    rows = VectorCache(encoder).of([Labelled(text, label) for text, label in ROWS])
    linear = fit_linear(rows, strength=10.0).ordered(("refund", "size", "track", "oos"))
    return Classifier(
        head=Head(
            labels=linear.labels[:3], weights=linear.weights, bias=linear.bias, words=linear.words,
            base=base_name(encoder), temperature=0.5, scope_score="margin", name="trained",
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def explainer(encoder, trained):
    return Explainer(encoder, trained)


def in_format(encoder, name: str):
    """The encoder in another number format."""
    import torch

    other = copy.copy(encoder)
    other.transformer = copy.deepcopy(encoder.transformer).to(getattr(torch, name))
    return other


def with_layers(encoder, top, *, start: int) -> Classifier:
    """A classifier with these layers of its own and weights that read both vectors."""
    random = np.random.default_rng(3)
    head = Head(
        labels=("a", "b", "c"), weights=random.normal(size=(3, 2 * encoder.dim)).astype(np.float32),
        bias=np.array([0.2, -0.1, 0.0], dtype=np.float32), words=random.normal(size=(PLACES, 3)).astype(np.float32),
        base=base_name(encoder), temperature=0.4, start=start, name="layers",
    )  # fmt: skip
    return Classifier(head=head, top=top.to(encoder.transformer.dtype).eval(), start=start)


def shaken(top):
    """The layers with other weights, as training leaves them."""
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in top.parameters():
            parameter.add_(0.1 * parameter.std() * torch.randn_like(parameter))
    return top


def adapted(encoder, folder):
    """Layers with a LoRA adapter that was written and read."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    config = LoraConfig(r=4, target_modules=["query", "value"], init_lora_weights=False)
    get_peft_model(top_of(encoder.transformer, 4), config).save_pretrained(str(folder))
    return load_adapter(encoder.transformer, 4, folder)


def check_complete(encoder, classifier: Classifier, *, close: float) -> None:
    """The weights add up to the total, and with the blank text's to the log-odds that the suite itself finds."""
    explained = Explainer(encoder, classifier).explain(TEXT)
    summed = sum(word.weight for word in explained.words)
    assert summed == pytest.approx(explained.total, abs=0.02)
    said = Suite(encoder, {"it": classifier}).read([mask(TEXT)]).outputs["it"]
    (best, first), (second, other) = said.ranked(0)[:2]
    assert (explained.label, explained.against) == (best, second)
    assert explained.probability == pytest.approx(first)
    assert explained.blank + explained.total == pytest.approx(np.log(first / other), abs=close)


@pytest.mark.parametrize(("number_format", "close"), [("float32", 1e-3), ("bfloat16", 0.3)])
def test_the_weights_of_a_shared_head_add_up_to_its_log_odds(encoder, trained, number_format, close):
    check_complete(in_format(encoder, number_format), trained, close=close)


@pytest.mark.parametrize("start", [pytest.param(0, marks=pytest.mark.slow), 4])
def test_the_weights_of_a_classifier_with_its_own_layers_add_up_to_its_log_odds(encoder, start):
    single = in_format(encoder, "float32")
    top = shaken(top_of(single.transformer, start))
    check_complete(single, with_layers(single, top, start=start), close=1e-3)


def test_the_votes_of_examples_are_part_of_what_the_words_add(encoder):
    single = in_format(encoder, "float32")
    classifier = with_layers(single, top_of(single.transformer, 4), start=4)
    examples = single.encode([text for text, label in ROWS if label != "oos"])  # untrained layers: the shared vectors
    voices = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    head = replace(classifier.head, weights=classifier.head.weights / 10, votes=Votes(examples, voices, 0.3))
    check_complete(single, replace(classifier, head=head), close=1e-3)
    weights = {word.word: word.weight for word in Explainer(single, replace(classifier, head=head)).explain(TEXT).words}
    bare = {word.word: word.weight for word in Explainer(single, classifier).explain(TEXT).words}
    assert weights != bare


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
def test_the_weights_of_an_adapter_add_up_to_its_log_odds(encoder, tmp_path):
    single = in_format(encoder, "float32")
    check_complete(single, with_layers(single, adapted(single, tmp_path), start=4), close=1e-3)


def test_explaining_leaves_the_encoder_as_it_was(encoder, trained):
    before = encoder.encode([TEXT])
    kinds = {(parameter.dtype, parameter.requires_grad) for parameter in encoder.transformer.parameters()}
    Explainer(encoder, trained).explain(TEXT)
    assert kinds == {(parameter.dtype, parameter.requires_grad) for parameter in encoder.transformer.parameters()}
    np.testing.assert_array_equal(encoder.encode([TEXT]), before)


@pytest.mark.parametrize(
    ("text", "label", "word"),
    [
        ("hello, could I get a refund for these, please?", "refund", "refund"),
        ("good morning, is my parcel there?", "track", "parcel"),
        ("please tell me which size I need", "size", "size"),
    ],
)
def test_the_word_that_makes_the_label_weighs_most(explainer, text, label, word):
    explained = explainer.explain(text)
    assert explained.label == label
    assert max(explained.words, key=lambda one: one.weight).word == word


def test_a_named_label_is_explained_against_the_one_predicted(explainer):
    explained = explainer.explain("a refund for my parcel", label="track")
    assert (explained.label, explained.against) == ("track", "refund")
    weights = {word.word: word.weight for word in explained.words}
    assert weights["refund"] < 0 < weights["parcel"]


def test_what_makes_a_text_look_out_of_scope_can_be_asked(explainer):
    explained = explainer.explain("who won the refund", label="oos")
    weights = {word.word: word.weight for word in explained.words}
    assert weights["refund"] < 0 < weights["won"]
    assert 0 < explained.probability < 1


def test_each_word_has_its_place_in_the_text(explainer):
    text = f"{unicodedata.normalize('NFD', 'Größe')} 42 für #LF-204817 😡 an jörg@web.de, https://shop.example/a bitte"
    words = explainer.explain(text).words
    assert [word.word for word in words] == [text[word.start : word.end] for word in words]
    assert [unicodedata.normalize("NFC", word.word) for word in words] == [
        "Größe", "42", "für", "#LF-204817", "😡", "an", "jörg@web.de", ",", "https://shop.example/a", "bitte",
    ]  # fmt: skip
    assert all(word.weight for word in words)


def test_hashed_words_weigh_what_the_head_gives_them(encoder):
    words = np.zeros((PLACES, 2), dtype=np.float32)
    words[list(places("refund")), 0] = 3.0
    blank = np.zeros((2, encoder.dim), dtype=np.float32)
    head = Head(labels=("a", "b"), weights=blank, bias=np.zeros(2, dtype=np.float32), words=words,
                base=base_name(encoder), temperature=2.0)  # fmt: skip
    text = "zzz refund refund"
    found = places(text)
    hit = sum(place in found for place in places("refund"))
    # the last place is "refund >", which the second refund has alone; the first shares the others with it
    end, start = set(places("x refund")) & set(places("refund")), set(places("refund x")) & set(places("refund"))
    explained = Explainer(encoder, Classifier(head=head)).explain(text)
    zzz, first, second = (word.weight for word in explained.words)
    each = weight(len(found)) * 3.0 / 2.0
    assert zzz == pytest.approx(0.0, abs=1e-6)
    assert first + second == pytest.approx(hit * each, rel=1e-5)
    assert second - first == pytest.approx(len(end - start) * each, rel=1e-5)


def test_the_same_text_has_the_same_explanation(explainer):
    assert explainer.explain("a late refund") == explainer.explain("a late refund")


@pytest.mark.slow
def test_words_beyond_the_window_count_by_their_letters_alone(encoder, trained):
    silent = Classifier(
        head=Head(labels=trained.head.labels, weights=trained.head.weights, bias=trained.head.bias,
                  base=trained.head.base)
    )  # fmt: skip
    explained = Explainer(encoder, silent).explain("refund " + "parcel " * 300)
    assert explained.unread == 301 - 253  # 256 tokens: two for control, and "ref", "und" are two more
    assert {word.weight for word in explained.words[253:]} == {0.0}
    assert explained.words[0].weight != 0.0


def test_an_unknown_label_is_answered_with_the_nearest(explainer):
    with pytest.raises(NotFound, match="Did you mean 'refund'"):
        explainer.explain(TEXT, label="refnd")
    with pytest.raises(NotFound, match="refund, size, track, oos"):
        explainer.explain(TEXT, label="zebra")


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_a_text_without_words_is_refused(explainer, text):
    with pytest.raises(UserError, match="no text to explain"):
        explainer.explain(text)


def test_a_text_beyond_all_measure_is_refused(explainer):
    with pytest.raises(UserError, match="16,001 characters"):
        explainer.explain("a" * (MAX_CHARS + 1))


def test_a_head_that_reads_more_than_the_text_is_refused(encoder):
    wide = Head(labels=("a", "b"), weights=np.zeros((2, encoder.dim + 5), dtype=np.float32),
                bias=np.zeros(2, dtype=np.float32), base=base_name(encoder), name="wide")  # fmt: skip
    with pytest.raises(IndexMismatch, match="'wide' reads 389 numbers and a text gives 384"):
        Explainer(encoder, Classifier(head=wide))


def test_an_encoder_without_layers_is_refused():
    hashing = HashingEncoder()
    flat = Head(labels=("a", "b"), weights=np.zeros((2, 384), dtype=np.float32), bias=np.zeros(2, dtype=np.float32),
                base=base_name(hashing))  # fmt: skip
    with pytest.raises(ModelError, match="no gradient"):
        Explainer(hashing, Classifier(head=flat))
