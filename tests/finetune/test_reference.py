"""A reference sums up the training data, holds none of it, and stands in the artifact."""

import json

import numpy as np
import pytest

from finetune.reference import FEATURES, LEAST_OF_CLASS, make_reference
from finetune.vectors import Encoded
from rapport.cards import Card, read_card
from rapport.doubles import HashingEncoder
from rapport.errors import CorruptArtifact, NotFound
from rapport.heads import OOS, Head, HeadOutput, base_name, load_head, save_head
from rapport.reference import add_reference, bins_of, load_reference

ENCODER = HashingEncoder()


@pytest.fixture
def training(planted):
    rows = [*planted(), *((f"nonsense {number}", OOS) for number in range(24)), ("rare words here", "rare")]
    texts = tuple(text for text, _ in rows)
    return Encoded(texts, ENCODER.encode(texts), tuple(label for _, label in rows))


def output(n: int, *, sure: float, labels=("a", "b", "c")) -> HeadOutput:
    shares = np.full((n, len(labels)), (1 - sure) / (len(labels) - 1))
    shares[:, 0] = sure
    return HeadOutput(labels, shares, np.linspace(0, 1, n))


@pytest.fixture
def reference(training):
    return make_reference(training, output(121, sure=0.9), new=output(40, sure=0.6))


def test_bins_hold_a_tenth_each_and_equal_values_share_one():
    bins = bins_of(np.arange(100) / 100)
    assert len(bins.shares) == 10
    np.testing.assert_allclose(bins.shares, 0.1, atol=0.011)
    ones = bins_of(np.ones(50))
    assert (ones.edges, ones.shares) == ((1.0,), (0.0, 1.0))
    assert list(ones.counts(np.array([0.2, 1.0, 1.0]))) == [1, 2]


def test_labels_are_counted_without_out_of_scope(reference):
    assert reference.rows == 121
    assert OOS not in reference.labels
    assert reference.labels["gift_card"] == pytest.approx(16 / 97)
    assert sum(reference.labels.values()) == pytest.approx(1.0)


def test_held_out_readings_make_the_bins_and_known_ones_stand_beside_them(reference):
    confidence = reference.bins["confidence"]
    assert reference.held_out == 40
    assert confidence.edges == (0.6,)
    assert (confidence.shares, confidence.known) == ((0.0, 1.0), (0.0, 1.0))
    assert set(reference.bins) == {"confidence", "in_scope", "distance"}


def test_without_held_out_rows_the_known_ones_stand_for_both(training):
    alone = make_reference(training, output(121, sure=0.9))
    assert alone.held_out == 0
    assert alone.bins["in_scope"].shares == alone.bins["in_scope"].known


def test_a_sentiment_head_has_the_spread_of_its_sentiment(training):
    said = output(121, sure=0.5, labels=("negative", "neutral", "positive"))
    assert make_reference(training, said).bins["sentiment"].edges == (-0.25,)


def test_a_class_of_a_few_rows_has_no_centre_of_its_own(training, reference):
    assert LEAST_OF_CLASS > 1
    assert reference.centres.shape == (6, 384)
    rare = training.vectors[training.labels.index("rare")]
    assert (reference.centres @ rare).max() < 0.9


def test_no_row_is_measured_against_a_mean_that_it_is_part_of(training):
    """By hand: of two equal pairs of rows at right angles, each row's own class without it is its twin."""
    vectors = np.repeat(np.eye(2, dtype=np.float32), LEAST_OF_CLASS, axis=0)
    vectors[0] = (0.6, 0.8)
    rows = Encoded(("",) * 10, vectors, ("x",) * 5 + ("y",) * 5)
    reference = make_reference(rows, output(10, sure=0.9))
    # the first row against its four fellows at (1, 0): cosine 0.6; against y at (0, 1): cosine 0.8, so distance 0.2
    assert reference.bins["distance"].edges[-1] == pytest.approx(0.0, abs=0.25)
    assert max(reference.distances(vectors)) <= 0.2 + 1e-6


def test_projections_are_principal_components(training, reference):
    points = reference.project(training.vectors)
    spread = points.var(axis=0)
    assert list(spread) == sorted(spread, reverse=True)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-5)
    assert reference.mean_features(training.vectors).shape == (FEATURES,)


def test_mean_features_approximate_the_gaussian_kernel(training, reference):
    """phi(x) . phi(y) against exp(-|x - y|^2 / 2 width^2), by the width that the frequencies were drawn with."""
    points = reference.project(training.vectors)
    width = 1 / reference.frequencies.std()
    one, other = reference.mean_features(training.vectors[:1]), reference.mean_features(training.vectors[1:2])
    exact = np.exp(-((points[0] - points[1]) ** 2).sum() / (2 * width**2))
    assert one @ other == pytest.approx(exact, abs=0.3)
    assert one @ one == pytest.approx(1.0, abs=0.3)


class TestArtifact:
    """In the folder of a head."""

    @pytest.fixture
    def folder(self, home):
        head = Head(
            labels=("a", "b"), weights=np.eye(2, 384, dtype=np.float32), bias=np.zeros(2, dtype=np.float32),
            base=base_name(ENCODER),
        )  # fmt: skip
        card = Card(name="demo", kind="intent", base=head.base, made_at="2026-01-01T00:00:00+00:00")
        save_head(home.models / "demo", head, card)
        return home.models / "demo"

    def test_it_comes_back_as_it_was_and_the_card_names_its_files(self, folder, reference):
        before = (folder / "head.safetensors").read_bytes()
        add_reference(folder, reference)
        card, loaded = read_card(folder), load_reference(folder)
        assert {"reference.json", "reference.safetensors", "head.json"} <= set(card.files)
        assert card.made_at == "2026-01-01T00:00:00+00:00"
        assert (folder / "head.safetensors").read_bytes() == before
        assert load_head(folder).labels == ("a", "b")
        assert (loaded.labels, loaded.bins, loaded.projections) == (
            reference.labels, reference.bins, reference.projections,
        )  # fmt: skip
        np.testing.assert_allclose(loaded.centres, reference.centres, atol=1e-6)

    def test_it_holds_no_training_text(self, folder, reference, training):
        add_reference(folder, reference)
        files = [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
        assert not [text for text in training.texts if any(text in content for content in files)]

    def test_an_artifact_without_one_says_to_train_again(self, folder):
        with pytest.raises(NotFound, match=r"'demo'.*rapport train intent"):
            load_reference(folder)

    def test_a_damaged_one_is_told(self, folder, reference):
        add_reference(folder, reference)
        facts = json.loads((folder / "reference.json").read_text())
        (folder / "reference.json").write_text(json.dumps({**facts, "bins": 3}))
        with pytest.raises(CorruptArtifact, match="cannot be read"):
            load_reference(folder)
