"""What tells the topics of an order: kept, read and applied."""

import numpy as np
import pytest

from rapport.classifiers import Suite
from rapport.doubles import HashingEncoder
from rapport.errors import CorruptArtifact
from rapport.heads import Head, base_name
from rapport.layers import top_of
from rapport.lexical import PLACES
from rapport.topics import FILE, LAYERS_FILE, NOTHING, Asked, Topics, in_light_of, load_topics, make_topics, save_topics

NAMES = ("carrier", "total")
HASHING = HashingEncoder(4)


def made(order: str = "C", **more) -> Topics:
    # the third row asks for nothing
    weight = np.array([[9.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]], order=order)
    given = {"weights": weight, "words": np.zeros((PLACES, 3), order=order), "bias": np.zeros(3), **more}
    return make_topics(NAMES, Head(labels=(*NAMES, NOTHING), base=base_name(HASHING), **given))


def asked(vectors: "np.ndarray") -> list[Asked]:
    topics = made()
    return topics.asked(topics.classifier.head.predict(vectors, [""] * len(vectors)).probabilities)


def test_the_surest_topic_is_found_and_none_where_nothing_is_asked_or_it_is_not_clear():
    clear, other, nothing, unclear = np.eye(4)
    found = asked(np.stack([clear, other, nothing, unclear]))
    assert [one.likeliest for one in found] == ["carrier", "total", "", ""]
    assert found[0].chance > 0.99


def test_both_topics_are_found_where_either_may_be_meant_and_the_likelier_one_comes_first():
    """The third number of the vector speaks for asking nothing, so that it is less likely than the two."""
    (both,) = asked(np.array([[0.7, 0.75, 0.2, 0.0]]))
    assert both.names == ("total", "carrier")
    assert both.chance > 0.95
    (alone,) = asked(np.array([[0.3, 0.75, 0.2, 0.0]]))
    assert alone.names == ("total",)


@pytest.mark.parametrize(
    ("chances", "names"),
    [([0.96, 0.04, 0.0, 0.0], "a"), ([0.8, 0.1, 0.06, 0.04], "ab"), ([0.5, 0.1, 0.06, 0.34], "abc"),
     ([0.6, 0.03, 0.02, 0.35], "a"), ([0.4, 0.1, 0.05, 0.45], ""), ([0.93, 0.06, 0.0, 0.01], "a"),
     ([0.9, 0.06, 0.03, 0.01], "ab")],
)  # fmt: skip
def test_the_less_sure_the_likeliest_topic_the_more_are_found_beside_it(chances, names):
    (found,) = Topics(tuple("abc"), made().classifier).asked(np.array([chances]))
    assert found.names == tuple(names)


@pytest.mark.parametrize(
    ("chances", "names"),
    [([0.3, 0.02, 0.0, 0.68], "a"), ([0.05, 0.25, 0.2, 0.5], "bc"), ([0.1, 0.1, 0.1, 0.7], "")],
)
def test_what_seems_to_ask_for_nothing_may_still_ask_for_the_likeliest_of_its_topics(chances, names):
    topics = Topics(tuple("abc"), made().classifier)
    assert topics.asked(np.array([chances])) == [Asked()]
    assert topics.guessed(np.array(chances)) == tuple(names)


def test_a_topic_that_may_as_well_be_none_is_not_found():
    assert asked(np.array([[0.7, 0.2, 0.75, 0.0]])) == [Asked()]


def test_the_whole_message_settles_what_a_part_leaves_open_and_forbids_no_second_question():
    whole, parts = np.array([0.5, 0.0, 0.5]), np.array([[0.4, 0.5, 0.1], [0.0, 1.0, 0.0]])
    joint = in_light_of(whole, parts)
    assert np.allclose(joint.sum(axis=1), 1)
    assert joint.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("order", ["C", "F"])
def test_topics_are_read_as_they_were_whatever_their_layout_in_memory(tmp_path, order):
    save_topics(made(order, temperature=0.8), tmp_path)
    loaded = load_topics(tmp_path, HASHING)
    assert loaded is not None
    head = loaded.classifier.head
    assert (loaded.names, head.temperature, head.start) == (NAMES, 0.8, None)
    assert np.array_equal(head.weights, made().classifier.head.weights)
    assert head.words is not None
    assert head.words.shape == (PLACES, 3)


def test_topics_of_another_encoder_are_left_alone(tmp_path):
    save_topics(made(), tmp_path)
    assert load_topics(tmp_path, HashingEncoder(8)) is None


def test_an_own_layer_is_kept_and_reads_as_before(tmp_path, encoder):
    top = top_of(encoder.transformer, 5).to(encoder.transformer.dtype).eval()
    weights = np.random.default_rng(1).normal(size=(3, 2 * encoder.dim)).astype(np.float16).astype(np.float32)
    head = Head(labels=(*NAMES, NOTHING), base=base_name(encoder), weights=weights, start=5, bias=np.zeros(3),
                words=np.zeros((PLACES, 3)))  # fmt: skip
    topics = make_topics(NAMES, head, top=top)
    save_topics(topics, tmp_path)
    loaded = load_topics(tmp_path, encoder)
    assert loaded is not None
    texts = ["who brings it?", "what did it cost?"]
    read = [Suite(encoder, {"it": one.classifier}).read(texts).outputs["it"].probabilities for one in (topics, loaded)]
    assert np.allclose(*read, atol=0.02)
    (tmp_path / LAYERS_FILE).write_bytes(b"not a layer")
    with pytest.raises(CorruptArtifact, match="layers"):
        load_topics(tmp_path, encoder)


def test_a_folder_without_topics_has_none_and_a_broken_file_is_told(tmp_path):
    assert load_topics(tmp_path, HASHING) is None
    (tmp_path / FILE).write_bytes(b"not a map")
    with pytest.raises(CorruptArtifact, match="topics"):
        load_topics(tmp_path, HASHING)
