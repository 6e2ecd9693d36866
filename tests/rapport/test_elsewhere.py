"""Requests to companies of other trades: names become kinds, and a head adds the odds of the map to its own."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from rapport.elsewhere import Elsewhere, by_kind, load_elsewhere, names_other_trade, other_shops, save_elsewhere, trades
from rapport.errors import CorruptArtifact
from rapport.hidden import Hidden
from rapport.lexical import PLACES
from rapport.nearest import Nearest
from rapport.scope import beside_judge


def flat_map(*, inside: int = 1) -> Elsewhere:
    """Two groups that read the two numbers of a vector, and no words."""
    words = np.zeros((PLACES, 2), np.float32)
    kinds = np.zeros((len(trades()), 2), np.float32)
    return Elsewhere(np.eye(2, dtype=np.float32), words, kinds, np.zeros(2, np.float32), inside, "toy@1", 2.0, 1.0)


def test_a_name_stands_as_its_kind_whoever_is_named():
    assert by_kind("renew my passport") == by_kind("renew my driving licence").replace("driving licence", "passport")
    assert "zalando" not in by_kind("Where is my Zalando order?").casefold()
    assert by_kind("where is my order?") == "where is my order?"


def test_what_another_trade_names_and_which_shops_are_found_in_a_text():
    assert names_other_trade("renew my passport")
    assert not names_other_trade("where is my order?")
    assert other_shops("Is it cheaper at zalando or IKEA? Zalando, I think") == ("zalando", "ikea")
    assert other_shops("renew my passport") == ()


def test_the_log_odds_are_of_a_shops_groups_against_the_others():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert flat_map().log_odds(["a", "b"], vectors) == pytest.approx([3.0, -1.0])


def test_a_kind_that_is_named_counts_alike_in_a_short_text_and_in_a_long_one():
    found = flat_map()
    found.kinds[list(trades()).index("paper"), 1] = 1.5
    texts = [
        "my passport",
        "I wrote about it last week and again today: my passport and my driving licence",
        "my boots",
    ]
    assert found.log_odds(texts, np.zeros((3, 2), np.float32)) == pytest.approx([-2.0, -2.0, 1.0])


def test_a_head_counts_little_beside_a_judge_that_knows_more_strangers():
    # log odds of 3, less 1, and .15 of the head's: ln 3 = 1.0986 and its reverse
    assert beside_judge(np.array([0.75, 0.25]), np.array([3.0, 3.0])) == pytest.approx([0.8970, 0.8624], abs=1e-4)
    # a head that is sure of the contrary moves it by 1.5 at most
    assert beside_judge(np.array([0.0, 1.0]), np.array([4.0, -4.0])) == pytest.approx([0.8176, 0.0293], abs=1e-4)


def test_a_map_comes_back_from_its_file_as_it_was(tmp_path):
    saved = replace(flat_map(), bias=np.array([0.5, -0.5], np.float32))
    save_elsewhere(tmp_path / "map", saved)
    loaded = load_elsewhere(tmp_path / "map")
    vectors = np.array([[0.6, 0.8]], np.float32)
    assert loaded.log_odds(["a"], vectors) == pytest.approx(saved.log_odds(["a"], vectors))
    assert (loaded.base, loaded.inside) == ("toy@1", 1)
    assert load_elsewhere(tmp_path / "none") is None


def with_hidden() -> Elsewhere:
    """The flat map, and beside it two units, of which the second rises with a kind that is named."""
    width = 2 + len(trades())
    inner = np.zeros((2, width), np.float32)
    inner[0, 0], inner[1, 2 + list(trades()).index("paper")] = 1.0, 4.0
    hidden = Hidden(inner, np.array([-0.5, 0.0], np.float32), np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    return replace(flat_map(), hidden=hidden, hidden_inside=1)


def test_the_map_with_a_hidden_layer_counts_as_much_as_the_linear_one():
    vectors = np.array([[1.0, 0.0], [0.2, 0.0]], np.float32)
    # a unit below nothing is silent: linear alone gives 3.0 and 1.4
    assert with_hidden().log_odds(["a", "b"], vectors) == pytest.approx([2 * 1.5 + 1, 2 * 0.2 + 1])
    assert with_hidden().log_odds(["my passport"], vectors[1:]) == pytest.approx([2 * (0.2 - 4.0) + 1])


def test_a_hidden_layer_comes_back_from_its_file_and_an_older_file_has_none(tmp_path):
    vectors = np.array([[0.75, 0.5]], np.float32)
    save_elsewhere(tmp_path / "new", with_hidden())
    save_elsewhere(tmp_path / "old", flat_map())
    new, old = (load_elsewhere(tmp_path / name) for name in ("new", "old"))
    assert new.log_odds(["my passport"], vectors) == pytest.approx(with_hidden().log_odds(["my passport"], vectors))
    assert new.hidden_inside == 1
    assert old.hidden is None
    assert old.log_odds(["a"], vectors) == pytest.approx(flat_map().log_odds(["a"], vectors))


def test_a_file_made_before_kinds_counted_is_read_as_it_was(tmp_path):
    save_elsewhere(tmp_path / "map", flat_map())
    with safe_open(str(tmp_path / "map"), framework="numpy") as file:
        told, older = file.metadata(), {name: file.get_tensor(name) for name in ("weight", "words", "bias")}
    save_file(older, str(tmp_path / "map"), metadata=told)
    loaded = load_elsewhere(tmp_path / "map")
    assert loaded.log_odds(["my passport"], np.array([[1.0, 0.0]], np.float32)) == pytest.approx([3.0])


def test_a_file_that_holds_no_map_is_refused(tmp_path):
    (tmp_path / "map").write_bytes(b"nothing of the kind")
    with pytest.raises(CorruptArtifact, match="cannot be read"):
        load_elsewhere(tmp_path / "map")


def with_nearest() -> Elsewhere:
    """The flat map, and beside it three examples of a shop's and three others, of which a stray one lies apart."""
    own = np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]], np.float32)
    other = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, -1.0]], np.float32)
    return replace(flat_map(), nearest=Nearest(np.eye(2, dtype=np.float32), np.vstack([own, other]), 3), near=10.0)


def test_the_two_closest_examples_of_either_side_count_beside_the_map():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    # a shop's: (1 + .8) / 2 and (0 + .6) / 2; the others': 0 and 1
    assert with_nearest().nearest.leaning(vectors) == pytest.approx([0.9, -0.7])
    assert with_nearest().log_odds(["a", "b"], vectors) == pytest.approx([2 * (1 + 9) + 1, 2 * (-1 - 7) + 1])


def test_examples_are_compared_along_their_axes_whatever_the_rest_of_a_vector_says():
    nearest = Nearest(np.eye(3, dtype=np.float32)[:2], with_nearest().nearest.examples, 3)
    vectors = np.array([[0.6, 0.0, 0.8], [0.0, 0.0, 1.0]], np.float32)
    assert nearest.leaning(vectors) == pytest.approx([0.9, 0.0])  # a vector that has nothing along them leans nowhere


def test_examples_come_back_from_their_file_nearly_as_they_were(tmp_path):
    random = np.random.default_rng(0)
    axes, examples = random.normal(size=(8, 16)), random.normal(size=(40, 8))
    examples /= np.linalg.norm(examples, axis=1, keepdims=True)
    saved = Nearest(axes.astype(np.float32), examples.astype(np.float32), 25)
    save_elsewhere(tmp_path / "map", replace(flat_map(), nearest=saved, near=3.5))
    loaded = load_elsewhere(tmp_path / "map")
    vectors = random.normal(size=(50, 16)).astype(np.float32)
    assert (loaded.near, loaded.nearest.inside) == (3.5, 25)
    assert loaded.nearest.leaning(vectors) == pytest.approx(saved.leaning(vectors), abs=0.01)
    save_elsewhere(tmp_path / "older", flat_map())
    assert load_elsewhere(tmp_path / "older").nearest is None
